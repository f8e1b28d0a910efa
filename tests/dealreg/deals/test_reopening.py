"""Rule E8: an expired deal can be re-opened for ten days, as a registration of that day. To the partner the
answer is the same whether somebody else has registered the customer in between or not (rule E6)."""

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from dealreg.deals import actions
from dealreg.deals.lifecycle import DealStatus
from dealreg.deals.models import Conflict, Deal
from dealreg.deals.selectors import moves_open_to, open_conflicts
from dealreg.deals.tasks import watch_protection
from dealreg.deals.views.deciding import move_address
from portal.audit.models import Event
from portal.core.errors import NotAllowed, RuleViolation, WrongState
from portal.notifications.models import Notification
from tests.dealreg.deals.stages import approved, expired, in_english, submitted

pytestmark = pytest.mark.django_db

# Protected until Monday 22 February 2027, expired on the 23rd; the 5th of March is the tenth day after.
ENDED = date(2027, 2, 23)
IN_TIME = datetime(2027, 3, 1, 9, tzinfo=UTC)
LAST_MINUTE = datetime(2027, 3, 5, 22, 59, tzinfo=UTC)
CLOSE = date(2027, 5, 31)


@pytest.fixture
def cast(cast):
    return in_english(cast)


def reopened(cast, deal, at=IN_TIME, by=None):
    return actions.reopen_deal(
        deal, by=by or cast.amir, at=at, expected_close_on=CLOSE, note="Budget is back."
    )


def test_it_is_a_registration_of_today_under_its_old_number(cast):
    deal = expired(cast)
    number, first = deal.reference, deal.submitted_at
    deal = reopened(cast, deal, by=cast.alice)
    deal.refresh_from_db()
    assert (deal.reference, deal.status) == (number, DealStatus.SUBMITTED)
    assert deal.submitted_at == deal.reopened_at == IN_TIME > first
    assert deal.registered_by == cast.alice
    assert deal.decision_due_at == datetime(2027, 3, 3, 9, tzinfo=UTC)
    assert deal.vendor_may_decide_at == datetime(2027, 3, 4, 9, tzinfo=UTC)
    assert deal.expected_close_on == CLOSE
    for name in (
        "granted_pct", "decided_by", "decided_at", "protected_until", "ended_on", "decision_working_time",
        "half_time_told_at", "overdue_told_at", "endorsed_by", "expiry_reminder",
    ):  # fmt: skip
        assert getattr(deal, name) is None, name
    verbs = list(Event.objects.about(deal).order_by("pk").values_list("verb", flat=True))
    assert verbs[:1] == ["deal.submitted"], "the history stays"
    assert verbs[-1] == "deal.reopened"


def test_it_is_decided_anew_and_told_anew(cast):
    deal = reopened(cast, expired(cast))
    actions.look_for_conflicts(deal, at=IN_TIME)
    deal = actions.approve_deal(
        deal, by=cast.denise, at=IN_TIME + timedelta(hours=2), granted_pct=Decimal("2.5")
    )
    assert deal.protected_until == date(2027, 5, 30)
    assert deal.decision_working_time == timedelta(hours=2)
    for kind, person in (
        ("deal-submitted", cast.amir),
        ("deal-to-decide", cast.denise),
        ("deal-approved", cast.amir),
    ):
        assert Notification.objects.filter(kind=kind, recipient=person).count() == 2, kind
    assert watch_protection(datetime(2027, 6, 1, tzinfo=UTC))["protections ended"] == 1
    deal.refresh_from_db()
    assert "reopen" in moves_open_to(cast.amir, deal, datetime(2027, 6, 2, tzinfo=UTC)), "each expiry once"


def test_ten_days_and_no_longer_on_the_partners_calendar(cast, sign_in, time_machine_at):
    deal = expired(cast)
    assert deal.ended_on == ENDED
    late = LAST_MINUTE + timedelta(minutes=1)
    assert "reopen" in moves_open_to(cast.amir, deal, LAST_MINUTE)
    assert "reopen" not in moves_open_to(cast.amir, deal, late)
    with pytest.raises(RuleViolation, match="could be re-opened until 2027-03-05"):
        reopened(cast, deal, at=late)
    with time_machine_at(late):
        browser = sign_in(cast.amir)
        page = browser.get(move_address(deal, "reopen")).content.decode()
        assert "could be re-opened until" in page
        assert f'href="{deal.get_absolute_url()}copy/"' in page
        typed = {"expected_close_on": CLOSE.isoformat(), "note": ""}
        assert browser.post(move_address(deal, "reopen"), typed).status_code == 200
    deal.refresh_from_db()
    assert deal.status == DealStatus.EXPIRED
    assert reopened(cast, deal, at=LAST_MINUTE).status == DealStatus.SUBMITTED


