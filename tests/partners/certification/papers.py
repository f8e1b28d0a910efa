"""People with courses and certificates, for the tests of this app."""

from datetime import UTC, date, datetime
from typing import Any

from partners.certification.models import Attempt, Certificate, Course, Employment, Person, Track
from partners.organisations.models import Partner
from portal.accounts.models import User

AT = datetime(2026, 11, 27, 9, tzinfo=UTC)
TODAY = date(2026, 11, 27)


def employee(
    partner: Partner,
    full_name: str = "Eva Lind",
    *,
    person: Person | None = None,
    user: User | None = None,
    hired_on: date = date(2025, 1, 1),
    **facts: Any,
) -> Employment:
    return Employment.objects.create(
        person=person or Person.objects.create(user=user),
        partner=partner,
        full_name=full_name,
        hired_on=hired_on,
        entered_at=AT,
        **facts,
    )


def course(code: str = "KT-100", track: str = Track.TECHNICAL, **facts: Any) -> Course:
    return Course.objects.create(
        **{
            "code": code,
            "title": "Endpoint Security, administration",
            "track": track,
            "mode": "on_site",
            "language": "en",
            "duration_hours": 16,
            "is_published": True,
        }
        | facts
    )


def passed(employment: Employment, of: Course, taken_on: date = TODAY, **facts: Any) -> Attempt:
    return Attempt.objects.create(
        **{
            "course": of,
            "employment": employment,
            "started_at": AT,
            "finished_at": AT,
            "score_pct": 84,
            "passed": True,
            "taken_on": taken_on,
        }
        | facts
    )


def certificate(employment: Employment, number: str, **facts: Any) -> Certificate:
    """As it stands in the table, whatever way it came there."""
    return Certificate.objects.create(
        **{
            "number": number,
            "person": employment.person,
            "holder_name": employment.full_name,
            "title": "Endpoint Security, administration",
            "track": Track.TECHNICAL,
            "issued_on": date(2025, 12, 1),
            "expires_on": date(2027, 12, 1),
            "code": number.encode().hex()[:32].zfill(32),
        }
        | facts
    )
