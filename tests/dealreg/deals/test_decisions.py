"""What a decision may be: grants and steps, two steps for enterprise deals, nobody judges their own."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.conf import settings
from django.utils import timezone

from dealreg.deals import actions
from dealreg.deals.actions.drafting import LineInput
from dealreg.deals.actions.reviewing import UNLOCKABLE
from dealreg.deals.lifecycle import DealStatus, Step
from dealreg.deals.models import Conflict, Deal, RejectionCode
from dealreg.deals.selectors import moves_open_to
from dealreg.deals.views.deciding import move_address
from dealreg.deals.views.wording import rejection_advice
from partners.catalogue.models import Price, PriceList
from partners.customers.models import Customer
from partners.organisations.models import Membership
from partners.programme.selectors import rulebook_on
from portal.accounts.models import User
from portal.accounts.roles import Role
from portal.audit.models import Event
from portal.core.calendar import date_in
from portal.core.errors import NotAllowed, RuleViolation, WrongState
from portal.notifications.models import Notification
from tests.at_once import at_once
from tests.cast import make_cast
from tests.dealreg.deals.stages import (
    LATER,
    MONDAY,
    approved,
    asked,
    draft,
    endorsed,
    enterprise,
    in_english,
    looked_at,
    submitted,
    won,
)
from tests.told import short_names_told

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast(cast):
    return in_english(cast)


# --- rule E4: from 0 to the ceiling, in steps of 0.5 --------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "granted"),
    [
        ("0", "0"),
        ("0.5", "0.5"),
        ("3.5", "3.5"),
        ("3,5", "3.5"),
        (" 5 % ", "5"),
        ("5,0", "5"),
        ("4.50", "4.5"),
    ],
)
def test_a_discount_within_the_ceiling_is_granted_as_typed(cast, sign_in, typed, granted):
    deal = submitted(cast)
    answer = sign_in(cast.denise).post(move_address(deal, "approve"), {"granted_pct": typed})
    assert answer.status_code == 302
    deal.refresh_from_db()
    assert deal.granted_pct == Decimal(granted)
    assert deal.decided_by == cast.denise


@pytest.mark.parametrize(
    "typed",
    [
        "5.5",
        "5,01",
        "2.25",
        "0.1",
        "-0.5",
        "-0",
        "abc",
        "",
        "NaN",
        "Infinity",
        "1e400",
        "1e999999",
        "5 5",
        "１００",
        "3.5.5",
    ],
)
def test_any_other_discount_is_refused_on_the_field_and_nothing_is_saved(cast, sign_in, typed):
    deal = submitted(cast)
    answer = sign_in(cast.olga if typed == "never" else cast.denise).post(
        move_address(deal, "approve"), {"granted_pct": typed}
    )
    if typed == "-0":
        assert answer.status_code == 302  # nothing below zero about it
        return
    assert answer.status_code == 200
    assert answer.context["form"].errors["granted_pct"]
    deal.refresh_from_db()
    assert (deal.status, deal.granted_pct) == (DealStatus.SUBMITTED, None)


def test_the_ceiling_is_the_one_of_the_day_of_submission(cast):
    deal = submitted(cast)
    cast.alpha.tier = "registered"
    cast.alpha.save()
    assert actions.approve_deal(deal, by=cast.denise, at=LATER, granted_pct=Decimal(5)).granted_pct == 5


def test_an_approval_without_a_figure_is_refused(cast):
    with pytest.raises(RuleViolation) as refusal:
        actions.approve_deal(submitted(cast), by=cast.denise, at=LATER)
    assert refusal.value.field == "granted_pct"


# --- enterprise: two steps ----------------------------------------------------------------------------


def test_an_enterprise_deal_goes_from_distributor_to_channel_manager(cast, sign_in):
    deal = enterprise(cast)
    due = deal.decision_due_at
    with pytest.raises(NotAllowed):
        actions.approve_deal(deal, by=cast.karim, at=LATER, granted_pct=Decimal(10))
    with pytest.raises(NotAllowed):
        actions.approve_deal(deal, by=cast.denise, at=LATER, granted_pct=Decimal(10))
    with pytest.raises(RuleViolation):
        actions.endorse_deal(deal, by=cast.denise, at=LATER, granted_pct=Decimal("25.5"))

    deal = actions.endorse_deal(deal, by=cast.denise, at=LATER, granted_pct=Decimal("12.5"))
    assert (deal.step, deal.proposed_pct, deal.endorsed_by) == (Step.VENDOR, Decimal("12.5"), cast.denise)
    assert deal.decision_due_at == due, "the partner was promised one hour"
    assert moves_open_to(cast.denise, deal) == []

    page = sign_in(cast.karim).get(move_address(deal, "approve")).content.decode()
    assert 'name="granted_pct"' not in page
    answer = sign_in(cast.karim).post(move_address(deal, "approve"), {"granted_pct": "1"})
    assert answer.status_code == 302
    deal.refresh_from_db()
    assert deal.granted_pct == Decimal("12.5"), "the distributor's figure stands"
    assert deal.decided_by == cast.karim


def test_the_channel_manager_may_ask_and_reject_at_the_second_step(cast):
    deal = endorsed(cast)
    actions.request_information(deal, by=cast.karim, at=LATER, text="Who decides?", fields=[])
    deal.refresh_from_db()
    assert moves_open_to(cast.denise, deal) == []
    deal = actions.answer_request(deal, by=cast.amir, at=LATER + timedelta(hours=2), answer="The CIO.")
    assert (deal.step, deal.proposed_pct) == (Step.VENDOR, Decimal("12.5"))
    deal = actions.reject_deal(deal, by=cast.karim, at=LATER + timedelta(hours=3), code="other", text="No.")
    assert Notification.objects.filter(kind="deal-rejected", recipient=cast.denise).exists()


def test_a_deal_registered_on_behalf_is_decided_by_the_vendor_with_a_figure_of_its_own(cast):
    """Rule E12: the distributor has registered, so that it does not decide."""
    deal = submitted(cast)
    Deal.objects.filter(pk=deal.pk).update(on_behalf=True, step=Step.VENDOR, needs_vendor=True)
    deal.refresh_from_db()
    assert moves_open_to(cast.denise, deal) == ["withdraw"]
    with pytest.raises(NotAllowed):
        actions.reject_deal(deal, by=cast.denise, at=LATER, code="other", text="No.")
    deal = actions.approve_deal(deal, by=cast.karim, at=LATER, granted_pct=Decimal(2))
    assert deal.granted_pct == 2


# --- rule E11: nobody judges their own ----------------------------------------------------------------


def second_membership(person: User, role: str, *, acts_under_it: bool = True, **organisation) -> User:
    """A second role of the same person, who acts under it from now on."""
    if acts_under_it:
        person.memberships.update(is_current=False)
    Membership.objects.create(user=person, role=role, is_current=acts_under_it, **organisation)
    return User.objects.get(pk=person.pk)


def test_the_registrant_never_decides_whatever_else_they_are(cast):
    deal = submitted(cast)
    amir = second_membership(cast.amir, Role.DISTRIBUTOR_APPROVER, distributor=cast.distri_nord)
    assert moves_open_to(amir, deal) == []
    for attempt in (
        lambda: actions.approve_deal(deal, by=amir, at=LATER, granted_pct=Decimal(1)),
        lambda: actions.reject_deal(deal, by=amir, at=LATER, code="other", text="No."),
        lambda: actions.request_information(deal, by=amir, at=LATER, text="?", fields=[]),
    ):
        with pytest.raises(NotAllowed):
            attempt()


def test_a_colleague_of_the_registrant_never_decides_through_a_second_membership(cast):
    """Tina of Alpha also approves for the distributor: not what Alpha registered."""
    tina = second_membership(cast.tina, Role.DISTRIBUTOR_APPROVER, distributor=cast.distri_nord)
    assert moves_open_to(tina, submitted(cast)) == []
    of_bravo = submitted(cast, cast.bruno, customer_name="Ville de Lens")
    assert "approve" in moves_open_to(tina, of_bravo)


def test_a_second_membership_counts_also_when_not_acted_under(cast):
    denise = second_membership(cast.denise, Role.PARTNER_READONLY, partner=cast.alpha, acts_under_it=False)
    assert moves_open_to(denise, submitted(cast)) == []


def test_a_membership_that_has_ended_counts_no_more(cast):
    denise = second_membership(cast.denise, Role.PARTNER_READONLY, partner=cast.alpha, acts_under_it=False)
    denise.memberships.filter(partner=cast.alpha).update(is_active=False)
    assert "approve" in moves_open_to(User.objects.get(pk=denise.pk), submitted(cast))


def test_a_channel_manager_does_not_revoke_their_own_companys_deal(cast):
    karim = second_membership(cast.karim, Role.PARTNER_SALES, partner=cast.alpha, acts_under_it=False)
    with pytest.raises(NotAllowed):
        actions.announce_revocation(
            approved(cast), by=karim, at=LATER, code="untrue_statement", text="Made up."
        )


# --- rejecting, asking, answering, closing ------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"code": "", "text": "Because."}, "code"),
        ({"code": "made_up", "text": "Because."}, "code"),
        ({"code": "other", "text": "  "}, "text"),
        ({"code": "other", "text": "x" * 4001}, "text"),
        ({}, "code"),
    ],
)
def test_a_rejection_needs_a_reason_of_the_list_and_a_text(cast, sign_in, sent, field):
    deal = submitted(cast)
    answer = sign_in(cast.denise).post(move_address(deal, "reject"), sent)
    assert answer.status_code == 200
    assert answer.context["form"].errors[field]
    deal.refresh_from_db()
    assert deal.status == DealStatus.SUBMITTED


@pytest.mark.parametrize(("code", "text", "field"), [("made_up", "x", "code"), ("other", " ", "text")])
def test_the_command_asks_for_reason_and_text_too(cast, code, text, field):
    with pytest.raises(RuleViolation) as refusal:
        actions.reject_deal(submitted(cast), by=cast.denise, at=LATER, code=code, text=text)
    assert refusal.value.field == field


def test_the_preview_shows_what_the_partner_will_read_and_decides_nothing(cast, sign_in):
    deal = submitted(cast)
    answer = sign_in(cast.olga).post(move_address(deal, "reject"), {"preview": "1"})
    assert answer.status_code == 403
    answer = sign_in(cast.denise).post(
        move_address(deal, "reject"),
        {"preview": "1", "code": "no_engagement", "text": "One call <b>only</b>."},
    )
    page = answer.content.decode()
    assert "One call &lt;b&gt;only&lt;/b&gt;." in page
    assert "Register again as soon as you can show dated work" in page or "preview" in page
    deal.refresh_from_db()
    assert deal.status == DealStatus.SUBMITTED


@pytest.mark.parametrize("code", RejectionCode.values)
def test_every_no_says_reason_text_rule_and_what_to_do_next(cast, sign_in, code):
    deal = actions.reject_deal(submitted(cast), by=cast.denise, at=LATER, code=code, text="Our words to you.")
    outcome = sign_in(cast.amir).get(deal.get_absolute_url()).context["outcome"]
    assert outcome["code"] == RejectionCode(code).label
    assert outcome["text"] == "Our words to you."
    assert outcome["rule"]
    assert outcome["advice"]


def test_only_what_was_asked_about_can_be_changed(cast, sign_in):
    deal = asked(cast, fields=("nodes",))
    browser = sign_in(cast.amir)
    form = browser.get(move_address(deal, "answer")).context["form"]
    assert form.unlocked == ["nodes"]
    answer = browser.post(
        move_address(deal, "answer"),
        {
            "answer": "All twelve.",
            "nodes": "120",
            "customer_name": "Another",
            "distributor": str(cast.third.pk),
        },
    )
    assert answer.status_code == 302
    deal.refresh_from_db()
    assert (deal.nodes, deal.customer_name, deal.distributor) == (120, "Hôpital Saint-Roch", cast.distri_nord)
    with pytest.raises(NotAllowed):
        actions.answer_request(
            asked(cast, customer_name="Ville de Lens"),
            by=cast.amir,
            at=LATER,
            answer="a",
            changes={"notes": "x"},
        )


def test_lines_and_files_are_open_only_when_asked_about(cast):
    deal = asked(cast, fields=("nodes",))
    line = LineInput(cast.products["EPS-SEL"], 10, 12)
    with pytest.raises(RuleViolation) as refusal:
        actions.answer_request(deal, by=cast.amir, at=LATER, answer="a", lines=[line])
    assert refusal.value.field == "lines"
    with pytest.raises(WrongState):
        actions.set_lines(deal, by=cast.amir, lines=[line], at=LATER)


def answer_with(cast, sign_in, deal, **sent):
    lines = {
        "lines-TOTAL_FORMS": "2",
        "lines-INITIAL_FORMS": "1",
        "lines-0-product": str(cast.products["EPS-ADV"].pk),
        "lines-0-nodes": "100",
        "lines-0-term_months": "12",
        "lines-1-product": "",
        "lines-1-nodes": "",
        "lines-1-term_months": "12",
        "evidence-TOTAL_FORMS": "2",
        "evidence-INITIAL_FORMS": "0",
    }
    return sign_in(cast.amir).post(move_address(deal, "answer"), {"answer": "Here.", **lines, **sent})


def test_an_answer_may_leave_lines_and_files_as_they_are(cast, sign_in):
    deal = asked(cast, fields=("lines", "evidence"))
    assert answer_with(cast, sign_in, deal).status_code == 302
    assert deal.lines.count() == 1


def pdf(name="minutes.pdf"):
    from django.core.files.uploadedfile import SimpleUploadedFile

    return SimpleUploadedFile(
        name, b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n", "application/pdf"
    )


def test_an_answer_brings_lines_and_files(cast, sign_in):
    deal = asked(cast, fields=("lines", "evidence"))
    answer = answer_with(
        cast,
        sign_in,
        deal,
        **{
            "lines-1-product": str(cast.products["EPS-SEL"].pk),
            "lines-1-nodes": "10",
            "evidence-0-file": pdf(),
            "evidence-0-kind": "meeting",
            "evidence-0-dated_on": "2026-11-12",
        },
    )
    assert answer.status_code == 302, answer.context["form"].formsets[1].errors
    deal.refresh_from_db()
    assert deal.lines.count() == 2
    assert deal.list_amount == Decimal("5800.00")
    assert deal.evidence.get().document.name == "minutes.pdf"


@pytest.mark.parametrize(
    "sent",
    [
        {"lines-0-DELETE": "on"},
        {"lines-0-nodes": "0"},
        {"lines-0-nodes": "99999999999"},
        {"lines-0-product": "999999"},
        {"lines-0-term_months": "13"},
        {"lines-TOTAL_FORMS": "x"},
        {"evidence-0-kind": "meeting"},
        {"evidence-0-file": "", "evidence-0-dated_on": "2026-11-12"},
        {"evidence-0-dated_on": "someday"},
        {"answer": " "},
    ],
    ids=str,
)
def test_a_bad_answer_is_sent_back_and_nothing_is_half_saved(cast, sign_in, sent):
    deal = asked(cast, fields=("lines", "evidence"))
    answer = answer_with(cast, sign_in, deal, **sent)
    assert answer.status_code == 200
    deal.refresh_from_db()
    assert deal.status == DealStatus.INFORMATION_REQUESTED
    assert deal.lines.count() == 1


@pytest.mark.parametrize(
    "sent",
    [
        {"evidence-0-kind": "nonsense"},
        {"evidence-0-dated_on": "2999-01-01"},
    ],
    ids=str,
)
def test_a_bad_file_is_refused_in_its_row(cast, sign_in, sent):
    deal = asked(cast, fields=("lines", "evidence"))
    good = {"evidence-0-file": pdf(), "evidence-0-kind": "meeting", "evidence-0-dated_on": "2026-11-12"}
    answer = answer_with(cast, sign_in, deal, **(good | sent))
    assert answer.status_code == 200
    assert answer.context["form"].evidence.errors[0]
    assert "Please choose the file again." in answer.content.decode()
    assert not deal.evidence.exists()


def test_a_file_of_an_answer_without_type_and_date_is_kept(cast, sign_in):
    deal = asked(cast, fields=("evidence",))
    bare = {"evidence-0-file": pdf(), "evidence-0-kind": "", "evidence-0-dated_on": ""}
    assert answer_with(cast, sign_in, deal, **bare).status_code == 302
    kept = deal.evidence.get()
    assert (kept.kind, kept.dated_on) == ("other", date_in("FR", timezone.now()))


def test_a_chosen_file_is_asked_for_again_when_something_else_is_wrong(cast, sign_in):
    deal = asked(cast, fields=("evidence",))
    page = sign_in(cast.amir).get(move_address(deal, "answer")).content.decode()
    assert "Choose a type" in page and "---------" not in page
    today = date_in("FR", timezone.now())
    assert f'value="{today:%Y-%m-%d}"' in page
    good = {"evidence-0-file": pdf(), "evidence-0-kind": "meeting", "evidence-0-dated_on": "2026-11-12"}
    answer = answer_with(cast, sign_in, deal, **good, answer=" ")
    rows = answer.context["form"].evidence.forms
    assert rows[0].errors == {"file": ["Please choose the file again."]}
    assert not rows[1].errors


@pytest.mark.parametrize(
    ("fields", "changes", "field"),
    [
        (("customer_country",), {"customer_country": "DE"}, "customer_country"),
        (("expected_close_on",), {"expected_close_on": date(2020, 1, 1)}, "expected_close_on"),
        (("company_number",), {"company_number": "FR00000000000"}, "company_number"),
        (("web_domain",), {"web_domain": "not a domain"}, "web_domain"),
        (("customer_name",), {"customer_name": ""}, "customer_name"),
        (("customer_name",), {"customer_name": "Ville de Lens"}, "customer_name"),
    ],
    ids=str,
)
def test_an_answer_obeys_the_rules_of_a_registration(cast, fields, changes, field):
    submitted(cast, cast.alice, customer_name="Ville de Lens")
    deal = asked(cast, fields=fields)
    with pytest.raises(RuleViolation) as refusal:
        actions.answer_request(deal, by=cast.amir, at=LATER, answer="Here.", changes=changes)
    assert refusal.value.field == field


def test_an_answer_within_the_rules_changes_country_and_date(cast):
    cast.alpha.authorised_countries = ["FR", "BE"]
    cast.alpha.save()
    deal = asked(cast, fields=("customer_country", "expected_close_on"))
    changes = {"customer_country": "BE", "expected_close_on": date(2027, 3, 1)}
    deal = actions.answer_request(deal, by=cast.amir, at=LATER, answer="Belgium.", changes=changes)
    deal = looked_at(deal)
    assert (deal.customer_country, deal.customer.country) == ("BE", "BE")


@pytest.mark.parametrize(
    ("text", "fields", "field"),
    [(" ", [], "text"), ("?", ["granted_pct"], "fields"), ("?", ["partner"], "fields")],
)
def test_a_question_has_a_text_and_asks_for_listed_information(cast, text, fields, field):
    with pytest.raises(RuleViolation) as refusal:
        actions.request_information(submitted(cast), by=cast.denise, at=LATER, text=text, fields=fields)
    assert refusal.value.field == field


def test_a_question_sent_with_a_made_up_field_is_refused_on_the_form(cast, sign_in):
    deal = submitted(cast)
    answer = sign_in(cast.denise).post(
        move_address(deal, "request_information"), {"text": "?", "fields_asked": ["granted_pct"]}
    )
    assert answer.context["form"].errors["fields_asked"]


@pytest.mark.parametrize("how", ["withdraw", "reject"])
def test_a_deal_that_ends_while_asked_closes_its_question(cast, how):
    deal = asked(cast)
    if how == "withdraw":
        actions.withdraw_deal(deal, by=cast.amir, at=LATER, reason="Project stopped.")
    else:
        actions.reject_deal(deal, by=cast.denise, at=LATER, code="incomplete", text="No answer.")
    question = deal.questions.get()
    assert question.answered_at == LATER
    assert question.answer == ""


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"order_reference": " "}, "order_reference"),
        ({"order_date": "2999-01-01"}, "order_date"),
        ({"order_date": "2020-01-01"}, "order_date"),
        ({"order_date": "yesterday"}, "order_date"),
        ({"order_amount": "0"}, "order_amount"),
        ({"order_amount": "-5"}, "order_amount"),
        ({"order_amount": "1,234"}, "order_amount"),
        ({"order_amount": "99999999999999999"}, "order_amount"),
        ({"order_reference": "x" * 61}, "order_reference"),
    ],
    ids=str,
)
def test_a_won_deal_names_its_order(cast, sign_in, sent, field, time_machine_at):
    deal = approved(cast)
    good = {"order_reference": "X-1", "order_date": "2026-11-24", "order_amount": "4 850,00"}
    with time_machine_at(LATER):
        answer = sign_in(cast.amir).post(move_address(deal, "report_won"), good | sent)
    assert answer.status_code == 200
    assert answer.context["form"].errors[field]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"order_reference": ""}, "order_reference"),
        ({"order_date": date(2999, 1, 1)}, "order_date"),
        ({"order_date": date(2026, 11, 22)}, "order_date"),
        ({"order_amount": Decimal(0)}, "order_amount"),
    ],
    ids=str,
)
def test_the_command_checks_the_order_too(cast, change, field):
    good = {"order_reference": "X", "order_date": date(2026, 11, 24), "order_amount": Decimal(1)}
    with pytest.raises(RuleViolation) as refusal:
        actions.report_won(approved(cast), by=cast.amir, at=LATER, **(good | change))
    assert refusal.value.field == field


@pytest.mark.parametrize(
    ("typed", "amount"),
    [
        ("4850", "4850"),
        ("4 850,50", "4850.50"),
        ("4.850,50", "4850.50"),
        ("4,850.50", "4850.50"),
        ("4850,5 €", "4850.5"),
    ],
)
def test_an_amount_is_read_as_people_write_it(cast, sign_in, typed, amount, time_machine_at):
    deal = approved(cast)
    sent = {"order_reference": "X-1", "order_date": "2026-11-24", "order_amount": typed}
    with time_machine_at(LATER):
        assert sign_in(cast.amir).post(move_address(deal, "report_won"), sent).status_code == 302
    deal.refresh_from_db()
    assert deal.order_amount == Decimal(amount)


@pytest.mark.parametrize(
    ("code", "text", "field"),
    [("x", "t", "code"), ("overruled", "t", "code"), ("customer_choice", " ", "text")],
)
def test_a_revocation_needs_grounds(cast, code, text, field):
    with pytest.raises(RuleViolation) as refusal:
        actions.announce_revocation(approved(cast), by=cast.karim, at=LATER, code=code, text=text)
    assert refusal.value.field == field


def test_a_lost_deal_needs_a_reason_of_the_list(cast):
    with pytest.raises(RuleViolation) as refusal:
        actions.report_lost(approved(cast), by=cast.amir, at=LATER, code="bad luck")
    assert refusal.value.field == "code"


def test_an_order_is_confirmed_once(cast):
    deal = won(cast)
    actions.confirm_order(deal, by=cast.denise, at=LATER)
    with pytest.raises(WrongState):
        actions.confirm_order(deal, by=cast.denise, at=LATER)
    assert (
        Notification.objects.filter(kind="deal-won", key__endswith=":confirmed", recipient=cast.amir).count()
        == 1
    )


# --- lines, numbers, suppliers --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sku", "nodes", "term", "code"),
    [
        ("TOT-01", 10, 12, "other-group"),
        ("EPS-ADV", 0, 12, "bad-nodes"),
        ("EPS-ADV", 1_000_001, 12, "bad-nodes"),
        ("EPS-ADV", 10, 13, "no-price"),
    ],
)
def test_lines_are_of_the_deals_group_and_have_a_price(cast, sku, nodes, term, code):
    deal = draft(cast)
    with pytest.raises(RuleViolation) as refusal:
        actions.set_lines(deal, by=cast.amir, lines=[LineInput(cast.products[sku], nodes, term)], at=MONDAY)
    assert refusal.value.code == code
    assert deal.lines.count() == 1


def test_an_amount_beyond_all_reason_is_refused(cast):
    Price.objects.filter(product=cast.products["EPS-ADV"]).update(per_node=Decimal("9999999999.99"))
    with pytest.raises(RuleViolation) as refusal:
        actions.set_lines(
            draft(cast), by=cast.amir, lines=[LineInput(cast.products["EPS-ADV"], 1000, 12)], at=MONDAY
        )
    assert refusal.value.code == "too-large"


def test_without_a_price_list_there_are_no_lines(cast):
    deal = draft(cast)
    PriceList.objects.update(valid_until=date(2020, 1, 1))
    with pytest.raises(RuleViolation) as refusal:
        actions.set_lines(deal, by=cast.amir, lines=[LineInput(cast.products["EPS-ADV"], 10, 12)], at=MONDAY)
    assert refusal.value.code == "no-price-list"
    assert actions.start_draft(by=cast.amir, at=MONDAY).currency == "EUR"


def test_an_answer_with_lines_needs_a_price_list_too(cast, sign_in):
    deal = asked(cast, fields=("lines", "evidence"))
    PriceList.objects.update(valid_until=date(2020, 1, 1))
    assert answer_with(cast, sign_in, deal).status_code == 200
    deal.refresh_from_db()
    assert deal.status == DealStatus.INFORMATION_REQUESTED


def test_a_line_that_lost_its_price_is_refused_at_its_place(cast, sign_in):
    deal = asked(cast, fields=("lines",))
    Price.objects.filter(product=cast.products["EPS-ADV"], term_months=12, nodes_from__lte=100).delete()
    Price.objects.filter(product=cast.products["EPS-ADV"], term_months=12).update(nodes_from=5000)
    answer = answer_with(cast, sign_in, deal)
    assert answer.status_code == 200
    assert answer.context["form"].lines.forms[0].non_field_errors()


def test_two_files_of_which_one_is_refused_are_sent_back_together(cast, sign_in):
    deal = asked(cast, fields=("lines", "evidence"))
    sent = {}
    for row, day in ((0, "2026-11-12"), (1, "2999-01-01")):
        sent |= {
            f"evidence-{row}-file": pdf(),
            f"evidence-{row}-kind": "offer",
            f"evidence-{row}-dated_on": day,
        }
    answer = answer_with(cast, sign_in, deal, **sent)
    assert answer.status_code == 200
    assert answer.context["form"].non_field_errors()
    assert not deal.evidence.exists()


def test_every_unlocked_field_has_a_place_in_the_answer(cast, sign_in):
    deal = asked(cast, fields=tuple(UNLOCKABLE))
    form = sign_in(cast.amir).get(move_address(deal, "answer")).context["form"]
    assert set(form.unlocked) == {name for names in UNLOCKABLE.values() for name in names}
    assert [str(label) for _code, label in form.fields["customer_country"].choices] == ["France"]
    assert len(form.formsets) == 2


def test_a_question_answered_by_a_colleague_a_moment_ago(cast, sign_in):
    deal = asked(cast)
    deal.questions.update(answered_at=LATER)
    answer = sign_in(cast.amir).get(move_address(deal, "answer"), follow=True)
    assert "moved on in the meantime" in answer.content.decode()


def test_nothing_is_unlocked_without_an_open_question(cast):
    deal = asked(cast, fields=("lines",))
    with pytest.raises(WrongState):
        actions.save_draft(deal, by=cast.amir, changes={"nodes": 1})
    deal.questions.update(answered_at=LATER)
    with pytest.raises(WrongState):
        actions.set_lines(deal, by=cast.amir, lines=[], at=LATER)


def test_a_number_that_is_taken_is_drawn_again(cast, monkeypatch):
    taken = draft(cast)
    drawn = iter([taken.reference, taken.reference, "DR-000000"])
    monkeypatch.setattr("dealreg.deals.actions.drafting.new_reference", lambda prefix: next(drawn))
    assert actions.start_draft(by=cast.amir, at=MONDAY).reference == "DR-000000"


def test_a_distributor_that_no_longer_supplies_the_partner_is_refused(cast):
    deal = draft(cast)
    cast.alpha.supplies.update(ended_on=date(2026, 11, 1))
    with pytest.raises(RuleViolation) as refusal:
        actions.submit_deal(deal, by=cast.amir, at=MONDAY)
    assert (refusal.value.field, refusal.value.rule) == ("distributor", "A3")
    assert actions.start_draft(by=cast.amir, at=MONDAY).distributor is None


@pytest.mark.parametrize("missing", ["customer_name", "engagement", "nodes", "lines"])
def test_a_registration_is_complete(cast, missing):
    deal = draft(cast)
    if missing == "lines":
        actions.set_lines(deal, by=cast.amir, lines=[], at=MONDAY)
    else:
        actions.save_draft(deal, by=cast.amir, changes={missing: None if missing == "nodes" else ""})
    with pytest.raises(RuleViolation) as refusal:
        actions.submit_deal(deal, by=cast.amir, at=MONDAY)
    assert refusal.value.field == missing


# --- comments and files -------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["", "   ", "x" * 4001])
def test_a_comment_says_something_of_at_most_4000_characters(cast, text):
    with pytest.raises(RuleViolation) as refusal:
        actions.add_comment(submitted(cast), by=cast.amir, at=LATER, text=text)
    assert refusal.value.field == "text"


def test_a_draft_has_nobody_to_talk_to(cast):
    with pytest.raises(WrongState):
        actions.add_comment(draft(cast), by=cast.amir, at=LATER, text="Hello?")


def test_a_comment_is_told_to_the_other_sides(cast):
    deal = submitted(cast)
    actions.add_comment(deal, by=cast.amir, at=LATER, text="A quotation this week?")
    assert short_names_told("deal-comment") == {"Denise", "Alice"}
    Notification.objects.all().delete()
    actions.add_comment(deal, by=cast.denise, at=LATER, text="For us.", is_internal=True)
    assert short_names_told("deal-comment") == set()
    actions.add_comment(deal, by=cast.karim, at=LATER, text="For us.", is_internal=True)
    assert short_names_told("deal-comment") == {"Denise"}


def test_files_have_kind_date_and_number(cast):
    deal = draft(cast)
    for change, field in (
        ({"kind": "novel"}, "kind"),
        ({"dated_on": date(2999, 1, 1)}, "dated_on"),
    ):
        good = {"kind": "meeting", "dated_on": date(2026, 11, 12)}
        with pytest.raises(RuleViolation) as refusal:
            actions.attach_evidence(deal, by=cast.amir, at=MONDAY, upload=pdf(), **(good | change))
        assert refusal.value.field == field
    for number in range(settings.UPLOAD_MAX_FILES):
        evidence = actions.attach_evidence(
            deal,
            by=cast.amir,
            at=MONDAY,
            upload=pdf(f"{number}.pdf"),
            kind="offer",
            dated_on=date(2026, 11, 12),
        )
    with pytest.raises(RuleViolation) as refusal:
        actions.attach_evidence(
            deal, by=cast.amir, at=MONDAY, upload=pdf(), kind="offer", dated_on=date(2026, 11, 12)
        )
    assert refusal.value.code == "too-many"
    actions.remove_evidence(evidence, by=cast.amir)
    assert deal.evidence.count() == settings.UPLOAD_MAX_FILES - 1
    actions.discard_draft(deal, by=cast.amir)
    assert not Deal.objects.exists()


def test_files_of_a_question_are_recorded(cast):
    deal = asked(cast, fields=("evidence",))
    evidence = actions.attach_evidence(
        deal, by=cast.amir, at=LATER, upload=pdf(), kind="offer", dated_on=date(2026, 11, 12)
    )
    assert Event.objects.filter(verb="deal.evidence_added").count() == 1
    with pytest.raises(WrongState):
        actions.remove_evidence(evidence, by=cast.amir)


def test_a_stranger_touches_no_draft(cast):
    deal = draft(cast)
    for attempt in (
        lambda: actions.save_draft(deal, by=cast.bruno, changes={"nodes": 1}),
        lambda: actions.discard_draft(deal, by=cast.bruno),
        lambda: actions.set_lines(deal, by=cast.denise, lines=[], at=MONDAY),
        lambda: actions.save_draft(deal, by=cast.amir, changes={"status": "approved"}),
    ):
        with pytest.raises(NotAllowed):
            attempt()
    with pytest.raises(WrongState):
        actions.discard_draft(submitted(cast, customer_name="Ville de Lens"), by=cast.amir)


# --- two at once: real threads on the real database ---------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_two_approvals_at_once_give_one():
    cast = make_cast()
    other = User.objects.create(email="delphine@distri-nord.example", full_name="Delphine Roy")
    Membership.objects.create(user=other, role=Role.DISTRIBUTOR_APPROVER, distributor=cast.distri_nord)
    for number in range(5):
        deal = submitted(cast, customer_name=f"Ville numéro {number}")
        results = at_once(
            lambda deal=deal: actions.approve_deal(deal, by=cast.denise, at=LATER, granted_pct=Decimal(1)),
            lambda deal=deal: actions.approve_deal(deal, by=other, at=LATER, granted_pct=Decimal(2)),
            lambda deal=deal: actions.reject_deal(deal, by=cast.denise, at=LATER, code="other", text="No."),
        )
        assert sum(isinstance(result, Deal) for result in results) == 1, results
        assert sum(isinstance(result, WrongState) for result in results) == 2, results
        decided = Event.objects.about(deal).filter(verb__in=["deal.approved", "deal.rejected"])
        assert decided.count() == 1
    assert (
        Notification.objects.filter(kind__in=["deal-approved", "deal-rejected"], recipient=cast.amir).count()
        == 5
    )


@pytest.mark.django_db(transaction=True)
def test_two_registrations_of_one_customer_at_once_give_a_first_and_a_conflict():
    cast = make_cast()
    for number in range(5):
        name = f"Clinique numéro {number}"
        drafts = [draft(cast, by, customer_name=name) for by in (cast.amir, cast.bruno, cast.carla)]
        Deal.objects.filter(pk=drafts[2].pk).update(customer_country="BE", web_domain="clinique.example")
        results = at_once(
            lambda drafts=drafts: actions.submit_deal(drafts[0], by=cast.amir, at=MONDAY),
            lambda drafts=drafts: actions.submit_deal(
                drafts[1], by=cast.bruno, at=MONDAY + timedelta(microseconds=1)
            ),
        )
        assert all(isinstance(result, Deal) for result in results), results
        at_once(*[lambda: actions.look_at_due(at=LATER)] * 2)
        conflict = Conflict.objects.get(later=drafts[1])
        assert conflict.earlier == drafts[0], "the earlier submission is served first"
        assert Customer.objects.filter(name=name).count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_registration_and_the_end_of_its_rival_at_once_leave_no_open_conflict_behind():
    """Whichever comes first, nobody waits for a rival that has ended, and nobody waits for a lock."""
    cast = make_cast()
    for number in range(8):
        rival = submitted(cast, cast.amir, customer_name=f"Mairie numéro {number}")
        new = draft(cast, cast.bruno, customer_name=f"Mairie numéro {number}")
        results = at_once(
            lambda rival=rival: actions.withdraw_deal(rival, by=cast.amir, at=timezone.now()),
            lambda new=new: actions.submit_deal(new, by=cast.bruno, at=timezone.now()),
        )
        assert all(isinstance(result, Deal) for result in results), results
        at_once(
            lambda rival=rival: actions.look_for_conflicts(rival, at=LATER),
            lambda new=new: actions.look_for_conflicts(new, at=LATER),
        )
        assert not Conflict.objects.open().exists()


@pytest.mark.django_db(transaction=True)
def test_a_refusal_and_the_look_at_its_rival_do_not_lock_each_other():
    cast = make_cast()
    for number in range(8):
        earlier = submitted(cast, cast.amir, customer_name=f"Commune numéro {number}")
        later = draft(cast, cast.bruno, customer_name=f"Commune numéro {number}")
        actions.submit_deal(later, by=cast.bruno, at=MONDAY + timedelta(hours=1))
        results = at_once(
            lambda deal=earlier: actions.reject_deal(
                deal, by=cast.denise, at=LATER, code="other", text="No."
            ),
            lambda deal=later: actions.look_for_conflicts(deal, at=LATER),
        )
        assert isinstance(results[0], Deal) and results[1] is True, results
        assert not Conflict.objects.open().exists()


@pytest.mark.django_db(transaction=True)
def test_an_approval_and_a_registration_of_the_same_customer_do_not_lock_each_other():
    cast = make_cast()
    for number in range(8):
        first = submitted(cast, cast.amir, customer_name=f"Usine numéro {number}")
        new = draft(cast, cast.bruno, customer_name=f"Usine numéro {number}")
        results = at_once(
            lambda first=first: actions.approve_deal(first, by=cast.denise, at=LATER, granted_pct=Decimal(1)),
            lambda new=new: looked_at(actions.submit_deal(new, by=cast.bruno, at=LATER)),
        )
        assert all(isinstance(result, Deal) for result in results), results
        assert Conflict.objects.open().filter(later=new, earlier=first).exists()


def test_the_advice_after_a_no_counts_the_months_of_the_edition(cast):
    terms = rulebook_on(MONDAY.date()).deal_registration
    said = rejection_advice(RejectionCode.NOT_NEW_BUSINESS, replace(terms, new_business_lookback_months=18))
    assert "more than 18 months back" in said
    assert rejection_advice("unknown", terms) == ""


def test_whoever_submits_has_registered_it_also_when_a_colleague_began_the_draft(cast):
    """Rule E11: the submitter never decides on it, wherever they work later."""
    Membership.objects.filter(user=cast.tina).update(role=Role.PARTNER_SALES)
    tina = cast.again(cast.tina)
    deal = actions.submit_deal(draft(cast, cast.amir, at=MONDAY), by=tina, at=MONDAY)
    assert deal.registered_by == tina
    assert Notification.objects.filter(kind="deal-submitted", recipient=tina).exists()
    Membership.objects.filter(user=tina).update(
        partner=None, distributor=cast.distri_nord, role=Role.DISTRIBUTOR_APPROVER
    )
    with pytest.raises(NotAllowed):
        actions.approve_deal(deal, by=cast.again(tina), at=LATER, granted_pct=Decimal(1))


def test_an_order_after_the_protection_was_not_won_under_it(cast):
    deal = approved(cast)
    after = datetime(2027, 6, 1, 12, tzinfo=UTC)
    with pytest.raises(RuleViolation) as refusal:
        actions.report_won(
            deal,
            by=cast.amir,
            at=after,
            order_reference="N-1",
            order_date=deal.protected_until + timedelta(days=1),
            order_amount=Decimal(1),
        )
    assert refusal.value.code == "after-protection"
    won = actions.report_won(
        deal,
        by=cast.amir,
        at=after,
        order_reference="N-1",
        order_date=deal.protected_until,
        order_amount=Decimal(1),
    )
    assert won.status == DealStatus.WON
