"""Many rows in one statement, as sweeps write them: the same rows that one by one would be written."""

import pytest
from django.db import DataError
from django.utils import timezone

from partners.organisations.models import Partner
from portal.audit.actions import record, record_many
from portal.audit.models import Event
from portal.core.bulk import insert_rows, update_rows
from portal.notifications.actions import Letter, notify, notify_many
from portal.notifications.models import Notification

pytestmark = pytest.mark.django_db


def rows_of(model, *left_out):
    return [
        {name: value for name, value in row.items() if name not in left_out} for row in model.objects.values()
    ]


def test_events_of_many_are_those_of_one(cast):
    at, data = timezone.now(), {"day": timezone.localdate(), "text": 'l\'été, 50 % {x} \\ "q"', "none": None}
    record("partner.edited", cast.alpha, by=None, at=at, reason="Why", edition="2017", **data)
    one = rows_of(Event, "id")[-1]
    record_many("partner.edited", [(cast.alpha, data)], at=at, reason="Why", edition="2017")
    assert rows_of(Event, "id")[-1] == one
    before = Event.objects.count()
    record_many("partner.edited", [], at=at)
    assert Event.objects.count() == before


def test_notifications_of_many_are_those_of_one_and_told_once(cast):
    at, told = timezone.now(), {"days": 3, "until": timezone.localdate()}
    notify("deal-expiring", to=[cast.alice], about=cast.alpha, key="k", at=at, **told)
    one = rows_of(Notification, "id", "next_try_at")
    Notification.objects.all().delete()
    letter = Letter([cast.alice, cast.alice], cast.alpha, "k", told)
    for _turn in range(2):
        notify_many("deal-expiring", [letter, letter], at=at)
        assert rows_of(Notification, "id", "next_try_at") == one
    notify_many("deal-expiring", [], at=at)
    with pytest.raises(LookupError):
        notify_many("no-such-kind", [letter], at=at)


def test_each_row_gets_its_own_values(cast):
    update_rows(
        Partner,
        [cast.alpha.pk, cast.bravo.pk],
        {"city": ["Paris", "l'Aquila"], "tier": ["silver", "gold"]},
    )
    found = Partner.objects.filter(pk__in=[cast.alpha.pk, cast.bravo.pk]).order_by("pk")
    assert list(found.values_list("city", "tier")) == [("Paris", "silver"), ("l'Aquila", "gold")]
    update_rows(Partner, [], {"city": []})


def test_what_is_too_long_is_refused_and_not_cut(cast):
    at = timezone.now()
    columns = {"subject_type_id": [1], "subject_id": [1], "data": [{}]}
    with pytest.raises(DataError):
        insert_rows(Event, columns, {"verb": "x" * 61, "at": at})
