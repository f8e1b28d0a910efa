"""The names of what runs by itself, for people."""

from collections.abc import Mapping
from datetime import timedelta

from babel.dates import get_timezone_location
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from portal.core.actions import known_sweeps
from portal.core.calendar import zone_bands
from portal.core.formats import babel_locale, format_number
from portal.core.schedule import NIGHT
from portal.core.sweeps import sweep_named

TASKS: dict[str, str | Promise] = {
    "heartbeat": gettext_lazy("Heartbeat of the worker"),
    "deliver-outbox": gettext_lazy("Mails that wait to be sent"),
    "look-at-registrations": gettext_lazy("New registrations: comparison"),
    "run-sweeps": gettext_lazy("Regular sweeps"),
    "watch-jobs": gettext_lazy("Watch over the jobs"),
}


def zone_of(name: str) -> str:
    """The time zone of a night's entry, else nothing."""
    kind, _colon, zone = name.partition(":")
    return zone if kind == NIGHT else ""


def city_of(zone: str) -> str:
    """The city that a time zone is named after, in the reader's language."""
    city = get_timezone_location(zone, locale=babel_locale(), return_city=True)
    return city if isinstance(city, str) else zone


def task_label(name: str) -> str:
    if zone := zone_of(name):
        return _("After midnight in %(place)s") % {"place": city_of(zone)}
    return str(TASKS.get(name, name))


def countries_of(name: str) -> list[str]:
    """Whose day ends with a night's entry."""
    return zone_bands().get(zone_of(name), [])


def job_label(key: str) -> str:
    kind, _colon, name = key.partition(":")
    if kind == "task":
        return task_label(name)
    known_sweeps()  # they are known once their apps' tasks are read
    sweep = sweep_named(name)
    return sweep.title if sweep else name


def every_words(period: timedelta) -> str:
    seconds = round(period.total_seconds())
    if seconds % 86_400 == 0:
        days = seconds // 86_400
        return ngettext("every day", "every %(number)d days", days) % {"number": days}
    if seconds % 3_600 == 0:
        hours = seconds // 3_600
        return ngettext("every hour", "every %(number)d hours", hours) % {"number": hours}
    if seconds % 60 == 0:
        minutes = seconds // 60
        return ngettext("every minute", "every %(number)d minutes", minutes) % {"number": minutes}
    return ngettext("every second", "every %(number)d seconds", seconds) % {"number": seconds}


def done_words(done: Mapping[str, int]) -> str:
    """What a run did, as the reader's language says it; the events are marked where they are counted. The
    number stands behind, where one needs no other form of the words than many."""
    return " · ".join(
        _("%(what)s: %(number)s") % {"what": _(event.replace("_", " ")), "number": format_number(count)}
        for event, count in sorted(done.items())
    )


def short_period(period: timedelta) -> str:
    """For the record of changes: 30 s, 10 min, 1 h, the same in every language."""
    seconds = round(period.total_seconds())
    for unit, length in (("h", 3_600), ("min", 60)):
        if seconds % length == 0:
            return f"{seconds // length} {unit}"
    return f"{seconds} s"
