"""A discount for the end customer: asked for by the partner, granted by the vendor (rules C13, E11, E14)."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from hypothesis import given
from hypothesis import strategies as some

from dealreg.deals import actions, rules
from dealreg.deals.actions.drafting import LineInput
from dealreg.deals.models import Deal, DealLine, DiscountRequest
from dealreg.deals.tasks import watch_discounts
from dealreg.deals.waiting_work import discounts_waiting
from partners.organisations.models import Membership
from portal.accounts.roles import Role
from portal.audit.models import Event
from portal.core.errors import NotAllowed, RuleViolation, WrongState
from portal.notifications.actions import deliver_due
from tests.dealreg.deals import stages
from tests.dealreg.deals.stages import LATER, in_english
from tests.told import addresses_told

SOON = LATER + timedelta(hours=2)
WHY = "The customer's budget was cut by a tenth."
CENTS = some.decimals(min_value=0, max_value=10**9, places=2)


# --- the rules


@given(some.lists(CENTS, min_size=1, max_size=12), some.integers(0, 1000))
def test_a_spread_loses_no_cent_and_passes_no_line(amounts, share):
    total = (sum(amounts, Decimal(0)) * share / 1000).quantize(Decimal("0.01"), "ROUND_DOWN")
    parts = rules.spread(total, amounts)
    assert sum(parts, Decimal(0)) == total
    assert all(0 <= part <= amount for part, amount in zip(parts, amounts, strict=True))


LINES = [Decimal("300.00"), Decimal("100.00")]


@pytest.mark.parametrize(
    "said, asked",
    [
        ({"unit": "amount", "whole": Decimal(40)}, ["30.00", "10.00"]),
        ({"unit": "pct", "whole": Decimal(10)}, ["30.00", "10.00"]),
        ({"unit": "amount", "by_line": [Decimal(5), None]}, ["5", "0"]),
        ({"unit": "pct", "by_line": [None, Decimal("12.5")]}, ["0.00", "12.50"]),
        ({"unit": "amount", "whole": Decimal(400)}, ["300.00", "100.00"]),
    ],
)
def test_an_amount_or_per_cent_for_the_deal_or_by_line(said, asked):
    assert rules.asked_amounts(LINES, **said) == [Decimal(amount) for amount in asked]


@pytest.mark.parametrize(
    "said, field",
    [
        ({"unit": "amount"}, "whole"),
        ({"unit": "amount", "whole": Decimal(0)}, "whole"),
        ({"unit": "amount", "whole": Decimal("400.01")}, "whole"),
        ({"unit": "amount", "whole": Decimal(-1)}, "whole"),
        ({"unit": "pct", "whole": Decimal("100.01")}, "whole"),
        ({"unit": "pct", "whole": Decimal("0.001")}, "whole"),
        ({"unit": "amount", "by_line": [Decimal(301), None]}, "line_0"),
        ({"unit": "pct", "by_line": [None, Decimal(101)]}, "line_1"),
        ({"unit": "amount", "by_line": [Decimal(-5), None]}, "whole"),
        ({"unit": "amount", "by_line": [Decimal(5)]}, "whole"),
        ({"unit": "pct", "by_line": [Decimal("0.0001"), None]}, "whole"),
    ],
)
def test_nothing_and_more_than_the_list_price_are_refused(said, field):
    with pytest.raises(RuleViolation) as refused:
        rules.asked_amounts(LINES, **said)
    assert refused.value.field == field


@pytest.mark.parametrize(
    "granted, outcome", [([0, 0], "refused"), ([3, 1], "partly"), ([30, 10], "granted"), ([30, 0], "partly")]
)
def test_how_a_request_ends_follows_from_what_is_granted(granted, outcome):
    asked = [Decimal(30), Decimal(10)]
    assert rules.check_discount_granted([Decimal(one) for one in granted], asked) == outcome
    with pytest.raises(RuleViolation):
        rules.check_discount_granted([Decimal(31), Decimal(0)], asked)


# --- asking


def asked(cast, deal=None, *, by=None, at=SOON, **more):
    said = {"reason": WHY, "whole": Decimal("540.00")} | more
    return actions.ask_discount(deal or stages.approved(cast), by=by or cast.amir, at=at, **said)


@pytest.mark.django_db
@pytest.mark.parametrize("stage", ["submitted", "asked", "approved"])
def test_it_is_asked_for_under_review_and_while_protected(cast, stage):
    request = asked(cast, stages.STAGES[stage](cast), competitor="Other Shield 9")
    assert (request.asked_amount, request.currency, request.competitor) == (540, "EUR", "Other Shield 9")
    assert addresses_told("discount-asked") == {cast.karim.email}
    assert list(discounts_waiting(cast.karim, SOON)) == [request.deal]
    assert list(discounts_waiting(cast.august, SOON)) == []
    assert Event.objects.get(verb="deal.discount_asked").reason == WHY


@pytest.mark.django_db
@pytest.mark.parametrize("stage", ["draft", "rejected", "withdrawn", "won", "lost", "expired", "revoked"])
def test_not_before_and_not_after(cast, stage):
    with pytest.raises(WrongState):
        asked(cast, stages.STAGES[stage](cast))


@pytest.mark.django_db
@pytest.mark.parametrize("person", ["tina", "adam", "denise", "karim", "bruno"])
def test_others_ask_for_none(cast, person):
    with pytest.raises(NotAllowed):
        asked(cast, by=getattr(cast, person))


@pytest.mark.django_db
def test_the_side_is_asked_as_well(cast, monkeypatch):
    request = asked(cast)
    monkeypatch.setattr("dealreg.deals.actions.discounts.side_of", lambda *_: "")
    with pytest.raises(NotAllowed):
        actions.withdraw_discount_request(request, by=cast.amir, at=SOON)
    Deal.objects.filter(pk=request.deal.pk)
    with pytest.raises(NotAllowed):
        asked(cast, stages.submitted(cast, customer_name="Port de Sète"))


@pytest.mark.django_db
def test_one_request_at_a_time_by_rule_and_by_table(cast):
    request = asked(cast)
    with pytest.raises(WrongState):
        asked(cast, request.deal)
    request.pk = None
    with pytest.raises(IntegrityError), transaction.atomic():
        request.save(force_insert=True)


@pytest.mark.django_db
def test_a_reason_is_needed(cast):
    with pytest.raises(RuleViolation) as refused:
        asked(cast, reason=" ")
    assert refused.value.field == "reason"


@pytest.mark.django_db
def test_withdrawn_it_makes_room_for_another(cast):
    request = asked(cast)
    with pytest.raises(NotAllowed):
        actions.withdraw_discount_request(request, by=cast.karim, at=SOON)
    assert actions.withdraw_discount_request(request, by=cast.alice, at=SOON).outcome == "withdrawn"
    with pytest.raises(WrongState):
        actions.withdraw_discount_request(request, by=cast.alice, at=SOON)
    assert asked(cast, request.deal, whole=Decimal(10), unit="pct").asked_amount == 540


# --- deciding


def decide(cast, request, amount="540", by=None, text="In line with the region."):
    return actions.decide_discount(request, by=by or cast.karim, at=SOON, amount=Decimal(amount), text=text)


@pytest.mark.django_db
@pytest.mark.parametrize("amount, outcome", [("540", "granted"), ("200.01", "partly"), ("0", "refused")])
def test_granted_in_full_in_part_or_not_at_all(cast, amount, outcome):
    request = decide(cast, asked(cast), amount)
    deal = Deal.objects.get(pk=request.deal_id)
    assert (request.outcome, deal.end_user_discount) == (outcome, Decimal(amount))
    assert deal.net_amount == Decimal(5400) - Decimal(amount)
    assert sum(line.end_user_discount for line in deal.lines.all()) == Decimal(amount)
    assert addresses_told("discount-decided") == {cast.amir.email, cast.alice.email, cast.denise.email}
    with pytest.raises(WrongState):
        decide(cast, request)


@pytest.mark.django_db
@pytest.mark.parametrize("amount", ["540.01", "-1"])
def test_never_more_than_was_asked_for(cast, amount):
    with pytest.raises(RuleViolation) as refused:
        decide(cast, asked(cast), amount)
    assert refused.value.code == "more-than-asked"


@pytest.mark.django_db
def test_a_decision_has_a_reason(cast):
    with pytest.raises(RuleViolation) as refused:
        decide(cast, asked(cast), text=" ")
    assert refused.value.field == "text"


@pytest.mark.django_db
@pytest.mark.parametrize("person", ["amir", "denise", "august", "ingrid"])
def test_others_grant_nothing(cast, person):
    with pytest.raises(NotAllowed):
        decide(cast, asked(cast), by=getattr(cast, person))


@pytest.mark.django_db
def test_nobody_grants_to_their_own_organisation(cast):
    request = asked(cast)
    Membership.objects.create(user=cast.karim, role=Role.PARTNER_READONLY, partner=cast.alpha)
    with pytest.raises(RuleViolation) as refused:
        decide(cast, request)
    assert refused.value.rule == "E11"
    with pytest.raises(IntegrityError), transaction.atomic():
        DiscountRequest.objects.filter(pk=request.pk).update(
            outcome="refused", outcome_text="No.", decided_by=cast.amir, decided_at=SOON
        )


@pytest.mark.django_db
def test_what_is_granted_under_review_survives_the_approval(cast):
    deal = stages.submitted(cast)
    decide(cast, asked(cast, deal))
    deal = actions.approve_deal(deal, by=cast.denise, at=SOON, granted_pct=Decimal("3.5"))
    assert (deal.status, deal.end_user_discount) == ("approved", Decimal(540))


@pytest.mark.django_db
def test_a_new_grant_replaces_the_one_before(cast):
    first = decide(cast, asked(cast))
    again = decide(cast, asked(cast, first.deal, whole=Decimal(100)), "100")
    assert Deal.objects.get(pk=again.deal_id).end_user_discount == 100
    refused = decide(cast, asked(cast, first.deal, whole=Decimal(900)), "0")
    assert Deal.objects.get(pk=refused.deal_id).end_user_discount == 100


@pytest.mark.django_db
def test_lines_that_change_lose_it_and_the_others_keep_it(cast):
    deal = stages.asked(cast, fields=("lines",))
    decide(cast, asked(cast, deal))
    adv, sel = cast.products["EPS-ADV"], cast.products["EPS-SEL"]
    actions.answer_request(
        deal, by=cast.amir, at=SOON, answer="More.", lines=[LineInput(adv, 100, 12), LineInput(sel, 10, 12)]
    )
    deal = Deal.objects.get(pk=deal.pk)
    assert [line.end_user_discount for line in deal.lines.all()] == [Decimal(540), Decimal(0)]
    assert deal.end_user_discount == 540


@pytest.mark.django_db
def test_a_request_for_lines_that_have_changed_can_only_be_refused(cast):
    deal = stages.asked(cast, fields=("lines",))
    request = asked(cast, deal)
    adv = cast.products["EPS-ADV"]
    actions.answer_request(deal, by=cast.amir, at=SOON, answer="Fewer.", lines=[LineInput(adv, 90, 12)])
    with pytest.raises(RuleViolation) as refused:
        decide(cast, request)
    assert refused.value.code == "lines-changed"
    assert decide(cast, request, "0").outcome == "refused"


@pytest.mark.django_db
def test_the_tables_hold_no_discount_above_the_list_price(cast):
    deal = stages.approved(cast)
    for rows in (Deal.objects.filter(pk=deal.pk), DealLine.objects.filter(deal=deal)):
        with pytest.raises(IntegrityError), transaction.atomic():
            rows.update(end_user_discount=Decimal("5400.01"))


# --- reminders


@pytest.mark.django_db
def test_half_time_and_overdue_are_told_once(cast):
    request = asked(cast)
    for _run in range(2):
        watch_discounts(request.half_time_at)
    assert addresses_told("discount-half-time") == {cast.karim.email}
    late = request.due_at + timedelta(minutes=1)
    assert watch_discounts(late)["overdue discount requests escalated"] == 1
    assert watch_discounts(late)["overdue discount requests escalated"] == 0
    assert addresses_told("discount-overdue") == {cast.karim.email, cast.nora.email}
    request.refresh_from_db()
    assert not actions.remind_of_discount(request, at=late)
    assert not actions.escalate_discount(request, at=late)
    assert not actions.lapse_discount(request, at=late)


WON = {"order_reference": "X-1", "order_date": SOON.date(), "order_amount": Decimal(10)}
ENDS = {
    "won": lambda deal, cast: actions.report_won(deal, by=cast.amir, at=SOON, **WON),
    "lost": lambda deal, cast: actions.report_lost(deal, by=cast.amir, at=SOON, code="price"),
    "expired": lambda deal, cast: actions.expire_deal(deal, at=SOON + timedelta(days=92)),
    "revoked": lambda deal, cast: actions.decide_revocation(
        stages.announced(cast, deal), by=cast.karim, at=SOON + timedelta(days=30), revoke=True, text="Heard."
    ),
}


@pytest.mark.django_db
@pytest.mark.parametrize("end", ENDS)
def test_a_request_ends_with_its_deal(cast, end):
    request = asked(cast)
    ENDS[end](request.deal, cast)
    request.refresh_from_db()
    assert request.outcome == "lapsed"
    assert Event.objects.about(request.deal).filter(verb="deal.discount_lapsed").count() == 1
    with pytest.raises(WrongState):
        decide(cast, request)
    assert list(discounts_waiting(cast.karim, SOON)) == []
    assert watch_discounts(SOON)["discount requests of ended deals closed"] == 0


@pytest.mark.django_db
def test_a_request_ends_with_a_registration_that_is_withdrawn_or_rejected(cast):
    for end in (
        lambda deal: actions.withdraw_deal(deal, by=cast.amir, at=SOON),
        lambda deal: actions.reject_deal(deal, by=cast.denise, at=SOON, code="other", text="No."),
    ):
        request = asked(cast, stages.submitted(cast))
        end(request.deal)
        request.refresh_from_db()
        assert request.outcome == "lapsed"


@pytest.mark.django_db
def test_the_page_says_that_the_request_lapses_with_a_win(cast, sign_in):
    request = asked(cast)
    page = sign_in(stages.in_english(cast).amir).get(request.deal.get_absolute_url()).content.decode()
    assert "It lapses when the deal is won or ends" in page


@pytest.mark.django_db
def test_nothing_is_granted_for_a_deal_that_has_ended(cast):
    request = asked(cast)
    ENDS["lost"](request.deal, cast)
    type(request).objects.filter(pk=request.pk).update(outcome="open", decided_at=None)
    with pytest.raises(WrongState) as refusal:
        decide(cast, request)
    assert "This deal has ended" in str(refusal.value)


@pytest.mark.django_db
def test_what_an_older_deal_left_open_is_closed_by_the_sweep(cast):
    request = asked(cast)
    ENDS["lost"](request.deal, cast)
    type(request).objects.filter(pk=request.pk).update(outcome="open", decided_at=None)
    assert watch_discounts(SOON)["discount requests of ended deals closed"] == 1
    assert watch_discounts(SOON)["discount requests of ended deals closed"] == 0


@pytest.mark.django_db
def test_a_decision_without_an_outcome_says_so_on_its_field(cast, sign_in, time_machine_at):
    request = asked(cast)
    stages.in_english(cast)
    with time_machine_at(SOON):
        page = sign_in(cast.karim).post(
            f"{request.deal.get_absolute_url()}discount/decide/", {"text": "Yes."}
        )
    assert page.context["form"].errors == {"decision": ["Choose one of the outcomes."]}
    field = page.content.decode().split('id="div_id_decision"')[1].split('id="div_id_amount"')[0]
    assert "Choose one of the outcomes." in field


# --- pages


@pytest.mark.django_db
def test_from_the_deals_page_to_the_figures(cast, sign_in, time_machine_at):
    in_english(cast)
    deal = stages.approved(cast)
    amir, karim = sign_in(cast.amir), sign_in(cast.karim)
    base = f"/deals/{deal.reference}/"
    with time_machine_at(SOON):
        assert f"{base}discount/" in amir.get(base).content.decode()
        assert amir.get(f"{base}discount/").status_code == 200
        for wrong, field in (
            ({"unit": "amount", "whole": "9999999", "reason": WHY}, "whole"),
            ({"unit": "amount", "whole": "1", "line_0": "1", "reason": WHY}, "whole"),
            ({"unit": "amount", "whole": "", "reason": WHY}, "whole"),
            ({"unit": "amount", "whole": "5", "reason": ""}, "reason"),
        ):
            assert amir.post(f"{base}discount/", wrong).context["form"].errors[field]
        sent = amir.post(f"{base}discount/", {"unit": "pct", "whole": "10", "reason": WHY}, follow=True)
        assert "€540.00" in sent.content.decode()
        assert amir.get(f"{base}discount/").status_code == 302
        twice = amir.post(f"{base}discount/", {"unit": "pct", "whole": "10", "reason": WHY}, follow=True)
        assert "Nothing was changed" in twice.content.decode()
        listed = karim.get("/deals/discounts/").content.decode()
        assert deal.reference in listed and f"{base}discount/decide/" in listed
        assert WHY.replace("'", "&#x27;") in karim.get(f"{base}discount/decide/").content.decode()
        for wrong, field in (
            ({"decision": "part", "amount": "", "text": "Half."}, "amount"),
            ({"decision": "part", "amount": "541", "text": "Half."}, "amount"),
            ({"decision": "all", "text": ""}, "text"),
        ):
            assert karim.post(f"{base}discount/decide/", wrong).context["form"].errors[field]
        done = karim.post(
            f"{base}discount/decide/", {"decision": "part", "amount": "270", "text": "Half."}, follow=True
        )
        assert "Granted: €270.00" in done.content.decode()
        assert karim.get(f"{base}discount/decide/").status_code == 302
        for person in (cast.amir, cast.denise):
            page = sign_in(person).get(base).content.decode()
            assert (
                "€270.00" in page
                and "€5,130.00" in page
                and "Half." in page
                and "Karim" not in (page if person is cast.amir else "")
            )
    from tests.dealreg.deals.test_letters import letter, text_of

    assert "€5,130.00" in text_of(letter(deal))


@pytest.mark.django_db
def test_refused_and_withdrawn_on_the_page(cast, sign_in, time_machine_at, mailoutbox):
    in_english(cast)
    request = asked(cast)
    base = f"/deals/{request.deal.reference}/"
    with time_machine_at(SOON):
        said = sign_in(cast.karim).post(
            f"{base}discount/decide/", {"decision": "none", "text": "No ground."}, follow=True
        )
        assert "Refused." in said.content.decode()
        assert "E14 of edition 2017" in said.content.decode()
        deliver_due(at=SOON + timedelta(minutes=1), most=50)
        assert any("E14 of edition 2017" in mail.body for mail in mailoutbox)
        asked(cast, request.deal)
        amir = sign_in(cast.amir)
        assert "withdrawn" in amir.post(f"{base}discount/withdraw/", follow=True).content.decode()
        assert amir.post(f"{base}discount/withdraw/").status_code == 302


@pytest.mark.django_db
def test_the_list_of_requests_costs_the_same_for_many(cast, sign_in, django_assert_max_num_queries):
    for number in range(3):
        asked(cast, stages.submitted(cast, customer_name=f"Commune {number} sur Deûle"))
    karim = sign_in(cast.karim)
    with django_assert_max_num_queries(10):
        assert karim.get("/deals/discounts/").status_code == 200
    assert sign_in(cast.amir).get("/deals/discounts/").status_code == 403
