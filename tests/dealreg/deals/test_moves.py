"""Every stage x move x person: who may do what, by command, by page, and what the database refuses."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from dealreg.deals import actions
from dealreg.deals.lifecycle import DEAL_LIFECYCLE, DealStatus
from dealreg.deals.models import Deal
from dealreg.deals.rules import ExtensionAsked, Happened
from dealreg.deals.selectors import _NO_BUTTON, moves_open_to, require_move
from dealreg.deals.views.deciding import PAGES, move_address
from portal.audit.models import Event
from portal.core.errors import NotAllowed, WrongState
from portal.core.references import new_reference
from tests.dealreg.deals import stages
from tests.dealreg.deals.stages import LATER, MONDAY, STAGES, approved, draft, in_english, submitted

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast(cast):
    return in_english(cast)


SELLERS = {"alice", "amir"}
DISTRIBUTOR = {"denise"}
VENDOR = {"karim", "nora"}
PEOPLE = (
    "alice",
    "amir",
    "tina",
    "adam",
    "bruno",
    "denise",
    "olga",
    "dieter",
    "eve",
    "karim",
    "ingrid",
    "nora",
    "august",
    "stranger",
)
SEE = {"alice", "amir", "tina", "adam", "denise", "olga", "karim", "nora", "august"}
SEE_DRAFT = {"alice", "amir", "tina", "adam"}

# Who may make which move in which stage. What is not here is refused.
ALLOWED: dict[str, dict[str, set[str]]] = {
    "draft": {"submit": SELLERS},
    "submitted": {
        "request_information": DISTRIBUTOR,
        "approve": DISTRIBUTOR,
        "reject": DISTRIBUTOR,
        "withdraw": SELLERS,
    },
    "enterprise": {
        "request_information": DISTRIBUTOR,
        "endorse": DISTRIBUTOR,
        "reject": DISTRIBUTOR,
        "withdraw": SELLERS,
    },
    "endorsed": {"request_information": VENDOR, "approve": VENDOR, "reject": VENDOR, "withdraw": SELLERS},
    "asked": {"answer": SELLERS, "reject": DISTRIBUTOR, "withdraw": SELLERS},
    "silent": {
        "request_information": DISTRIBUTOR | VENDOR,
        "approve": DISTRIBUTOR | VENDOR,
        "reject": DISTRIBUTOR | VENDOR,
        "withdraw": SELLERS,
    },
    "silent_enterprise": {
        "request_information": DISTRIBUTOR | VENDOR,
        "endorse": DISTRIBUTOR,
        "approve": VENDOR,
        "reject": DISTRIBUTOR | VENDOR,
        "withdraw": SELLERS,
    },
    "approved": {"report_won": SELLERS, "report_lost": SELLERS, "extend": SELLERS, "revoke": VENDOR},
    "held": {
        "report_won": SELLERS,
        "report_lost": SELLERS,
        "revoke": VENDOR,
        "grant_extension": DISTRIBUTOR,
        "refuse_extension": DISTRIBUTOR,
    },
    "won": {
        "confirm_order": DISTRIBUTOR,
        "dispute_order": DISTRIBUTOR,
        "correct_order": SELLERS,
        "take_back_win": SELLERS,
        "report_lost": SELLERS,
    },
    "rejected": {},
    "withdrawn": {},
    "confirmed": {},
    "lost": {},
    "expired": {"reopen": SELLERS, "report_won": SELLERS},
    "revoked": {},
}
WHEN = LATER + timedelta(hours=1)
ACTIONS = {
    "submit": lambda deal, by: actions.submit_deal(deal, by=by, at=WHEN),
    "request_information": lambda deal, by: actions.request_information(
        deal, by=by, at=WHEN, text="Which sites?", fields=["nodes"]
    ),
    "answer": lambda deal, by: actions.answer_request(deal, by=by, at=WHEN, answer="All of them."),
    "withdraw": lambda deal, by: actions.withdraw_deal(deal, by=by, at=WHEN),
    "endorse": lambda deal, by: actions.endorse_deal(deal, by=by, at=WHEN, granted_pct=Decimal(10)),
    "approve": lambda deal, by: actions.approve_deal(deal, by=by, at=WHEN, granted_pct=Decimal(5)),
    "reject": lambda deal, by: actions.reject_deal(deal, by=by, at=WHEN, code="other", text="No."),
    "report_won": lambda deal, by: actions.report_won(
        deal, by=by, at=WHEN, order_reference="X-1", order_date=date(2026, 11, 24), order_amount=Decimal(1)
    ),
    "extend": lambda deal, by: actions.ask_extension(
        deal, by=by, at=WHEN, asked=ExtensionAsked(90, date(2027, 3, 31), (Happened(WHEN.date(), "Met."),))
    ),
    "grant_extension": lambda deal, by: actions.grant_extension(deal, by=by, at=WHEN, days_granted=60),
    "refuse_extension": lambda deal, by: actions.refuse_extension(
        deal, by=by, at=WHEN, code="no_progress", text="One call is not enough."
    ),
    "reopen": lambda deal, by: actions.reopen_deal(deal, by=by, at=WHEN, expected_close_on=date(2027, 3, 31)),
    "confirm_order": lambda deal, by: actions.confirm_order(deal, by=by, at=WHEN),
    "dispute_order": lambda deal, by: actions.dispute_order(deal, by=by, at=WHEN, text="Not here."),
    "correct_order": lambda deal, by: actions.correct_order(
        deal, by=by, at=WHEN, order_reference="X-2", order_date=date(2026, 11, 24), order_amount=Decimal(2)
    ),
    "take_back_win": lambda deal, by: actions.take_back_win(deal, by=by, at=WHEN, reason="Wrong deal."),
    "report_lost": lambda deal, by: actions.report_lost(deal, by=by, at=WHEN, code="price"),
    "revoke": lambda deal, by: actions.announce_revocation(
        deal,
        by=by,
        at=WHEN,
        code="customer_choice",
        text="Their letter.",
        at_once=True,
        files=[stages.letter()],
    ),
}
# What a person would send with each form.
POSTED = {
    "request_information": {"text": "Which sites?", "fields_asked": ["nodes"]},
    "answer": {"answer": "All of them.", "nodes": "120", "engagement": "Three meetings."},
    "withdraw": {"reason": ""},
    "endorse": {"granted_pct": "10"},
    "approve": {"granted_pct": "3,5"},
    "reject": {"code": "other", "text": "No."},
    "report_won": {"order_reference": "X-1", "order_date": "2026-11-23", "order_amount": "1 200,50"},
    "confirm_order": {},
    "dispute_order": {"text": "Not here."},
    "correct_order": {"order_reference": "X-2", "order_date": "2026-11-23", "order_amount": "2"},
    "take_back_win": {"reason": "Wrong deal."},
    "extend": {"days": "90", "expected_close_on": "2027-03-31", "on_1": "2026-11-24", "text_1": "Met."},
    "grant_extension": {"days_granted": "60"},
    "refuse_extension": {"code": "no_progress", "text": "One call is not enough."},
    "reopen": {"expected_close_on": "2027-03-31", "note": ""},
    "report_lost": {"code": "price", "text": ""},
    "revoke": {"code": "customer_choice", "text": "Their letter.", "at_once": "on"},
}


def posted(move: str) -> dict:
    return POSTED[move] | ({"file": [stages.letter()]} if move == "revoke" else {})


def allowed(stage: str, move: str) -> set[str]:
    return ALLOWED[stage].get(move, set())


def snapshot(deal: Deal) -> dict:
    return Deal.objects.filter(pk=deal.pk).values().get()


def test_the_table_speaks_of_every_stage_and_move():
    assert set(ALLOWED) == set(STAGES)
    assert set(ACTIONS) == set(DEAL_LIFECYCLE.moves) - set(_NO_BUTTON) | {"confirm_order"}
    assert set(POSTED) == set(PAGES) == set(ACTIONS) - {"submit"}


@pytest.mark.parametrize("stage", STAGES)
def test_the_moves_open_to_each_person(cast, stage):
    deal = STAGES[stage](cast)
    for name in PEOPLE:
        expected = {move for move in ACTIONS if name in allowed(stage, move)}
        assert set(moves_open_to(cast.people[name], deal, WHEN)) == expected, name


@pytest.mark.parametrize("stage", STAGES)
def test_each_command_obeys_or_refuses_and_changes_nothing(cast, stage):
    deal = STAGES[stage](cast)
    before, events = snapshot(deal), Event.objects.count()
    for move, act in ACTIONS.items():
        for name in PEOPLE:
            if name in allowed(stage, move):
                with transaction.atomic():
                    act(deal, cast.people[name])
                    after = snapshot(deal)
                    assert after["status"] == (
                        DEAL_LIFECYCLE.moves[move].target if move != "confirm_order" else "won"
                    )
                    assert Event.objects.count() > events
                    transaction.set_rollback(True)
                continue
            with pytest.raises((NotAllowed, WrongState)) as refusal:
                act(deal, cast.people[name])
            if name not in SEE or (stage == "draft" and name not in SEE_DRAFT):
                assert refusal.type is NotAllowed, (move, name)
    assert snapshot(deal) == before
    assert Event.objects.count() == events


@pytest.mark.parametrize("stage", STAGES)
def test_the_page_shows_the_buttons_of_the_table_and_no_others(cast, sign_in, stage, time_machine_at):
    deal = STAGES[stage](cast)
    for name in PEOPLE:
        with time_machine_at(WHEN):
            answer = sign_in(cast.people[name]).get(deal.get_absolute_url())
        seen = SEE_DRAFT if stage == "draft" else SEE
        if name not in seen:
            assert answer.status_code == 404, name
            continue
        if stage == "draft" and name in SELLERS:
            assert answer.status_code == 302
            continue
        assert answer.status_code == 200, name
        page = answer.content.decode()
        shown = {move for move in PAGES if f'href="{move_address(deal, move)}"' in page}
        assert shown == {move for move in PAGES if name in allowed(stage, move)}, name


@pytest.mark.parametrize("stage", STAGES)
def test_a_form_sent_without_the_right_is_refused(cast, sign_in, stage, time_machine_at):
    deal = STAGES[stage](cast)
    before, events = snapshot(deal), Event.objects.count()
    # A third of the moves at each stage: every move is sent at nine of them.
    turn = [*STAGES].index(stage) % 3
    with time_machine_at(WHEN):
        _nobody_gets_through(cast, sign_in, stage, deal, [*PAGES][turn::3])
    assert snapshot(deal) == before
    assert Event.objects.count() == events


# One of each right; what everybody else may is the table of commands above.
POSTING = ("alice", "tina", "bruno", "denise", "karim")


def _nobody_gets_through(cast, sign_in, stage, deal, moves):
    for name in POSTING:
        browser = sign_in(cast.people[name])
        for move in moves:
            if name in allowed(stage, move):
                assert browser.get(move_address(deal, move)).status_code == 200
                continue
            answer = browser.post(move_address(deal, move), posted(move))
            seen = SEE_DRAFT if stage == "draft" else SEE
            if name not in seen:
                assert answer.status_code == 404, (move, name)
            else:
                # 302: the role fits, the deal has moved on; the deal's page says so.
                assert answer.status_code in (403, 302), (move, name)


@pytest.mark.parametrize(
    ("stage", "move", "who"),
    [
        (stage, move, sorted(people)[0])
        for stage, moves in ALLOWED.items()
        for move, people in moves.items()
        if move != "submit"
    ],
)
def test_each_allowed_move_is_made_from_its_page(cast, sign_in, stage, move, who, time_machine_at):
    deal = STAGES[stage](cast)
    with time_machine_at(WHEN):
        browser = sign_in(cast.people[who])
        answer = browser.post(move_address(deal, move), posted(move))
        assert answer.status_code == 302, answer.context["form"].errors
        receipt = "receipt/" if move == "reopen" else ""
        assert answer.url == deal.get_absolute_url() + receipt
        page = browser.get(answer.url).content.decode()
    assert 'class="alert alert-success"' in page
    deal.refresh_from_db()
    expected = DealStatus.WON if move == "confirm_order" else DEAL_LIFECYCLE.moves[move].target
    assert deal.status == expected


def test_a_move_that_does_not_exist_has_no_page(cast, sign_in):
    deal = submitted(cast)
    browser = sign_in(cast.denise)
    assert browser.get(f"{deal.get_absolute_url()}expire/").status_code == 404
    assert browser.get(f"{deal.get_absolute_url()}submit/").status_code == 404
    assert browser.get("/deals/DR-000000/approve/").status_code == 404


def test_other_verbs_of_http_are_refused(cast, sign_in):
    deal = submitted(cast)
    browser = sign_in(cast.denise)
    assert browser.put(move_address(deal, "approve")).status_code == 405
    assert browser.post(deal.get_absolute_url()).status_code == 405
    assert browser.get(f"{deal.get_absolute_url()}comment/").status_code == 405


def test_an_unknown_move_is_a_mistake_of_ours(cast):
    with pytest.raises(LookupError):
        require_move(cast.denise, submitted(cast), "dance")


def test_sending_a_decision_twice_gives_one_decision_and_says_what_is_now(cast, sign_in):
    deal = submitted(cast)
    browser = sign_in(cast.denise)
    address = move_address(deal, "approve")
    assert browser.post(address, {"granted_pct": "3.5"}).status_code == 302
    again = browser.post(address, {"granted_pct": "4"}, follow=True)
    assert "moved on in the meantime" in again.content.decode()
    assert again.redirect_chain == [(deal.get_absolute_url(), 302)]
    deal.refresh_from_db()
    assert deal.granted_pct == Decimal("3.50")
    assert Event.objects.filter(verb="deal.approved").count() == 1


def test_a_colleague_who_was_faster_is_no_matter_of_rights(cast, sign_in):
    """The distributor's second click on an endorsed deal: it has moved on, nobody lost a role."""
    deal = STAGES["endorsed"](cast)
    answer = sign_in(cast.denise).post(move_address(deal, "endorse"), {"granted_pct": "5"}, follow=True)
    assert "moved on in the meantime" in answer.content.decode()
    with pytest.raises(WrongState):
        actions.reject_deal(deal, by=cast.denise, at=WHEN, code="other", text="No.")


