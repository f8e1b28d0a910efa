"""Two registrations of one customer: who learns what, and how a channel manager settles it."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from dealreg.deals import actions
from dealreg.deals.lifecycle import DealStatus
from dealreg.deals.models import Conflict, ConflictOutcome, Deal, RejectionCode, RevocationCode
from dealreg.deals.selectors import open_conflicts
from dealreg.deals.views.conflicts import neutral_message
from dealreg.deals.views.deciding import move_address
from partners.organisations.models import Membership
from portal.accounts.models import User
from portal.accounts.roles import Role
from portal.audit.models import Event
from portal.core.errors import NotAllowed, RuleViolation, WrongState
from portal.notifications.mails import compose
from portal.notifications.models import Notification
from tests.dealreg.deals.stages import LATER, MONDAY, asked, draft, in_english, looked_at, submitted

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast(cast):
    return in_english(cast)


MESSAGE = "This opportunity cannot be registered."


def a_pair(cast, **later) -> Conflict:
    """Bruno registers first at Distri Ouest, Amir an hour later at Distri Nord."""
    submitted(cast, cast.bruno, distributor=cast.third, web_domain="saint-roch.example")
    submitted(cast, cast.amir, at=MONDAY + timedelta(hours=1), web_domain="saint-roch.example", **later)
    return Conflict.objects.get()


def settle(conflict, by, outcome, *, message=MESSAGE, reason="They were there first."):
    return actions.settle_conflict(conflict, by=by, at=LATER, outcome=outcome, reason=reason, message=message)


# --- what the partner learns: nothing -----------------------------------------------------------------


def bare(page: str, deal: Deal) -> str:
    """The page without what differs by nature: the number, tokens, the time it took."""
    page = re.sub(r'(csrfmiddlewaretoken" value=|X-CSRFToken": )"[^"]+"', r"\1", page)
    return page.replace(deal.reference, "DR-XXXXXX").replace(deal.customer_name, "CUSTOMER")


def test_the_partner_sees_the_same_page_for_the_same_price_with_and_without_a_rival(
    cast, sign_in, time_machine_at
):
    pages, counts, told = [], [], []
    submitted(cast, cast.bruno, customer_name="Hôpital Saint-Roch")
    for name in ("Hôpital Saint-Roch", "Ville de Cassel"):
        Notification.objects.all().delete()
        deal = submitted(cast, customer_name=name)
        told.append(sorted(Notification.objects.filter(recipient=cast.amir).values_list("kind", flat=True)))
        Notification.objects.filter(recipient=cast.amir).delete()
        with time_machine_at(LATER):
            browser = sign_in(cast.amir)
            browser.get(deal.get_absolute_url())
            with CaptureQueriesContext(
                connection,
            ) as queries:
                page = browser.get(deal.get_absolute_url())
        pages.append(bare(page.content.decode(), deal))
        counts.append(len(queries))
    assert Conflict.objects.count() == 1
    assert pages[0] == pages[1]
    assert counts[0] == counts[1]
    assert told[0] == told[1] == ["deal-submitted"]


def test_the_partner_finds_no_page_of_conflicts(cast, sign_in):
    conflict = a_pair(cast)
    for person in (cast.amir, cast.bruno, cast.denise, cast.eve, cast.stranger):
        assert sign_in(person).get(conflict.get_absolute_url()).status_code == 404
        assert sign_in(person).post(conflict.get_absolute_url(), {}).status_code == 404
        assert sign_in(person).get("/deals/conflicts/").status_code == 403


def test_a_rejection_after_a_conflict_names_nobody(cast, sign_in):
    conflict = a_pair(cast)
    settle(conflict, cast.karim, ConflictOutcome.EARLIER_STANDS)
    page = sign_in(cast.amir).get(conflict.later.get_absolute_url()).content.decode()
    assert MESSAGE in page
    assert str(RejectionCode.ALREADY_TAKEN.label) in page
    for word in (
        "Bravo",
        "Distri Ouest",
        "Bruno",
        conflict.earlier.reference,
        "conflict",
        "Conflict",
        "They were",
    ):
        assert word not in page
    mail = Notification.objects.get(kind="deal-rejected", recipient=cast.amir)
    assert mail.context["text"] == MESSAGE


# --- what the distributor learns: that there is one ---------------------------------------------------


@pytest.mark.parametrize("outcome", [ConflictOutcome.EARLIER_STANDS, ConflictOutcome.LATER_PREVAILS])
def test_the_message_to_start_from_goes_out_in_the_language_of_whose_deal_ends(cast, sign_in, outcome):
    User.objects.filter(pk=cast.bruno.pk).update(language="fr")
    conflict = a_pair(cast)
    browser = sign_in(cast.karim)
    offered = browser.get(conflict.get_absolute_url()).context["form"].initial["message"]
    browser.post(
        conflict.get_absolute_url(), {"outcome": outcome, "reason": "They were first.", "message": offered}
    )
    ends = conflict.later if outcome == ConflictOutcome.EARLIER_STANDS else conflict.earlier
    text = Deal.objects.get(pk=ends.pk).decision_text
    assert text == neutral_message(ends)
    assert (text == offered) is (ends == conflict.later)


def test_after_a_settled_conflict_the_vendor_speaks_as_one(cast, sign_in):
    """Rule E6: a standard deal is decided by the distributor. A channel manager's name or region on it
    would tell that there was a conflict."""
    conflict = settle(a_pair(cast), cast.karim, ConflictOutcome.EARLIER_STANDS)
    page = sign_in(cast.amir).get(conflict.later.get_absolute_url()).content.decode()
    assert "Kaspersky Lab" in page
    notification = Notification.objects.get(kind="deal-rejected", recipient=cast.amir)
    mail = compose(notification, cast.amir.memberships.get())
    for told in (page, mail.body):
        assert "Karim" not in told and str(cast.france_office) not in told
    assert "by whom" not in mail.body
    assert "Karim Benali" in sign_in(cast.denise).get(conflict.later.get_absolute_url()).content.decode()


def test_the_distributor_learns_only_that_another_came_first(cast, sign_in):
    conflict = a_pair(cast)
    page = sign_in(cast.denise).get(conflict.later.get_absolute_url()).content.decode()
    assert "Another registration came first" in page
    assert 'disabled aria-describedby="conflict-banner"' in page
    for word in ("Bravo", "Distri Ouest", "Bruno", conflict.earlier.reference, f"/conflicts/{conflict.pk}/"):
        assert word not in page
    earlier = sign_in(cast.eve).get(conflict.earlier.get_absolute_url()).content.decode()
    for word in ("Another registration", "Alpha", "Amir", conflict.later.reference):
        assert word not in earlier


def test_the_later_deal_cannot_be_approved_before_the_settlement(cast, sign_in):
    conflict = a_pair(cast)
    browser = sign_in(cast.denise)
    form_page = browser.get(move_address(conflict.later, "approve")).content.decode()
    assert "Another registration came first" in form_page
    assert 'name="granted_pct"' not in form_page
    answer = browser.post(move_address(conflict.later, "approve"), {"granted_pct": "3"})
    assert answer.status_code == 200
    assert answer.context["form"].non_field_errors()
    conflict.later.refresh_from_db()
    assert conflict.later.status == DealStatus.SUBMITTED
    assert (
        actions.approve_deal(conflict.earlier, by=cast.eve, at=LATER, granted_pct=Decimal(1)).is_under_review
        is False
    )


def test_an_earlier_deal_waits_too_when_the_later_is_already_protected(cast):
    """An answer that corrects the customer can make a deal the earlier of a pair whose later half was
    approved in good faith."""
    first = asked(cast, fields=("customer_name",), customer_name="Ville de Lens")
    second = submitted(cast, cast.bruno, at=MONDAY + timedelta(hours=1), distributor=cast.third)
    actions.approve_deal(second, by=cast.eve, at=LATER, granted_pct=Decimal(1))
    first = actions.answer_request(
        first, by=cast.amir, at=LATER, answer="Sorry.", changes={"customer_name": "Hôpital Saint-Roch"}
    )
    looked_at(first)
    conflict = Conflict.objects.get()
    assert (conflict.earlier, conflict.later) == (first, second)
    assert open_conflicts(first) == 1
    with pytest.raises(RuleViolation) as refusal:
        actions.approve_deal(first, by=cast.denise, at=LATER, granted_pct=Decimal(1))
    assert refusal.value.code == "conflict-open"
    settle(conflict, cast.karim, ConflictOutcome.EARLIER_STANDS)
    second.refresh_from_db()
    assert (second.status, second.revocation_code) == (DealStatus.REVOKED, RevocationCode.EARLIER_OVERRULED)
    actions.approve_deal(first, by=cast.denise, at=LATER, granted_pct=Decimal(1))


# --- settling -----------------------------------------------------------------------------------------


def test_the_earlier_stands(cast):
    conflict = settle(a_pair(cast), cast.karim, ConflictOutcome.EARLIER_STANDS)
    later = Deal.objects.get(pk=conflict.later_id)
    assert (later.status, later.rejection_code) == (DealStatus.REJECTED, RejectionCode.ALREADY_TAKEN)
    assert later.decision_text == MESSAGE
    assert later.decided_by == cast.karim
    assert Deal.objects.get(pk=conflict.earlier_id).status == DealStatus.SUBMITTED
    settled = Event.objects.filter(verb="deal.conflict_settled")
    assert {event.audience for event in settled} == {"vendor"}
    assert {event.reason for event in settled} == {"They were there first."}


@pytest.mark.parametrize("protected_before", [False, True])
def test_the_later_prevails(cast, protected_before):
    conflict = a_pair(cast)
    if protected_before:
        actions.approve_deal(conflict.earlier, by=cast.eve, at=LATER, granted_pct=Decimal(1))
    settle(conflict, cast.karim, ConflictOutcome.LATER_PREVAILS)
    earlier = Deal.objects.get(pk=conflict.earlier_id)
    assert earlier.status == (DealStatus.REVOKED if protected_before else DealStatus.REJECTED)
    later = actions.approve_deal(conflict.later, by=cast.denise, at=LATER, granted_pct=Decimal(2))
    assert later.status == DealStatus.APPROVED


def test_a_protection_that_lost_a_conflict_was_overruled_by_rule_e5(cast, sign_in):
    """Page, file and mail say so, and none of them names the other (rule E6)."""
    conflict = a_pair(cast)
    deal = actions.approve_deal(conflict.earlier, by=cast.eve, at=LATER, granted_pct=Decimal(1))
    settle(conflict, cast.karim, ConflictOutcome.LATER_PREVAILS)
    assert Event.objects.filter(verb="deal.overruled").count() == 1
    bruno = sign_in(cast.bruno)
    page = bruno.get(deal.get_absolute_url()).content.decode()
    file = b"".join(bruno.get("/deals/export/csv/").streaming_content).decode()
    mails = {
        told.recipient: compose(told, told.recipient.memberships.get())
        for told in Notification.objects.filter(kind="deal-revoked").select_related("recipient")
    }
    texts = [page, *(" ".join(f"{mail.subject} {mail.body}".split()) for mail in mails.values())]
    ended = "ended by a decision of the channel manager on the opportunity"
    assert set(mails) >= {cast.bruno, cast.eve} and all(ended in text for text in texts)
    assert "Decision of the channel manager on the opportunity" in file and "E5" in file
    for text in (*texts, file):
        assert "E13" not in text and "revoked:" not in text
        assert conflict.later.reference not in text and "Alpha" not in text and "Distri Nord" not in text


def test_two_different_opportunities_go_on_side_by_side(cast):
    conflict = settle(a_pair(cast), cast.karim, ConflictOutcome.DIFFERENT, message="")
    later, earlier = Deal.objects.get(pk=conflict.later_id), Deal.objects.get(pk=conflict.earlier_id)
    assert later.customer_id != earlier.customer_id
    actions.approve_deal(earlier, by=cast.eve, at=LATER, granted_pct=Decimal(1))
    actions.approve_deal(later, by=cast.denise, at=LATER, granted_pct=Decimal(1))


def test_a_corrected_spelling_does_not_undo_that_they_are_different(cast):
    conflict = settle(a_pair(cast), cast.karim, ConflictOutcome.DIFFERENT, message="")
    later = Deal.objects.get(pk=conflict.later_id)
    actions.request_information(later, by=cast.denise, at=LATER, text="Which town?", fields=["customer_city"])
    later = actions.answer_request(
        later, by=cast.amir, at=LATER, answer="Lyon.", changes={"customer_city": "Lyon"}
    )
    actions.approve_deal(conflict.earlier, by=cast.eve, at=LATER, granted_pct=Decimal(1))
    assert actions.approve_deal(later, by=cast.denise, at=LATER, granted_pct=Decimal(1)).status == "approved"


def test_the_later_may_prevail_over_a_deal_that_is_already_won(cast):
    conflict = a_pair(cast)
    earlier = actions.approve_deal(conflict.earlier, by=cast.eve, at=LATER, granted_pct=Decimal(1))
    actions.report_won(
        earlier,
        by=cast.bruno,
        at=LATER,
        order_reference="X",
        order_date=LATER.date(),
        order_amount=Decimal(1),
    )
    conflict.refresh_from_db()
    assert conflict.outcome == "", "the customer has bought: rule E2"
    settle(conflict, cast.karim, ConflictOutcome.LATER_PREVAILS, message="")
    assert Deal.objects.get(pk=earlier.pk).status == DealStatus.WON


def test_a_later_deal_that_is_won_still_keeps_the_earlier_one_waiting(cast):
    first = asked(cast, fields=("customer_name",), customer_name="Ville de Lens")
    second = submitted(cast, cast.bruno, at=MONDAY + timedelta(hours=1), distributor=cast.third)
    actions.approve_deal(second, by=cast.eve, at=LATER, granted_pct=Decimal(1))
    looked_at(
        actions.answer_request(
            first, by=cast.amir, at=LATER, answer="Sorry.", changes={"customer_name": "Hôpital Saint-Roch"}
        )
    )
    actions.report_won(
        second, by=cast.bruno, at=LATER, order_reference="X", order_date=LATER.date(), order_amount=Decimal(1)
    )
    assert Conflict.objects.get().outcome == ""
    with pytest.raises(RuleViolation) as refusal:
        actions.approve_deal(first, by=cast.denise, at=LATER, granted_pct=Decimal(1))
    assert refusal.value.code == "conflict-open"


def test_the_earlier_may_stand_beside_a_later_deal_that_is_already_won(cast, sign_in):
    first = asked(cast, fields=("customer_name",), customer_name="Ville de Lens")
    second = submitted(cast, cast.bruno, at=MONDAY + timedelta(hours=1), distributor=cast.third)
    second = actions.approve_deal(second, by=cast.eve, at=LATER, granted_pct=Decimal(1))
    looked_at(
        actions.answer_request(
            first, by=cast.amir, at=LATER, answer="Sorry.", changes={"customer_name": "Hôpital Saint-Roch"}
        )
    )
    actions.report_won(
        second, by=cast.bruno, at=LATER, order_reference="X", order_date=LATER.date(), order_amount=Decimal(1)
    )
    conflict = Conflict.objects.get()
    browser = sign_in(cast.karim)
    decision = {"outcome": "earlier_stands", "reason": "Another site.", "message": ""}
    answer = browser.post(conflict.get_absolute_url(), decision, follow=True)
    conflict.refresh_from_db()
    assert conflict.outcome == ConflictOutcome.EARLIER_STANDS, answer.content.decode()
    assert Deal.objects.get(pk=second.pk).status == DealStatus.WON
    approved = actions.approve_deal(first, by=cast.denise, at=LATER, granted_pct=Decimal(1))
    assert approved.status == DealStatus.APPROVED


def test_what_a_customer_has_bought_within_twelve_months_is_not_new_business(cast):
    first = submitted(cast, cast.amir)
    actions.approve_deal(first, by=cast.denise, at=LATER, granted_pct=Decimal(1))
    actions.report_won(
        first, by=cast.amir, at=LATER, order_reference="X", order_date=LATER.date(), order_amount=Decimal(1)
    )
    soon = submitted(cast, cast.bruno, at=LATER + timedelta(days=1))
    assert (soon.status, Conflict.objects.get().earlier) == (DealStatus.SUBMITTED, first)
    with pytest.raises(RuleViolation):
        actions.approve_deal(soon, by=cast.denise, at=LATER + timedelta(days=1), granted_pct=Decimal(1))
    actions.withdraw_deal(soon, by=cast.bruno, at=LATER + timedelta(days=2))
    a_year_later = submitted(
        cast,
        cast.bruno,
        at=LATER + timedelta(days=370),
        expected_close_on=(LATER + timedelta(days=400)).date(),
    )
    assert not Conflict.objects.filter(later=a_year_later).exists()


def test_whether_a_company_registered_itself_before_is_judged_by_its_own_words(cast):
    """Rule E6: a second registration under another number must not tell that a rival took the first."""
    submitted(cast, cast.bruno, customer_name="Fonderie Vasseur", company_number="552 100 554")
    answers = []
    for name in ("Fonderie Vasseur", "Fonderie Libre"):
        submitted(cast, cast.amir, at=LATER, customer_name=name)
        with pytest.raises(RuleViolation) as refusal:
            submitted(cast, cast.amir, at=LATER, customer_name=name, company_number="542 051 180")
        answers.append(refusal.value.code)
    assert answers == ["own-duplicate", "own-duplicate"]


def test_when_a_conflict_is_settled_those_concerned_are_told(cast):
    conflict = a_pair(cast)
    Notification.objects.all().delete()
    settle(conflict, cast.nora, ConflictOutcome.DIFFERENT)
    told = set(Notification.objects.values_list("kind", "recipient__full_name"))
    assert ("deal-conflict-settled", "Karim Benali") in told
    assert {name for kind, name in told if kind == "deal-to-decide"} >= {"Denise Carlier"}


def test_a_corrected_identity_leaves_its_conflict_behind(cast):
    first = submitted(cast, cast.amir, customer_name="Mairie de Lens")
    second = submitted(cast, cast.bruno, at=LATER, customer_name="Mairie de Lens")
    actions.request_information(second, by=cast.denise, at=LATER, text="Which?", fields=["customer_name"])
    actions.answer_request(
        second, by=cast.bruno, at=LATER, answer="Lille.", changes={"customer_name": "Mairie de Lille"}
    )
    looked_at(second)
    conflict = Conflict.objects.get(later=second, earlier=first)
    assert (conflict.outcome, conflict.settled_by) == (ConflictOutcome.CORRECTED, None)
    settled = Event.objects.about(second).get(verb="deal.conflict_settled")
    assert settled.data["outcome"] == "corrected"
    actions.approve_deal(second, by=cast.denise, at=LATER, granted_pct=Decimal(1))


def test_what_has_ended_meanwhile_is_not_said_to_have_been_corrected(cast):
    first = submitted(cast, cast.amir, customer_name="Mairie de Lens")
    second = submitted(cast, cast.bruno, at=LATER, customer_name="Mairie de Lens")
    actions.withdraw_deal(first, by=cast.amir, at=LATER)
    actions.request_information(second, by=cast.denise, at=LATER, text="Which?", fields=["customer_city"])
    actions.answer_request(second, by=cast.bruno, at=LATER, answer="Lens.", changes={"customer_city": "Lens"})
    # The look at the second comes before that at the first, which ended.
    looked_at(second)
    assert Conflict.objects.get(later=second, earlier=first).outcome == ConflictOutcome.LAPSED


@pytest.mark.parametrize("text", ["Bravo IT was first.", "See Bruno Girard's deal."])
def test_no_text_to_a_partner_names_its_rival(cast, text):
    submitted(cast, cast.bruno)
    later = submitted(cast, cast.amir, at=LATER)
    for attempt in (
        lambda: actions.reject_deal(later, by=cast.denise, at=LATER, code="already_taken", text=text),
        lambda: actions.request_information(later, by=cast.denise, at=LATER, text=text, fields=[]),
        lambda: actions.add_comment(later, by=cast.denise, at=LATER, text=text),
        lambda: actions.add_comment(later, by=cast.karim, at=LATER, text=text),
    ):
        with pytest.raises(RuleViolation) as refusal:
            attempt()
        assert (refusal.value.code, refusal.value.field) == ("names-rival", "text")
    actions.add_comment(later, by=cast.denise, at=LATER, text=text, is_internal=True)


def test_a_distributor_cannot_find_out_by_writing_names(cast):
    """Bruno registered at another distributor: Denise may write any name, right or wrong."""
    later = a_pair(cast).later
    for text in ("Bravo IT was first.", "Delta Reseller was first."):
        actions.add_comment(later, by=cast.denise, at=LATER, text=text)


@pytest.mark.parametrize("who_ends", ["earlier", "later"])
def test_a_conflict_lapses_when_one_of_the_two_ends(cast, who_ends):
    conflict = a_pair(cast)
    deal = getattr(conflict, who_ends)
    actions.withdraw_deal(deal, by=cast.bruno if who_ends == "earlier" else cast.amir, at=LATER)
    looked_at(deal)
    conflict.refresh_from_db()
    assert (conflict.outcome, conflict.settled_by) == (ConflictOutcome.LAPSED, None)
    with pytest.raises(WrongState):
        settle(conflict, cast.karim, ConflictOutcome.EARLIER_STANDS)


def test_the_answer_of_one_of_two_does_not_note_the_conflict_twice(cast):
    conflict = a_pair(cast)
    later = conflict.later
    actions.request_information(later, by=cast.denise, at=LATER, text="Town?", fields=["customer_city"])
    actions.answer_request(later, by=cast.amir, at=LATER, answer="Lyon.", changes={"customer_city": "Lyon"})
    looked_at(later)
    assert Conflict.objects.count() == 1
    assert Event.objects.filter(verb="deal.conflict_found").count() == 2


@pytest.mark.parametrize(
    ("outcome", "reason", "message", "field"),
    [
        ("", "r", MESSAGE, "outcome"),
        ("lapsed", "r", MESSAGE, "outcome"),
        ("made_up", "r", MESSAGE, "outcome"),
        ("earlier_stands", "  ", MESSAGE, "reason"),
        ("earlier_stands", "r", "  ", "message"),
        ("later_prevails", "r", "", "message"),
        ("earlier_stands", "r", "bravo it came first.", "message"),
        ("earlier_stands", "r", "Bravo IT SARL came first.", "message"),
        ("earlier_stands", "r", "It is with Distri Ouest.", "message"),
        ("earlier_stands", "r", "See P-000002.", "message"),
        ("earlier_stands", "r", "Speak to Bruno Girard.", "message"),
        ("later_prevails", "r", "Alpha Sécurité is nearer to them.", "message"),
    ],
)
def test_a_settlement_needs_outcome_reason_and_a_message_that_names_nobody(
    cast, sign_in, outcome, reason, message, field
):
    conflict = a_pair(cast)
    with pytest.raises(RuleViolation) as refusal:
        settle(conflict, cast.karim, outcome, reason=reason, message=message)
    assert refusal.value.field == field
    answer = sign_in(cast.karim).post(
        conflict.get_absolute_url(), {"outcome": outcome, "reason": reason, "message": message}
    )
    assert answer.status_code == 200
    assert answer.context["form"].errors[field]
    conflict.refresh_from_db()
    assert conflict.outcome == ""
    assert set(Deal.objects.values_list("status", flat=True)) == {"submitted"}


def test_a_message_may_use_the_names_own_words_in_other_sentences(cast):
    settle(
        a_pair(cast), cast.karim, ConflictOutcome.EARLIER_STANDS, message="Bravo for the effort all the same."
    )


def test_who_may_see_and_who_may_settle(cast, sign_in):
    conflict = a_pair(cast)
    for person in (cast.karim, cast.nora):
        assert sign_in(person).get(conflict.get_absolute_url()).context["form"] is not None
    auditor = sign_in(cast.august)
    assert auditor.get(conflict.get_absolute_url()).context["form"] is None
    sent = {"outcome": "earlier_stands", "reason": "r", "message": MESSAGE}
    assert auditor.post(conflict.get_absolute_url(), sent).status_code == 403
    assert sign_in(cast.ingrid).get(conflict.get_absolute_url()).status_code == 404
    with pytest.raises(NotAllowed):
        settle(conflict, cast.ingrid, ConflictOutcome.EARLIER_STANDS)
    with pytest.raises(NotAllowed):
        settle(conflict, cast.denise, ConflictOutcome.EARLIER_STANDS)


def test_nobody_settles_over_a_registration_of_their_own_company(cast, sign_in):
    conflict = a_pair(cast)
    Membership.objects.create(user=cast.karim, role=Role.PARTNER_READONLY, partner=cast.bravo)
    with pytest.raises(RuleViolation) as refusal:
        settle(conflict, User.objects.get(pk=cast.karim.pk), ConflictOutcome.EARLIER_STANDS)
    assert refusal.value.rule == "E11"
    page = sign_in(cast.karim).get(conflict.get_absolute_url())
    assert page.context["form"] is None
    assert "rule E11" in page.content.decode()


def test_settling_from_the_page_and_settling_twice(cast, sign_in):
    conflict = a_pair(cast)
    browser = sign_in(cast.karim)
    prefilled = browser.get(conflict.get_absolute_url()).context["form"]["message"].value()
    assert "recommended discount" in prefilled
    assert "DR-" not in prefilled
    sent = {"outcome": "earlier_stands", "reason": "First.", "message": MESSAGE}
    answer = browser.post(conflict.get_absolute_url(), sent, follow=True)
    assert "Settled: The earlier registration stands" in answer.content.decode()
    again = sign_in(cast.nora).post(conflict.get_absolute_url(), sent | {"outcome": "different"}, follow=True)
    assert "has been settled in the meantime" in again.content.decode()
    conflict.refresh_from_db()
    assert (conflict.outcome, conflict.settled_by) == ("earlier_stands", cast.karim)


def test_settling_as_different_sends_no_message(cast, sign_in):
    conflict = a_pair(cast)
    answer = sign_in(cast.karim).post(
        conflict.get_absolute_url(),
        {"outcome": "different", "reason": "Two sites.", "message": MESSAGE},
        follow=True,
    )
    assert "both registrations go on" in answer.content.decode()
    assert not Notification.objects.filter(kind__in=["deal-rejected", "deal-revoked"]).exists()


def test_both_sides_are_shown_with_what_matches(cast, sign_in):
    conflict = a_pair(cast)
    page = sign_in(cast.karim).get(conflict.get_absolute_url())
    earlier, later = page.context["sides"]
    assert earlier.deal == conflict.earlier
    assert later.deal == conflict.later
    assert later.matching == {"customer_name", "web_domain"}
    text = page.content.decode()
    for word in (
        "Bravo IT",
        "Alpha Sécurité",
        "Distri Ouest",
        "14:10:00 CET",
        "15:10:00 CET",
        "same web domain",
    ):
        assert word in text


def test_what_the_portal_noted_is_shown_when_the_typed_facts_do_not_match_any_more(cast, sign_in):
    conflict = a_pair(cast)
    Deal.objects.filter(pk=conflict.later_id).update(
        customer_name="Other", web_domain="", company_number="not a number"
    )
    page = sign_in(cast.karim).get(conflict.get_absolute_url())
    assert page.context["sides"][0].matching == {"customer_name", "web_domain"}


def test_the_list_shows_open_conflicts_first_and_settled_ones_on_demand(cast, sign_in):
    first = a_pair(cast)
    settle(first, cast.karim, ConflictOutcome.EARLIER_STANDS)
    submitted(cast, cast.amir, customer_name="Ville de Cassel")
    submitted(cast, cast.bruno, customer_name="Ville de Cassel", at=LATER)
    browser = sign_in(cast.karim)

    def shown(query=""):
        return [
            row["conflict"].later.customer_name
            for row in browser.get(f"/deals/conflicts/{query}").context["rows"]
        ]

    assert shown() == shown("?show=nonsense") == ["Ville de Cassel"]
    assert shown("?show=settled") == ["Hôpital Saint-Roch"]
    assert shown("?show=all") == ["Ville de Cassel", "Hôpital Saint-Roch"]
    assert shown("?show=all&page=zzz") == ["Ville de Cassel", "Hôpital Saint-Roch"]
    assert sign_in(cast.ingrid).get("/deals/conflicts/").context["rows"] == []
    assert sign_in(cast.august).get("/deals/conflicts/").status_code == 200


def test_the_list_costs_the_same_with_one_and_with_many(cast, sign_in, django_assert_max_num_queries):
    browser = sign_in(cast.karim)
    for number in range(12):
        submitted(cast, cast.amir, customer_name=f"Ville {number}")
        submitted(cast, cast.bruno, customer_name=f"Ville {number}", at=LATER)
    browser.get("/deals/conflicts/")
    with django_assert_max_num_queries(8):
        assert len(browser.get("/deals/conflicts/").context["rows"]) == 12


def test_the_vendors_deal_page_leads_to_the_conflict(cast, sign_in):
    conflict = a_pair(cast)
    browser = sign_in(cast.karim)
    for deal in (conflict.earlier, conflict.later):
        page = browser.get(deal.get_absolute_url()).content.decode()
        assert f'href="{conflict.get_absolute_url()}"' in page
        assert "Compare and settle" in page
    settle(conflict, cast.karim, ConflictOutcome.DIFFERENT, message="")
    page = browser.get(conflict.later.get_absolute_url()).content.decode()
    assert "Two different opportunities" in page


def test_the_own_duplicate_is_refused_and_tells_only_what_the_partner_knows(cast):
    own = submitted(cast)
    with pytest.raises(RuleViolation) as refusal:
        actions.submit_deal(draft(cast, cast.alice), by=cast.alice, at=LATER)
    assert own.reference in str(refusal.value)


def test_a_deal_of_the_partner_that_only_the_portal_connects_is_no_duplicate(cast):
    """The record of the customer knows number and domain from two registrations; the partner itself
    typed nothing in common, and is told of nothing."""
    submitted(
        cast,
        cast.bruno,
        customer_name="Clinique Armand",
        company_number="552100554",
        web_domain="clin.example",
    )
    submitted(cast, cast.amir, customer_name="Résidence Belle Rive", company_number="552100554")
    deal = submitted(cast, cast.alice, customer_name="Clin. Armand", web_domain="clin.example")
    assert deal.status == DealStatus.SUBMITTED
    own = Conflict.objects.get(later=deal, earlier__partner=cast.alpha)
    settle(own, cast.karim, ConflictOutcome.EARLIER_STANDS, message="Alpha Sécurité has registered it twice.")
    assert Deal.objects.get(pk=deal.pk).status == DealStatus.REJECTED
