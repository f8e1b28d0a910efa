"""Employees as tests need them, in one line each."""

from datetime import UTC, date, datetime
from typing import Any

from partners.certification.models import Employment, Person

AT = datetime(2026, 11, 27, 9, tzinfo=UTC)
ON = date(2026, 11, 27)


def employ(
    partner: Any,
    full_name: str = "Eva Lind",
    user: Any = None,
    *,
    person: Person | None = None,
    **facts: Any,
) -> Employment:
    return Employment.objects.create(
        **{
            "person": person or Person.objects.create(user=user),
            "partner": partner,
            "full_name": full_name,
            "hired_on": date(2025, 1, 1),
            "entered_at": AT,
        }
        | facts
    )
