"""People at partners, with certificates, as the tests of this app need them."""

import secrets
from datetime import UTC, date, datetime

from partners.certification.actions.departures import open_departure
from partners.certification.models import Certificate, Departure, DepartureOrigin, Employment
from partners.certification.selectors import specialists_on
from portal.core.calendar import time_zone_of
from tests.partners.certification.team import employ

LONG_AGO = date(2020, 1, 1)


def noon(day: date, country: str = "FR") -> datetime:
    """Noon of a day in a country."""
    return datetime(day.year, day.month, day.day, 12, tzinfo=time_zone_of(country)).astimezone(UTC)


def hire(
    partner, name="Eva Lind", hired_on=LONG_AGO, *, person=None, left_on=None, email="", entered_on=None
) -> Employment:
    dates = {"hired_on": hired_on, "left_on": left_on, "entered_at": noon(entered_on or hired_on)}
    return employ(partner, name, person=person, email=email, **dates)


def certify(
    employment, track="technical", issued_on=LONG_AGO, expires_on=date(2040, 1, 1), technology=None
) -> Certificate:
    return Certificate.objects.create(
        number=f"C-{secrets.token_hex(6)}",
        person=employment.person,
        holder_name=employment.full_name,
        title="Certified specialist",
        track=track,
        technology=technology,
        issued_on=issued_on,
        expires_on=expires_on,
        code=secrets.token_hex(16),
    )


def specialists_of(partner, day: date) -> dict[str, int]:
    return specialists_on([partner.pk], day).get(partner.pk, {})


def leave(
    employment, left_on, *, by=None, at=None, reported_on="same day", origin=DepartureOrigin.PARTNER
) -> Departure | None:
    """What entering a leaver does: the last day, then the case."""
    Employment.objects.filter(pk=employment.pk).update(left_on=left_on)
    employment.refresh_from_db()
    return open_departure(
        employment,
        by=by,
        at=at or noon(left_on, employment.partner.country),
        origin=origin,
        reported_on=left_on if reported_on == "same day" else reported_on,
    )