# --- what the database refuses by itself -------------------------------------------------------------


def copy_in(status: str, model: Deal) -> Deal:
    """A row that is in this state from its insertion on."""
    model.pk, model.reference, model.status = None, new_reference("DR"), status
    model.customer = None if status == "draft" else model.customer
    model.letter_code = None
    model._state.adding = True
    for field, value in WHAT_A_STATE_NEEDS.get(status, {}).items():
        setattr(model, field, value)
    model.save()
    return model


WHAT_A_STATE_NEEDS = {
    "submitted": {"decision_due_at": WHEN, "half_time_at": WHEN},
    "information_requested": {"clock_left": timedelta(hours=1)},
    "rejected": {"rejection_code": "other", "decision_text": "No."},
    "won": {"order_reference": "N-1", "order_date": WHEN.date(), "order_amount": Decimal(1)},
    "lost": {"loss_code": "price"},
    "revoked": {"revocation_code": "customer_choice", "end_text": "Letter."},
}


@pytest.mark.parametrize("source", DealStatus.values)
def test_the_database_refuses_every_move_that_is_not_in_the_table(cast, source):
    pattern = approved(cast)
    Deal.objects.filter(pk=pattern.pk).update(status="lost", loss_code="price")
    pattern = Deal.objects.get(pk=pattern.pk)
    customer = pattern.customer
    deal = copy_in(source, pattern)
    if source == "draft":
        Deal.objects.filter(pk=deal.pk).update(customer=customer)
    for target in DealStatus.values:
        if target == source:
            continue
        change = Deal.objects.filter(pk=deal.pk)
        if (source, target) in DEAL_LIFECYCLE.transitions():
            with transaction.atomic():
                assert change.update(status=target, **WHAT_A_STATE_NEEDS.get(target, {})) == 1
                transaction.set_rollback(True)
        else:
            with pytest.raises(DatabaseError), transaction.atomic():
                change.update(status=target, **WHAT_A_STATE_NEEDS.get(target, {}))
    deal.refresh_from_db()
    assert deal.status == source


