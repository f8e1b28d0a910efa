"""Employees as the tests of teams need them, in one line each."""

from datetime import UTC, date, datetime
from typing import Any

from partners.certification.models import Employment, Person

AT = datetime(2026, 11, 27, 9, tzinfo=UTC)
ON = date(2026, 11, 27)


def employ(partner: Any, full_name: str = "Eva Lind", **facts: Any) -> Employment:
    facts = {"hired_on": date(2025, 1, 1), "entered_at": AT} | facts
    person = facts.pop("person", None) or Person.objects.create(user=facts.pop("user", None))
    return Employment.objects.create(person=person, partner=partner, full_name=full_name, **facts)