def test_a_late_sweep_gives_no_more_days(cast):
    deal = approved(cast)
    watch_protection(LAST_MINUTE)
    deal.refresh_from_db()
    assert "reopen" in moves_open_to(cast.amir, deal, LAST_MINUTE)
    assert "reopen" not in moves_open_to(cast.amir, deal, LAST_MINUTE + timedelta(minutes=1))


def test_once_for_each_expiry_and_only_by_those_who_register(cast):
    deal = expired(cast)
    for person in (cast.tina, cast.bruno, cast.denise, cast.karim):
        with pytest.raises(NotAllowed):
            reopened(cast, deal, by=person)
    reopened(cast, deal)
    with pytest.raises(WrongState):
        reopened(cast, deal)


def test_conditions_of_today_hold(cast):
    deal = expired(cast)
    with pytest.raises(RuleViolation) as refusal:
        actions.reopen_deal(deal, by=cast.amir, at=IN_TIME, expected_close_on=date(2027, 2, 1))
    assert refusal.value.field == "expected_close_on"
    cast.alpha.tier = "registered"
    cast.alpha.save(update_fields=["tier"])
    with pytest.raises(RuleViolation):
        reopened(cast, Deal.objects.get(pk=deal.pk))


def test_who_registered_in_between_comes_first_and_the_reviewers_see_it(cast):
    deal = expired(cast)
    between = submitted(cast, cast.bruno, at=IN_TIME - timedelta(days=2))
    actions.look_for_conflicts(between, at=IN_TIME - timedelta(days=2))
    deal = reopened(cast, deal)
    actions.look_for_conflicts(deal, at=IN_TIME)
    conflict = Conflict.objects.get()
    assert (conflict.earlier, conflict.later, conflict.outcome) == (between, deal, "")
    assert open_conflicts(deal) == 1
    with pytest.raises(RuleViolation, match="Another registration came first"):
        actions.approve_deal(deal, by=cast.denise, at=IN_TIME + timedelta(hours=1), granted_pct=Decimal(1))


def test_a_conflict_that_had_lapsed_with_the_expiry_is_open_again(cast):
    """Bruno came second, and waited; when Alpha's protection ended, nothing stood before him any more."""
    deal = approved(cast)
    second = submitted(cast, cast.bruno, at=datetime(2027, 2, 19, 9, tzinfo=UTC))
    actions.look_for_conflicts(second, at=datetime(2027, 2, 19, 9, tzinfo=UTC))
    actions.expire_deal(deal, at=IN_TIME)
    assert Conflict.objects.get().outcome == "lapsed"
    deal = reopened(cast, deal)
    actions.look_for_conflicts(deal, at=IN_TIME)
    assert open_conflicts(deal) == 1
    assert open_conflicts(second) == 0


def answer_to(cast, sign_in, deal) -> tuple[int, str, str, list[tuple[str, str]]]:
    """Everything that the partner gets to see of its re-opening, without what differs from deal to deal."""
    browser = sign_in(cast.amir)
    typed = {"expected_close_on": CLOSE.isoformat(), "note": ""}
    answer = browser.post(move_address(deal, "reopen"), typed)
    receipt = browser.get(answer.url).content.decode()
    page = browser.get(deal.get_absolute_url()).content.decode()
    told = Notification.objects.filter(recipient=cast.amir, created_at__gte=IN_TIME).order_by("pk")

    def plain(text: str) -> str:
        text = text[text.index("<main") : text.index("</main>")]
        text = re.sub(r'nonce="[^"]*"|\b[A-Za-z0-9]{64}\b', "", text)
        return text.replace(deal.reference, "DR").replace(deal.customer_name, "CUSTOMER")

    events = [(one.kind, sorted(one.context)) for one in told.filter(subject_id=deal.pk)]
    return answer.status_code, plain(receipt), plain(page), events


def test_the_answer_tells_nothing_of_others(cast, sign_in, time_machine_at):
    free = approved(cast, customer_city="Lyon")
    taken = approved(cast, customer_name="Ville de Lens", customer_city="Lens")
    for deal in (free, taken):
        actions.expire_deal(deal, at=IN_TIME - timedelta(days=3))
    rival = submitted(
        cast, cast.bruno, at=IN_TIME - timedelta(days=2), customer_name="Ville de Lens", customer_city="Lens"
    )
    actions.look_for_conflicts(rival, at=IN_TIME - timedelta(days=2))
    with time_machine_at(IN_TIME):
        first = answer_to(cast, sign_in, free)
        second = answer_to(cast, sign_in, taken)
    assert first[0] == second[0] == 302
    for one, other in zip(first[1:], second[1:], strict=True):
        assert _without_place(one) == _without_place(other)
    actions.look_at_due(at=IN_TIME)
    taken.refresh_from_db()
    assert open_conflicts(taken) == 1, "and yet it is in conflict"


def _without_place(text):
    return re.sub(r"Lens|Lyon", "", text) if isinstance(text, str) else text
