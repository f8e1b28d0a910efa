"""Rule E4: an approved deal changes with its project; what grows by much is decided anew."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from dealreg.deals import actions
from dealreg.deals.actions.drafting import LineInput
from dealreg.deals.lifecycle import AmendmentStatus, Step
from dealreg.deals.models import Amendment, Deal
from dealreg.deals.tasks import CHANGES_SILENT, watch_amendments
from partners.catalogue.models import Price
from portal.audit.models import Event
from portal.core.errors import NotAllowed, RuleViolation, WrongState
from portal.notifications.models import Notification
from tests.dealreg.deals.stages import LATER, approved, endorsed, extension, in_english, lost, submitted
from tests.told import names_told

pytestmark = pytest.mark.django_db
# 100 nodes at 54 were approved: 5 400.
THEN = LATER + timedelta(days=2)


@pytest.fixture
def cast(cast):
    return in_english(cast)


def ask(cast, deal, in_line, *, by=None, at=THEN, sku="EPS-ADV", **changes):
    wanted = {
        "reason": "The customer adds a site.",
        "lines": [LineInput(cast.products[sku], in_line, 12)],
        "nodes": in_line,
        "expected_close_on": deal.expected_close_on,
    } | changes
    return actions.ask_amendment(deal, by=by or cast.amir, at=at, **wanted)


def grown(cast, deal=None):
    """Twice the nodes: to be decided."""
    return ask(cast, deal or approved(cast), 200)


def test_a_small_change_takes_effect_at_once_and_the_distributor_is_told(cast):
    deal = approved(cast)
    amendment = ask(cast, deal, 110, expected_close_on=deal.expected_close_on + timedelta(days=20))
    assert (amendment.status, amendment.step) == (AmendmentStatus.EFFECTIVE, "")
    before = deal.list_amount
    deal.refresh_from_db()
    assert (deal.nodes, deal.list_amount) == (110, Decimal(5940))
    assert deal.expected_close_on == amendment.after["expected_close_on"]
    assert (deal.granted_pct, deal.edition.code) == (Decimal("3.5"), "2017")
    event = Event.objects.about(deal).get(verb="deal.amended")
    assert (event.data["before_amount"], event.data["after_amount"]) == (str(before), "5940.00")
    assert names_told("deal-amended") == {"Alice Moreau", "Denise Carlier"}


def test_the_old_lines_and_the_old_amount_stay_in_the_record(cast):
    deal = approved(cast)
    ask(cast, deal, 110)
    kept = Amendment.objects.get()
    (old,), (new,) = kept.before["lines"], kept.after["lines"]
    assert (old["nodes"], old["list_amount"], new["nodes"], new["list_amount"]) == (
        100,
        "5400.00",
        110,
        "5940.00",
    )
    assert (kept.amount_before, kept.amount_after, kept.amount_approved) == (5400, 5940, 5400)


def test_exactly_a_quarter_more_needs_no_decision_and_a_cent_more_does(cast):
    deal = approved(cast)
    assert ask(cast, deal, 125).status == AmendmentStatus.EFFECTIVE
    assert ask(cast, deal, 126).status == AmendmentStatus.OPEN


def test_five_small_steps_do_not_slip_through(cast):
    deal = approved(cast)
    for nodes in (110, 120, 125):
        assert ask(cast, deal, nodes).status == AmendmentStatus.EFFECTIVE
    last = ask(cast, deal, 130)
    assert (last.status, last.amount_approved) == (AmendmentStatus.OPEN, Decimal(5400))


def test_what_was_approved_is_the_new_measure(cast):
    deal = approved(cast)
    actions.approve_amendment(ask(cast, deal, 200), by=cast.denise, at=THEN)
    deal.refresh_from_db()
    assert (deal.nodes, deal.list_amount) == (200, Decimal(10800))
    assert ask(cast, deal, 230).status == AmendmentStatus.EFFECTIVE
    assert ask(cast, deal, 260).amount_approved == Decimal(10800)


def test_a_smaller_deal_may_grow_back_to_what_was_approved(cast):
    deal = approved(cast)
    assert ask(cast, deal, 40).status == AmendmentStatus.EFFECTIVE
    assert ask(cast, deal, 120).status == AmendmentStatus.EFFECTIVE


def test_a_change_of_the_date_alone_leaves_the_prices_alone(cast):
    deal = approved(cast)
    Price.objects.update(per_node=Decimal(999))
    ask(cast, deal, 100, expected_close_on=deal.expected_close_on + timedelta(days=30))
    deal.refresh_from_db()
    assert deal.list_amount == Decimal(5400)


def test_changed_lines_cost_what_the_price_list_of_the_day_says(cast):
    deal = approved(cast)
    Price.objects.filter(price_list=cast.price_lists["euro"]).update(per_node=Decimal(10))
    ask(cast, deal, 110)
    deal.refresh_from_db()
    assert deal.list_amount == Decimal(1100)


def test_another_currency_does_not_compare_and_is_decided(cast):
    deal = approved(cast)
    region = cast.price_lists["euro"]
    region.currency = "USD"
    region.save()
    amendment = ask(cast, deal, 90)
    assert (amendment.status, amendment.currency) == (AmendmentStatus.OPEN, "USD")
    actions.approve_amendment(amendment, by=cast.denise, at=THEN)
    deal.refresh_from_db()
    assert deal.currency == "USD"


def test_the_distributor_decides_on_a_standard_deal_within_its_clock(cast):
    deal = approved(cast)
    amendment = grown(cast, deal)
    assert (amendment.step, amendment.due_at) == (Step.DISTRIBUTOR, datetime(2026, 11, 30, 9, 10, tzinfo=UTC))
    assert names_told("deal-amendment-asked") == {"Denise Carlier", "Alice Moreau"}
    deal.refresh_from_db()
    assert deal.nodes == 100


def test_the_channel_manager_decides_on_an_enterprise_deal(cast):
    deal = actions.approve_deal(endorsed(cast), by=cast.karim, at=LATER)
    amendment = ask(cast, deal, 200, sku="ATA-01")
    assert amendment.step == Step.VENDOR
    with pytest.raises(NotAllowed):
        actions.approve_amendment(amendment, by=cast.denise, at=THEN)
    actions.approve_amendment(amendment, by=cast.karim, at=THEN, text="Agreed.")
    assert {"Denise Carlier", "Amir Haddad"} <= names_told("deal-amended")


def test_the_channel_manager_decides_in_place_of_a_silent_distributor(cast):
    amendment = grown(cast)
    with pytest.raises(NotAllowed):
        actions.approve_amendment(amendment, by=cast.karim, at=amendment.due_at + timedelta(minutes=1))
    actions.approve_amendment(amendment, by=cast.karim, at=amendment.vendor_may_decide_at)
    assert Amendment.objects.get().decided_by == cast.karim


def test_a_refusal_needs_a_reason_and_leaves_the_deal_as_it_was(cast):
    amendment = grown(cast)
    with pytest.raises(RuleViolation) as refusal:
        actions.refuse_amendment(amendment, by=cast.denise, at=THEN, text=" ")
    assert refusal.value.field == "text"
    actions.refuse_amendment(amendment, by=cast.denise, at=THEN, text="The site is another company's.")
    assert Deal.objects.get(pk=amendment.deal_id).nodes == 100
    assert names_told("deal-amendment-refused") == {"Alice Moreau", "Amir Haddad"}


@pytest.mark.parametrize("who", ["amir", "alice", "bruno", "olga", "dieter", "ingrid", "august", "karim"])
def test_nobody_else_decides(cast, who):
    amendment = grown(cast)
    for act in (actions.approve_amendment, actions.refuse_amendment):
        with pytest.raises(NotAllowed):
            act(amendment, by=cast.people[who], at=THEN, text="x")


def test_what_has_been_decided_stays_decided(cast):
    amendment = grown(cast)
    actions.approve_amendment(amendment, by=cast.denise, at=THEN)
    for act in (
        lambda: actions.refuse_amendment(amendment, by=cast.denise, at=THEN, text="x"),
        lambda: actions.withdraw_amendment(amendment, by=cast.amir, at=THEN),
    ):
        with pytest.raises(WrongState):
            act()


def test_one_change_at_a_time_whatever_the_code_does(cast):
    deal = approved(cast)
    amendment = grown(cast, deal)
    with pytest.raises(WrongState):
        ask(cast, deal, 90)
    amendment.pk = None
    with pytest.raises(IntegrityError), transaction.atomic():
        amendment.save(force_insert=True)


def test_the_partner_takes_it_back(cast):
    amendment = grown(cast)
    for who in (cast.denise, cast.bruno, cast.adam):
        with pytest.raises(NotAllowed):
            actions.withdraw_amendment(amendment, by=who, at=THEN)
    actions.withdraw_amendment(amendment, by=cast.alice, at=THEN)
    assert Amendment.objects.get().status == AmendmentStatus.WITHDRAWN


@pytest.mark.parametrize("who", ["denise", "karim", "adam", "tina", "bruno"])
def test_only_those_who_register_for_the_partner_ask(cast, who):
    with pytest.raises(NotAllowed):
        ask(cast, approved(cast), 110, by=cast.people[who])


def test_only_a_protected_deal_is_changed(cast):
    for deal in (submitted(cast, customer_name="Verrerie du Nord"), lost(cast)):
        with pytest.raises(WrongState):
            ask(cast, deal, 110)
    deal = approved(cast, customer_name="Port de Sète")
    with pytest.raises(WrongState):
        ask(cast, deal, 110, at=LATER + timedelta(days=91))


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"reason": " "}, "reason"),
        ({"lines": []}, "lines"),
        ({"nodes": 0}, "nodes"),
        ({"expected_close_on": THEN.date() - timedelta(days=1)}, "expected_close_on"),
    ],
)
def test_what_is_missing_or_wrong_is_said_on_its_field(cast, changes, field):
    with pytest.raises(RuleViolation) as refusal:
        ask(cast, approved(cast), 110, **changes)
    assert refusal.value.field == field


def test_a_product_of_another_group_is_another_deal(cast):
    with pytest.raises(RuleViolation) as refusal:
        ask(cast, approved(cast), 110, sku="TOT-01")
    assert refusal.value.code == "other-group"


def test_a_change_changes_something(cast):
    with pytest.raises(RuleViolation) as refusal:
        ask(cast, approved(cast), 100)
    assert refusal.value.code == "nothing-changed"


def test_the_end_of_the_deal_settles_what_waits(cast):
    amendment = grown(cast)
    actions.report_lost(amendment.deal, by=cast.amir, at=THEN, code="price")
    assert Amendment.objects.get().status == AmendmentStatus.LAPSED
    with pytest.raises(WrongState):
        actions.approve_amendment(amendment, by=cast.denise, at=THEN)


def test_nothing_is_approved_between_the_last_protected_day_and_the_sweep(cast, sign_in, time_machine_at):
    amendment = grown(cast)
    late = LATER + timedelta(days=91)
    with pytest.raises(WrongState, match="ended"):
        actions.approve_amendment(amendment, by=cast.denise, at=late)
    with time_machine_at(late):
        page = sign_in(cast.denise).post(
            f"/deals/{amendment.deal.reference}/amendment/", {"decision": "approve"}, follow=True
        )
    assert "The protection has ended." in page.content.decode()
    assert Amendment.objects.get().status == AmendmentStatus.OPEN
    actions.approve_amendment(amendment, by=cast.denise, at=late - timedelta(days=1))


def test_half_time_and_overdue_are_told_once(cast):
    amendment = grown(cast)
    assert sum(watch_amendments(at=THEN).values()) == 0
    watch_amendments(at=amendment.half_time_at)
    watch_amendments(at=amendment.half_time_at)
    assert names_told("deal-amendment-half-time") == {"Denise Carlier"}
    late = amendment.due_at + timedelta(minutes=1)
    assert late < amendment.vendor_may_decide_at
    assert sum(watch_amendments(at=late).values()) == 1
    assert sum(watch_amendments(at=late).values()) == 0
    assert names_told("deal-amendment-overdue") == {"Denise Carlier", "Karim Benali"}
    assert not actions.remind_of_amendment(amendment, at=late)
    actions.withdraw_amendment(amendment, by=cast.amir, at=late)
    assert not actions.escalate_amendment(amendment, at=late)
    assert not actions.remind_of_amendment(amendment, at=amendment.half_time_at)


def test_distributor_and_channel_manager_are_told_once_when_the_vendor_may_decide(cast):
    amendment = grown(cast)
    open_at = amendment.vendor_may_decide_at
    overdue, silent = list(watch_amendments(at=open_at - timedelta(minutes=1)).values())[1:]
    assert (overdue, silent) == (1, 0)
    assert names_told("deal-amendment-silence") == set()
    # A sweep that comes days late says it all the same, and not a second time.
    assert list(watch_amendments(at=open_at + timedelta(days=4)).values()) == [0, 0, 1]
    assert list(watch_amendments(at=open_at + timedelta(days=5)).values()) == [0, 0, 0]
    assert names_told("deal-amendment-silence") == {"Denise Carlier", "Karim Benali"}
    assert Notification.objects.filter(kind="deal-amendment-silence").count() == 2
    actions.approve_amendment(amendment, by=cast.karim, at=open_at + timedelta(days=5))


def test_nobody_is_told_of_silence_where_the_distributor_has_no_word_or_has_spoken(cast):
    enterprise = actions.approve_deal(endorsed(cast), by=cast.karim, at=LATER)
    at_vendor = ask(cast, enterprise, 200, sku="ATA-01")
    assert at_vendor.vendor_may_decide_at is None
    assert watch_amendments(at=at_vendor.due_at + timedelta(days=30))[CHANGES_SILENT] == 0
    amendment = grown(cast, approved(cast, customer_name="Lycée Ampère"))
    open_at = amendment.vendor_may_decide_at
    actions.refuse_amendment(amendment, by=cast.denise, at=THEN, text="Not in this quarter.")
    assert not actions.tell_of_silence_on_amendment(amendment, at=open_at)
    assert watch_amendments(at=open_at)[CHANGES_SILENT] == 0
    assert names_told("deal-amendment-silence") == set()


def test_a_reminder_never_comes_before_half_time(cast):
    amendment = grown(cast)
    assert not actions.remind_of_amendment(amendment, at=THEN)
    assert not actions.escalate_amendment(amendment, at=amendment.due_at)


def test_the_closing_date_of_an_extension_granted_meanwhile_stays(cast):
    deal = approved(cast)
    amendment = grown(cast, deal)
    actions.ask_extension(deal, by=cast.amir, at=THEN, asked=extension(THEN))
    actions.grant_extension(deal, by=cast.denise, at=THEN, days_granted=90)
    deal.refresh_from_db()
    promised = deal.expected_close_on
    assert promised != amendment.before["expected_close_on"]
    actions.approve_amendment(amendment, by=cast.denise, at=THEN)
    deal.refresh_from_db()
    assert (deal.nodes, deal.expected_close_on) == (200, promised)


def test_the_empty_further_line_asks_for_nothing_until_it_is_begun(cast, sign_in, time_machine_at):
    deal = approved(cast)
    with time_machine_at(THEN):
        amir = sign_in(cast.amir)
        place = f"/deals/{deal.reference}/amend/"
        lines = amir.get(place).context["form"].lines
        asked = [
            any(field.required for name, field in line.fields.items() if name != "DELETE") for line in lines
        ]
        assert asked == [True, False]
        begun = {
            "lines-TOTAL_FORMS": "2",
            "lines-INITIAL_FORMS": "1",
            "lines-0-product": lines[0].initial["product"],
            "lines-0-nodes": "100",
            "lines-0-term_months": "12",
            "lines-1-product": "",
            "lines-1-nodes": "7",
            "lines-1-term_months": "12",
            "nodes": "107",
            "expected_close_on": deal.expected_close_on.isoformat(),
            "reason": "The customer adds a site.",
        }
        answer = amir.post(place, begun)
    assert answer.status_code in (200, 422)
    assert list(answer.context["form"].lines[1].errors) == ["product"]
