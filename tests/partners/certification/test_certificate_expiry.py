"""Partners are warned before certificates expire: each step once, late ones only the nearest."""

from datetime import UTC, date, datetime, timedelta

import pytest

from partners.certification.models import Certificate
from partners.certification.rules import next_reminder
from partners.certification.tasks import EXPIRING, warn_of_expiry
from partners.organisations.models import Membership
from portal.accounts.roles import Role
from portal.notifications.models import Notification
from tests.partners.certification.papers import certificate
from tests.partners.certification.team import AT, ON, employ

pytestmark = pytest.mark.django_db
STEPS = (90, 30, 7)


def ends_in(days, partner, number, **facts):
    return certificate(
        employ(partner, f"Person {number}"), number, expires_on=ON + timedelta(days=days), **facts
    )


def warned(at=AT):
    return warn_of_expiry(at)[EXPIRING]


def test_the_sweep_says_of_all_what_the_rule_says_of_one(cast):
    """Every distance to the end times every reminder sent before."""
    for days in (-1, 0, 1, 6, 7, 8, 29, 30, 31, 60, 89, 90, 91):
        for last in (None, 90, 30, 7):
            ends_in(days, cast.alpha, f"N{days}-{last}", expiry_reminder=last)
    expected = {
        one.number: next_reminder(one.expires_on, ON, STEPS, one.expiry_reminder)
        for one in Certificate.objects.all()
    }
    before = dict(Certificate.objects.values_list("number", "expiry_reminder"))
    assert warned() == sum(step is not None for step in expected.values())
    for number, step in Certificate.objects.values_list("number", "expiry_reminder"):
        assert step == (before[number] if expected[number] is None else expected[number]), number


def test_each_step_is_told_once_to_the_administrators_and_the_holder(cast):
    eva = employ(cast.alpha, user=cast.tina)
    certificate(eva, "KC-1", expires_on=date(2027, 2, 25))
    for day, mails in ((0, 2), (0, 2), (59, 2), (60, 4), (82, 4), (83, 6), (90, 6), (91, 6)):
        warned(AT + timedelta(days=day))
        assert Notification.objects.filter(kind="certificate-expiring").count() == mails, day
    people = Notification.objects.values_list("recipient__full_name", flat=True)
    assert set(people) == {cast.alice.full_name, cast.tina.full_name}


def test_the_holder_is_told_under_the_account_at_the_employer_alone(cast):
    """Tina works for Alpha and has an account at Bravo too, where somebody else's certificate ends."""
    Membership.objects.create(user=cast.tina, partner=cast.bravo, role=Role.PARTNER_SALES)
    certificate(employ(cast.alpha, user=cast.tina), "KC-1", expires_on=date(2027, 2, 25))
    ends_in(90, cast.bravo, "KC-2")
    warned()
    told = Notification.objects.filter(recipient=cast.tina)
    assert [one.key.partition(":")[0] for one in told] == ["KC-1"]


def test_a_sweep_that_is_late_tells_only_the_nearest(cast):
    ends_in(5, cast.alpha, "KC-1")
    assert warned() == 1
    assert Notification.objects.get().context == {"days": 5}
    assert Certificate.objects.get().expiry_reminder == 7


def test_the_day_is_the_partners(cast):
    """At half past eleven in the evening (UTC) it is the next day in Paris."""
    one = ends_in(91, cast.alpha, "KC-1")
    assert warned(AT.replace(hour=22, minute=30)) == 0
    assert warned(AT.replace(hour=23, minute=30)) == 1
    one.refresh_from_db()
    assert one.expiry_reminder == 90


def test_nobody_is_warned_of_what_counts_for_no_partner(cast):
    certificate(employ(cast.alpha, left_on=ON), "LEFT", expires_on=ON)
    ends_in(7, cast.alpha, "GONE", withdrawn_on=date(2026, 5, 5), withdrawal_reason="x")
    assert warned() == 0


def test_a_longer_certificate_of_the_same_track_ends_the_worry(cast):
    eva = employ(cast.alpha)
    certificate(eva, "OLD", expires_on=date(2026, 12, 20))
    certificate(eva, "NEW", issued_on=date(2026, 6, 1), expires_on=date(2028, 6, 1))
    max_ = employ(cast.alpha, "Max")
    certificate(max_, "TECH", expires_on=date(2026, 12, 20))
    certificate(max_, "SALES", track="sales", expires_on=date(2028, 6, 1))
    assert warned() == 1
    assert [one.key for one in Notification.objects.all()] == ["TECH:30"]


def test_the_new_employer_is_warned_and_not_the_old(cast):
    eva = employ(cast.alpha, left_on=date(2026, 3, 31))
    certificate(eva, "KC-1", expires_on=date(2026, 12, 20))
    employ(cast.bravo, person=eva.person, hired_on=date(2026, 4, 1))
    warned()
    assert {n.recipient for n in Notification.objects.all()} == {cast.bruno}


def test_a_hundred_certificates_cost_as_many_statements_as_two(cast, django_assert_max_num_queries):
    for number in range(100):
        ends_in(30, cast.alpha, f"KC-{number}")
    with django_assert_max_num_queries(24):
        assert warned() == 100
    assert warned() == 0


def test_the_mail_says_when_and_for_whom(cast, mailoutbox):
    from portal.notifications.actions import deliver_due

    ends_in(0, cast.alpha, "KC-ON")
    ends_in(41, cast.alpha, "KC-LATER")
    warned()
    deliver_due(at=datetime(2099, 1, 1, tzinfo=UTC), most=10)
    assert len(mailoutbox) == 2
    for mail, words in zip(
        sorted(mailoutbox, key=lambda mail: "LATER" in mail.body),
        ("aujourd’hui", "41 jours"),
        strict=True,
    ):
        assert words in " ".join(mail.body.split()) and "Person KC" in mail.subject
