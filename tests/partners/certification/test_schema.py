"""What the database itself holds about people, certificates and departures."""

from datetime import UTC, date, datetime

import pytest
from django.db import IntegrityError, transaction

from partners.certification.models import Employment, Person

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 27, 9, tzinfo=UTC)


def employ(person, partner, hired_on, left_on=None, **facts):
    return Employment.objects.create(
        person=person,
        partner=partner,
        full_name="Eva Lind",
        hired_on=hired_on,
        left_on=left_on,
        entered_at=AT,
        **facts,
    )


def test_a_person_works_at_one_partner_at_a_time(cast):
    eva = Person.objects.create()
    employ(eva, cast.alpha, date(2025, 1, 1), date(2026, 3, 31))
    employ(eva, cast.bravo, date(2026, 4, 1))
    with pytest.raises(IntegrityError), transaction.atomic():
        employ(eva, cast.charlie, date(2026, 3, 31), date(2026, 3, 31))


def test_two_people_may_work_at_one_partner(cast):
    employ(Person.objects.create(), cast.alpha, date(2025, 1, 1))
    employ(Person.objects.create(), cast.alpha, date(2025, 1, 1))


def test_an_address_is_used_once_among_those_who_work_there(cast):
    employ(Person.objects.create(), cast.alpha, date(2025, 1, 1), date(2025, 6, 1), email="eva@a.example")
    employ(Person.objects.create(), cast.alpha, date(2025, 7, 1), email="eva@a.example")
    with pytest.raises(IntegrityError), transaction.atomic():
        employ(Person.objects.create(), cast.alpha, date(2025, 8, 1), email="EVA@a.example")
