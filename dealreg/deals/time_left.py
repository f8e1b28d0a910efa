"""What is left of the time to decide, or how late the decision is, in words: the same on the deal's page,
in lists, in the queue and on the home pages."""

from datetime import datetime, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from dealreg.deals.models import Deal
from dealreg.deals.rules import office_hours
from dealreg.deals.selectors import terms_of
from partners.programme.rulebook import DealRegistrationTerms

HOUR = timedelta(hours=1)


def time_left_words(deal: Deal, at: datetime, due: datetime | None = None) -> str:
    """Counted on the clock of rule E7: in business days of the distributor's country, and in hours of
    them within a day; to the deal's own due date, or to that of an extension. Reads the deal's edition
    and distributor."""
    return words_for(due or deal.decision_due_at, deal.distributor.country, terms_of(deal), at)


def words_for(due: datetime, country: str, terms: DealRegistrationTerms, at: datetime) -> str:
    """The same for any hour that business days of a country lead to."""
    hours_of_office = office_hours(country, terms)
    late = due < at
    passed = hours_of_office.between(due, at) if late else hours_of_office.between(at, due)
    hours = round(passed / HOUR)
    a_day = hours_of_office.day_length / HOUR
    return _late(hours, a_day) if late else _left(hours, a_day)


def _left(hours: int, a_day: float) -> str:
    if not hours:
        return _("in less than an hour")
    if hours < a_day:
        return ngettext("in %(hours)d working hour", "in %(hours)d working hours", hours) % {"hours": hours}
    rest = round(hours - a_day)
    if hours < 2 * a_day and rest:
        return ngettext(
            "in 1 business day and %(hours)d hour", "in 1 business day and %(hours)d hours", rest
        ) % {"hours": rest}
    days = round(hours / a_day)
    return ngettext("in %(days)d business day", "in %(days)d business days", days) % {"days": days}


def _late(hours: int, a_day: float) -> str:
    if not hours:
        return _("less than an hour late")
    if hours < a_day:
        return ngettext("%(hours)d working hour late", "%(hours)d working hours late", hours) % {
            "hours": hours
        }
    days = round(hours / a_day)
    return ngettext("%(days)d business day late", "%(days)d business days late", days) % {"days": days}