@pytest.mark.parametrize(
    "change",
    [
        {"granted_pct": Decimal("5.5")},
        {"granted_pct": Decimal("-0.5")},
        {"granted_pct": None},
        {"protected_until": None},
        {"decided_at": None},
        {"decided_by": None},
        {"needs_vendor": True},
        {"status": "won"},
        {"status": "lost"},
        {"status": "revoked"},
        {"proposed_pct": Decimal("5.5")},
        {"customer": None},
        {"edition": None},
        {"ceiling_pct": None},
    ],
    ids=str,
)
def test_the_database_refuses_an_approved_deal_that_cannot_be(cast, change):
    deal = approved(cast)
    with pytest.raises(IntegrityError), transaction.atomic():
        Deal.objects.filter(pk=deal.pk).update(**change)


@pytest.mark.parametrize("field", ["decided_by", "endorsed_by"])
def test_the_database_refuses_a_decision_by_the_registrant(cast, field):
    deal = submitted(cast)
    with pytest.raises(IntegrityError), transaction.atomic():
        Deal.objects.filter(pk=deal.pk).update(**{field: cast.amir})


def test_the_database_keeps_one_protected_deal_for_a_customer_and_group(cast):
    deal = approved(cast)
    deal.pk, deal.reference = None, new_reference("DR")
    deal._state.adding = True
    with pytest.raises(IntegrityError), transaction.atomic():
        deal.save()


def test_the_database_keeps_what_was_submitted(cast):
    deal = submitted(cast)
    with pytest.raises(DatabaseError), transaction.atomic():
        Deal.objects.filter(pk=deal.pk).delete()
    draft(cast, at=MONDAY).delete()
