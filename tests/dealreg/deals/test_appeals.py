"""One appeal against a rejection, decided by somebody who did not reject (rules E9, E11)."""

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction

from dealreg.deals import actions, appeals, rules
from dealreg.deals.actions.closing import end_by_revocation
from dealreg.deals.actions.drafting import LineInput
from dealreg.deals.lifecycle import Step
from dealreg.deals.models import OVERTURNED, Appeal, AppealOutcome, Conflict, Deal
from dealreg.deals.tasks import watch_appeals
from dealreg.deals.waiting_work import appeals_waiting
from partners.organisations.models import Membership
from partners.programme.selectors import rulebook_of
from portal.accounts.roles import Role
from portal.audit.models import Event
from portal.core.errors import NotAllowed, RuleViolation, WrongState
from portal.notifications.mails import compose
from portal.notifications.models import Notification
from tests.cast import _person
from tests.dealreg.deals import stages
from tests.dealreg.deals.stages import LATER, in_english
from tests.told import addresses_told
from tests.world import evidence_file

pytestmark = pytest.mark.django_db

SOON = LATER + timedelta(days=2)
GROUNDS = "The minutes show three meetings, not one call."


def appealed(cast, deal=None, *, by=None, at=SOON, **more):
    return actions.file_appeal(deal or stages.rejected(cast), by=by or cast.amir, at=at, text=GROUNDS, **more)


def hire(cast, name, role, office=None):
    person = _person(name, f"{name.lower()}@vendor.example")
    person.save()
    Membership.objects.create(
        user=person, role=role, vendor_office=office or cast.france_office, is_current=True
    )
    return person


# --- the rules


def test_the_days_of_the_edition_count_from_the_rejection(cast):
    terms = rulebook_of(cast.edition).deal_registration
    assert rules.appeal_until(date(2026, 11, 24), terms) == date(2026, 12, 4)


@pytest.mark.parametrize(
    "today, until, has_appealed, code",
    [
        (date(2026, 12, 5), date(2026, 12, 4), False, "too-late-to-appeal"),
        (date(2026, 12, 1), date(2026, 12, 4), True, "appealed-already"),
        (date(2026, 12, 1), None, False, "no-appeal"),
    ],
)
def test_no_appeal_late_twice_or_where_there_is_none(today, until, has_appealed, code):
    with pytest.raises(RuleViolation) as refused:
        rules.check_in_time_to_appeal(today, until, has_appealed=has_appealed)
    assert (refused.value.code, refused.value.rule) == (code, "E9")


def test_the_last_day_is_in_time():
    rules.check_in_time_to_appeal(date(2026, 12, 4), date(2026, 12, 4), has_appealed=False)


# --- filing


def test_an_appeal_keeps_what_it_is_against_and_tells_those_who_judge(cast):
    deal = stages.rejected(cast)
    assert deal.appeal_until == date(2026, 12, 4)
    appeal = appealed(cast, deal, files=[evidence_file()])
    assert (appeal.rejected_by, appeal.rejection_code) == (cast.denise, "no_engagement")
    assert appeal.rejection_text == "One call is not enough."
    # Thursday 10:10 in Paris and two business days.
    assert appeal.due_at == datetime(2026, 11, 30, 9, 10, tzinfo=UTC)
    assert addresses_told("deal-appealed") == {cast.karim.email, cast.denise.email}
    event = Event.objects.get(verb="deal.appealed")
    assert (event.reason, event.actor, event.edition) == (GROUNDS, cast.amir, "2017")


def test_who_sees_the_deal_opens_the_files_of_the_appeal_and_nobody_else(cast, sign_in):
    appeal = appealed(cast, files=[evidence_file()])
    from portal.documents.models import Document

    url = Document.objects.about(appeal).get().get_absolute_url()
    for person in (cast.amir, cast.adam, cast.denise, cast.karim, cast.nora):
        assert sign_in(person).get(url).status_code == 200
    for person in (cast.bruno, cast.eve, cast.ingrid):
        assert sign_in(person).get(url).status_code == 404


@pytest.mark.parametrize("person", ["tina", "adam", "denise", "karim", "bruno"])
def test_others_file_no_appeal(cast, person):
    with pytest.raises(NotAllowed):
        appealed(cast, by=getattr(cast, person))


def test_a_person_of_two_partners_appeals_for_the_one_they_act_for(cast, monkeypatch):
    deal = stages.rejected(cast)
    monkeypatch.setattr("dealreg.deals.actions.appealing.side_of", lambda *_: "")
    with pytest.raises(NotAllowed):
        appealed(cast, deal)


@pytest.mark.parametrize("stage", ["submitted", "approved", "withdrawn", "expired", "draft"])
def test_only_a_rejection_is_appealed(cast, stage):
    with pytest.raises(WrongState):
        appealed(cast, stages.STAGES[stage](cast))


def test_the_time_ends_at_midnight_of_the_partners_country(cast):
    deal = stages.rejected(cast)
    last_minute = datetime(2026, 12, 4, 22, 59, tzinfo=UTC)
    with pytest.raises(RuleViolation, match="ended"):
        appealed(cast, deal, at=last_minute + timedelta(minutes=1))
    assert appealed(cast, deal, at=last_minute)


def test_a_second_appeal_is_refused_by_rule_and_by_table(cast):
    deal = stages.rejected(cast)
    first = appealed(cast, deal)
    with pytest.raises(RuleViolation, match="already"):
        appealed(cast, deal, by=cast.alice)
    first.pk = None
    with pytest.raises(IntegrityError), transaction.atomic():
        first.save(force_insert=True)


def test_an_appeal_needs_its_grounds_and_good_files(cast):
    deal = stages.rejected(cast)
    with pytest.raises(RuleViolation) as refused:
        actions.file_appeal(deal, by=cast.amir, at=SOON, text="  ")
    assert refused.value.field == "text"
    with pytest.raises(RuleViolation) as refused:
        appealed(cast, deal, files=[SimpleUploadedFile("x.exe", b"MZ")])
    assert refused.value.field == "file"
    assert not Appeal.objects.exists()


# --- who judges


def test_the_manager_who_rejected_does_not_judge_and_another_does(cast):
    deal = actions.reject_deal(stages.endorsed(cast), by=cast.karim, at=LATER, code="other", text="No.")
    second = hire(cast, "Manon", Role.CHANNEL_MANAGER)
    appeal = appealed(cast, deal)
    assert addresses_told("deal-appealed") >= {second.email}
    assert cast.karim.email not in addresses_told("deal-appealed")
    with pytest.raises(RuleViolation) as refused:
        actions.decide_appeal(appeal, by=cast.karim, at=SOON, outcome="upheld", text="Still no.")
    assert (refused.value.code, refused.value.rule) == ("own-decision", "E9")
    assert actions.decide_appeal(appeal, by=second, at=SOON, outcome="upheld", text="No.").outcome == "upheld"


def test_where_the_only_manager_rejected_the_programme_administrators_judge(cast):
    deal = actions.reject_deal(stages.endorsed(cast), by=cast.karim, at=LATER, code="other", text="No.")
    appeal = appealed(cast, deal)
    assert addresses_told("deal-appealed") == {cast.nora.email, cast.denise.email}
    assert list(appeals_waiting(cast.nora, SOON)) == [deal]
    assert list(appeals_waiting(cast.karim, SOON)) == []
    assert list(appeals_waiting(cast.august, SOON)) == []
    assert actions.decide_appeal(appeal, by=cast.nora, at=SOON, outcome="upheld", text="No.")


@pytest.mark.parametrize("person", ["denise", "amir", "august", "ingrid"])
def test_others_do_not_judge(cast, person):
    with pytest.raises(NotAllowed):
        actions.decide_appeal(
            appealed(cast), by=getattr(cast, person), at=SOON, outcome="facts_wrong", text="Yes."
        )


def test_nobody_judges_what_their_own_organisation_registered(cast):
    appeal = appealed(cast)
    Membership.objects.create(user=cast.karim, role=Role.PARTNER_READONLY, partner=cast.alpha)
    assert not appeals.may_judge(cast.karim, appeal.deal, appeal)
    with pytest.raises(RuleViolation) as refused:
        actions.decide_appeal(appeal, by=cast.karim, at=SOON, outcome="facts_wrong", text="Yes.")
    assert refused.value.rule == "E11"


def test_nor_what_they_appealed_against_before_they_changed_sides(cast):
    appeal = appealed(cast)
    Appeal.objects.filter(pk=appeal.pk).update(filed_by=cast.karim)
    with pytest.raises(RuleViolation) as refused:
        actions.decide_appeal(appeal, by=cast.karim, at=SOON, outcome="facts_wrong", text="Yes.")
    assert refused.value.rule == "E11"


@pytest.mark.parametrize("person", ["denise", "amir"])
def test_the_table_refuses_the_same_judges(cast, person):
    appeal = appealed(cast)
    with pytest.raises(IntegrityError), transaction.atomic():
        Appeal.objects.filter(pk=appeal.pk).update(
            outcome="upheld", outcome_text="No.", decided_by=getattr(cast, person), decided_at=SOON
        )


# --- the decision


def test_upheld_the_rejection_stands_and_is_final(cast):
    deal = stages.rejected(cast)
    appeal = actions.decide_appeal(
        appealed(cast, deal), by=cast.karim, at=SOON, outcome="upheld", text="One call it was."
    )
    deal.refresh_from_db()
    assert (deal.status, appeal.was_overturned) == ("rejected", False)
    assert addresses_told("deal-appeal-decided") == {cast.amir.email, cast.alice.email, cast.denise.email}
    with pytest.raises(WrongState):
        actions.decide_appeal(appeal, by=cast.nora, at=SOON, outcome="facts_wrong", text="Yes.")


@pytest.mark.parametrize("field, given", [("outcome", {"outcome": "maybe"}), ("text", {"text": " "})])
def test_a_decision_has_an_outcome_and_reasons(cast, field, given):
    with pytest.raises(RuleViolation) as refused:
        actions.decide_appeal(
            appealed(cast), by=cast.karim, at=SOON, **({"outcome": "upheld", "text": "No."} | given)
        )
    assert refused.value.field == field


@pytest.mark.parametrize("outcome", OVERTURNED)
def test_overturned_it_is_under_review_again_at_its_original_place(cast, outcome):
    deal = stages.rejected(cast)
    actions.decide_appeal(
        appealed(cast, deal), by=cast.karim, at=SOON, outcome=outcome, text="They are right."
    )
    before, deal = deal, Deal.objects.get(pk=deal.pk)
    assert (deal.status, deal.step, deal.submitted_at) == ("submitted", "vendor", before.submitted_at)
    assert deal.decision_due_at == datetime(2026, 11, 30, 9, 10, tzinfo=UTC)
    assert (deal.decided_by, deal.rejection_code, deal.decision_text, deal.ended_on) == (None, "", "", None)
    assert Event.objects.filter(verb="deal.reinstated", subject_id=deal.pk).count() == 1
    assert Notification.objects.filter(kind="deal-to-decide", recipient=cast.karim).count() == 1


def test_the_manager_then_approves_a_standard_deal_within_the_ceiling(cast):
    deal = stages.rejected(cast)
    actions.decide_appeal(
        appealed(cast, deal), by=cast.karim, at=SOON, outcome="facts_wrong", text="They are right."
    )
    with pytest.raises(NotAllowed):
        actions.approve_deal(deal, by=cast.denise, at=SOON, granted_pct=Decimal("2"))
    with pytest.raises(RuleViolation):
        actions.approve_deal(deal, by=cast.karim, at=SOON, granted_pct=Decimal("5.5"))
    deal = actions.approve_deal(deal, by=cast.karim, at=SOON, granted_pct=Decimal("4"))
    assert (deal.status, deal.granted_pct, deal.decided_by) == ("approved", Decimal(4), cast.karim)


def test_after_an_appeal_the_channel_manager_decides_on_extension_and_change_alike(cast):
    deal = stages.rejected(cast)
    actions.decide_appeal(appealed(cast, deal), by=cast.karim, at=SOON, outcome="facts_wrong", text="Right.")
    deal = actions.approve_deal(Deal.objects.get(pk=deal.pk), by=cast.karim, at=SOON, granted_pct=Decimal(2))
    asked = actions.ask_extension(deal, by=cast.amir, at=SOON, asked=stages.extension(SOON))
    change = actions.ask_amendment(
        deal,
        by=cast.amir,
        at=SOON,
        reason="A second site.",
        lines=[LineInput(cast.products["EPS-ADV"], 200, 12)],
        nodes=200,
        expected_close_on=deal.expected_close_on,
    )
    assert (asked.step, change.step) == (Step.VENDOR, Step.VENDOR)
    assert (asked.vendor_may_decide_at, change.vendor_may_decide_at) == (None, None)
    assert addresses_told("extension-to-decide") == {cast.karim.email}
    with pytest.raises(NotAllowed):
        actions.grant_extension(deal, by=cast.denise, at=SOON, days_granted=90)
    with pytest.raises(NotAllowed):
        actions.approve_amendment(change, by=cast.denise, at=SOON)
    actions.grant_extension(deal, by=cast.karim, at=SOON, days_granted=90)
    actions.approve_amendment(change, by=cast.karim, at=SOON)


def test_an_enterprise_deal_that_the_distributor_rejected_can_be_approved_after_an_appeal(cast):
    deal = actions.reject_deal(
        stages.enterprise(cast), by=cast.denise, at=LATER, code="other", text="Not with us."
    )
    actions.decide_appeal(
        appealed(cast, deal), by=cast.karim, at=SOON, outcome="rule_misapplied", text="No ground at all."
    )
    deal = actions.approve_deal(deal, by=cast.karim, at=SOON, granted_pct=Decimal("12.5"))
    assert (deal.status, deal.endorsed_at) == ("approved", None)


def test_a_second_rejection_is_final_and_not_by_the_same_person(cast):
    deal = actions.reject_deal(stages.endorsed(cast), by=cast.karim, at=LATER, code="other", text="No.")
    actions.decide_appeal(
        appealed(cast, deal), by=cast.nora, at=SOON, outcome="not_explained", text="No reason was given."
    )
    deal = Deal.objects.get(pk=deal.pk)
    with pytest.raises(NotAllowed):
        actions.reject_deal(deal, by=cast.karim, at=SOON, code="other", text="No again.")
    from dealreg.deals.selectors import moves_open_to, reviewers_of

    assert "reject" not in moves_open_to(cast.karim, deal) and "reject" in moves_open_to(cast.nora, deal)
    assert reviewers_of(deal) == [cast.nora]
    deal = actions.reject_deal(deal, by=cast.nora, at=SOON, code="other", text="Now with a reason.")
    assert deal.appeal_until is None
    with pytest.raises(RuleViolation, match="already"):
        appealed(cast, deal)
    assert Notification.objects.filter(kind="deal-rejected", recipient=cast.amir).count() == 2


def test_the_one_appeal_is_used_up_also_after_the_deal_was_reopened(cast, sign_in, time_machine_at):
    deal = stages.rejected(cast)
    actions.decide_appeal(appealed(cast, deal), by=cast.karim, at=SOON, outcome="facts_wrong", text="Right.")
    deal = actions.approve_deal(Deal.objects.get(pk=deal.pk), by=cast.karim, at=SOON, granted_pct=Decimal(2))
    ended = SOON + timedelta(days=91)
    assert actions.expire_deal(deal, at=ended)
    deal = actions.reopen_deal(
        deal, by=cast.amir, at=ended, expected_close_on=ended.date() + timedelta(days=30)
    )
    deal = stages.looked_at(deal, at=ended)
    deal = actions.reject_deal(deal, by=cast.denise, at=ended, code="no_engagement", text="No news.")
    assert deal.appeal_until is None
    with time_machine_at(ended):
        page = sign_in(cast.amir).get(deal.get_absolute_url()).content.decode()
    assert f"/deals/{deal.reference}/appeal/" not in page
    with pytest.raises(RuleViolation, match="already"):
        appealed(cast, deal, at=ended)


def test_an_old_number_that_cannot_be_read_stops_no_judge(cast, sign_in, time_machine_at):
    deal, rival, _appeal = taken_meanwhile(cast)
    Deal.objects.filter(pk=deal.pk).update(company_number="FR 12")
    with time_machine_at(SOON):
        page = sign_in(cast.karim).get(f"/deals/{deal.reference}/appeal/decide/")
    assert page.status_code == 200 and rival.reference in page.content.decode()
    actions.decide_appeal(
        Appeal.objects.get(), by=cast.karim, at=SOON, outcome="facts_wrong", text="You were there."
    )
    assert Conflict.objects.get().earlier == deal


# --- meanwhile somebody else


def taken_meanwhile(cast):
    """Alpha is rejected and appeals, Bravo is approved in between."""
    deal = stages.submitted(cast, web_domain="saint-roch.fr")
    actions.reject_deal(deal, by=cast.denise, at=LATER, code="no_engagement", text="One call is not enough.")
    rival = stages.submitted(
        cast, cast.bruno, at=LATER, customer_name="Hôp. St Roch", web_domain="saint-roch.fr"
    )
    rival = actions.approve_deal(rival, by=cast.denise, at=LATER, granted_pct=Decimal("2"))
    return deal, rival, appealed(cast, deal)


def test_a_rival_protected_meanwhile_makes_the_usual_conflict(cast):
    deal, rival, appeal = taken_meanwhile(cast)
    actions.decide_appeal(appeal, by=cast.karim, at=SOON, outcome="facts_wrong", text="They are right.")
    conflict = Conflict.objects.get()
    assert (conflict.earlier, conflict.later, conflict.outcome) == (deal, rival, "")
    with pytest.raises(RuleViolation) as refused:
        actions.approve_deal(deal, by=cast.karim, at=SOON, granted_pct=Decimal("2"))
    assert refused.value.rule == "E5"


def test_what_was_settled_between_the_two_is_settled_anew_and_leaves_a_trace(cast):
    first = stages.submitted(cast, web_domain="saint-roch.fr")
    second = stages.submitted(cast, cast.bruno, customer_name="Hôp. St Roch", web_domain="saint-roch.fr")
    conflict = Conflict.objects.get()
    settle = {"reason": "Alpha was first.", "message": "This cannot be registered."}
    actions.settle_conflict(conflict, by=cast.karim, at=LATER, outcome="earlier_stands", **settle)
    second.refresh_from_db()
    appeal = appealed(cast, second, by=cast.bruno)
    assert addresses_told("deal-appealed") == {cast.nora.email, cast.denise.email}
    actions.decide_appeal(appeal, by=cast.nora, at=SOON, outcome="facts_wrong", text="They are right.")
    conflict.refresh_from_db()
    assert (conflict.outcome, conflict.settled_by, conflict.reason) == ("", None, "")
    assert conflict.settled_before == [
        {
            "outcome": "earlier_stands",
            "reason": "Alpha was first.",
            "by": str(cast.karim),
            "at": LATER.isoformat(),
        }
    ]
    assert Notification.objects.filter(kind="deal-conflict", recipient=cast.karim).count() == 2
    actions.settle_conflict(
        conflict, by=cast.nora, at=SOON, outcome="later_prevails", reason="Alpha had no work.", message="No."
    )
    first.refresh_from_db()
    assert first.status == "rejected"
    deal = actions.approve_deal(second, by=cast.nora, at=SOON, granted_pct=Decimal("2"))
    assert deal.status == "approved"


def test_two_that_were_told_apart_stay_apart(cast):
    stages.submitted(cast, web_domain="saint-roch.fr")
    second = stages.submitted(cast, cast.bruno, customer_name="Hôp. St Roch", web_domain="saint-roch.fr")
    conflict = Conflict.objects.get()
    actions.settle_conflict(conflict, by=cast.karim, at=LATER, outcome="different", reason="Two hospitals.")
    actions.reject_deal(second, by=cast.denise, at=LATER, code="other", text="Too thin.")
    second.refresh_from_db()
    actions.decide_appeal(
        appealed(cast, second, by=cast.bruno), by=cast.karim, at=SOON, outcome="facts_wrong", text="Fine."
    )
    conflict.refresh_from_db()
    assert (conflict.outcome, conflict.settled_before) == ("different", [])


def test_the_manager_sees_the_rival_side_by_side_and_the_partner_nothing(cast, sign_in, time_machine_at):
    in_english(cast)
    deal, rival, appeal = taken_meanwhile(cast)
    with time_machine_at(SOON):
        said = sign_in(cast.karim).get(f"/deals/{deal.reference}/appeal/decide/").content.decode()
        assert rival.reference in said and "Bravo IT" in said
        for person in (cast.amir, cast.alice):
            page = sign_in(person).get(f"/deals/{deal.reference}/").content.decode()
            assert GROUNDS in page
            assert rival.reference not in page and "Bravo" not in page and "onflict" not in page
    # No conflict has been noted, for the rejected one was none: the text may not name the rival either.
    assert not Conflict.objects.exists()
    with pytest.raises(RuleViolation) as refused:
        actions.decide_appeal(appeal, by=cast.karim, at=SOON, outcome="upheld", text="Bravo IT has it.")
    assert refused.value.code == "names-rival"


# --- reminders


def test_half_time_and_overdue_are_told_once(cast):
    appeal = appealed(cast)
    assert watch_appeals(appeal.half_time_at - timedelta(minutes=1)) == dict.fromkeys(
        ["half-time reminders of appeals", "overdue appeals escalated"], 0
    )
    for _run in range(2):
        watch_appeals(appeal.half_time_at)
    assert addresses_told("appeal-half-time") == {cast.karim.email}
    late = appeal.due_at + timedelta(minutes=1)
    assert watch_appeals(late)["overdue appeals escalated"] == 1
    assert watch_appeals(late)["overdue appeals escalated"] == 0
    assert addresses_told("appeal-overdue") == {cast.karim.email, cast.nora.email}
    # Run by two at once, or late: what is done stays done.
    appeal.refresh_from_db()
    assert not actions.remind_of_appeal(appeal, at=late) and not actions.escalate_appeal(appeal, at=late)


# --- pages


def test_the_rejected_deals_page_explains_itself(cast, sign_in, time_machine_at):
    in_english(cast)
    deal = stages.rejected(cast)
    with time_machine_at(SOON):
        page = sign_in(cast.amir).get(f"/deals/{deal.reference}/").content.decode()
        for told_there in (
            "Too little engagement with the customer shown",
            "One call is not enough.",
            "Files with the registration",
            "rule E1",
            "Edition 2017",
            "4 Dec 2026",
            f"/deals/{deal.reference}/appeal/",
            "#comments",
        ):
            assert told_there in page, told_there
        readonly = sign_in(cast.adam).get(f"/deals/{deal.reference}/").content.decode()
        assert f"/deals/{deal.reference}/appeal/" not in readonly
    with time_machine_at(SOON + timedelta(days=20)):
        page = sign_in(cast.amir).get(f"/deals/{deal.reference}/").content.decode()
        assert f"/deals/{deal.reference}/appeal/" not in page and "An appeal was possible until" in page
        answer = sign_in(cast.amir).post(f"/deals/{deal.reference}/appeal/", {"text": "x"}, follow=True)
        assert "ended on" in answer.content.decode() and not Appeal.objects.exists()


@pytest.mark.parametrize(
    "code, fact",
    [
        ("not_new_business", "Purchases that count"),
        ("incomplete", "Not given"),
        ("not_eligible", "Tier on submission"),
        ("customer_objects", "Contact named at the customer"),
    ],
)
def test_each_reason_shows_the_fact_behind_it(cast, sign_in, time_machine_at, code, fact):
    in_english(cast)
    deal = actions.reject_deal(stages.submitted(cast), by=cast.denise, at=LATER, code=code, text="No.")
    with time_machine_at(SOON):
        assert fact in sign_in(cast.amir).get(f"/deals/{deal.reference}/").content.decode()


def test_appeal_and_decision_through_the_pages(cast, sign_in, time_machine_at):
    in_english(cast)
    deal = stages.rejected(cast)
    amir, karim = sign_in(cast.amir), sign_in(cast.karim)
    with time_machine_at(SOON):
        empty = amir.post(f"/deals/{deal.reference}/appeal/", {"text": ""})
        assert empty.status_code == 200 and empty.context["form"].errors["text"]
        bad = amir.post(
            f"/deals/{deal.reference}/appeal/",
            {"text": GROUNDS, "file": [SimpleUploadedFile("x.exe", b"MZ")]},
        )
        assert bad.context["form"].errors["file"]
        sent = amir.post(
            f"/deals/{deal.reference}/appeal/", {"text": GROUNDS, "file": [evidence_file()]}, follow=True
        )
        assert "It is decided by" in sent.content.decode()
        assert amir.get(f"/deals/{deal.reference}/appeal/").status_code == 302
        listed = karim.get("/deals/appeals/").content.decode()
        assert deal.reference in listed and f"/deals/{deal.reference}/appeal/decide/" in listed
        place = f"/deals/{deal.reference}/appeal/decide/"
        assert karim.post(place, {"outcome": "facts_wrong", "text": ""}).context["form"].errors["text"]
        done = karim.post(place, {"outcome": "facts_wrong", "text": "They are right."}, follow=True)
        assert "is under review again" in done.content.decode()
        assert karim.get(place).status_code == 302
        assert karim.post(place, {"outcome": "upheld", "text": "No."}).status_code == 302
        page = amir.get(f"/deals/{deal.reference}/").content.decode()
        assert "Overturned: the facts were wrong" in page and "They are right." in page
        assert "Karim" not in page


def test_who_rejected_is_led_away_from_the_decision(cast, sign_in, time_machine_at):
    deal = actions.reject_deal(stages.endorsed(cast), by=cast.karim, at=LATER, code="other", text="No.")
    appealed(cast, deal)
    with time_machine_at(SOON):
        assert sign_in(cast.karim).get(f"/deals/{deal.reference}/appeal/decide/").status_code == 302


def test_the_overturn_rate_is_the_vendors_and_hides_small_numbers(cast, sign_in, time_machine_at):
    in_english(cast)
    for number, outcome in enumerate(["upheld", "facts_wrong", "facts_wrong"]):
        deal = actions.reject_deal(
            stages.submitted(cast, customer_name=f"Mairie {number} de Lambersart"),
            by=cast.denise,
            at=LATER,
            code="no_engagement" if number else "other",
            text="No.",
        )
        actions.decide_appeal(appealed(cast, deal), by=cast.karim, at=SOON, outcome=outcome, text="Examined.")
    found = appeals.overturn_figures(cast.karim, None, fewest=3)
    assert (found.total.decided, found.total.overturned, found.total.pct) == (3, 2, 67)
    assert [(rate.key, rate.decided, rate.pct) for rate in found.by_code] == [
        ("no_engagement", 2, None),
        ("other", 1, None),
    ]
    assert [(rate.key, rate.pct) for rate in found.by_country] == [("FR", 67)]
    assert found.by_outcome == [("facts_wrong", 2), ("upheld", 1)]
    elsewhere = appeals.overturn_figures(cast.ingrid, SOON - timedelta(days=1), fewest=3)
    assert elsewhere.total.decided == 0
    with time_machine_at(SOON):
        for period in ("90", "365", "all", "nonsense"):
            page = sign_in(cast.karim).get("/deals/appeals/figures/", {"period": period})
            assert "67%" in page.content.decode()
        for person in (cast.amir, cast.denise):
            assert sign_in(person).get("/deals/appeals/figures/").status_code == 403
            assert sign_in(person).get("/deals/appeals/").status_code == 403


def test_the_list_of_appeals_costs_the_same_for_many(cast, sign_in, django_assert_max_num_queries):
    karim = sign_in(cast.karim)
    for number in range(2):
        deal = actions.reject_deal(
            stages.submitted(cast, customer_name=f"Commune {number} sur Deûle"),
            by=cast.denise,
            at=LATER,
            code="other",
            text="No.",
        )
        appealed(cast, deal)
    for show in ("open", "decided", "all", "nonsense"):
        with django_assert_max_num_queries(10):
            assert karim.get("/deals/appeals/", {"show": show}).status_code == 200


def test_the_mail_of_a_rejection_explains_it_too(cast, mailoutbox):
    from portal.notifications.actions import deliver_due

    in_english(cast)
    stages.rejected(cast)
    deliver_due(at=LATER + timedelta(days=400), most=50)
    letter = next(one for one in mailoutbox if "Rejected" in one.subject and cast.amir.email in one.to[0])
    for said in ("One call is not enough.", "E1 of edition 2017", "you can appeal once", "4 December 2026"):
        assert said in " ".join(letter.body.split()), said


def test_outcomes_are_either_upheld_or_overturned():
    assert set(AppealOutcome) == {AppealOutcome.UPHELD, *OVERTURNED}


# --- against having been overruled (rules E5, E9)


def test_an_overruled_partner_reads_code_facts_rule_edition_and_its_appeal_and_nothing_of_the_other(
    cast, sign_in, time_machine_at
):
    in_english(cast)
    deal = stages.overruled(cast)
    assert (deal.status, deal.appeal_until) == ("revoked", date(2026, 12, 4))
    assert (deal.revoked_by, deal.revoked_at) == (cast.karim, LATER)
    with time_machine_at(SOON):
        amir = sign_in(cast.amir)
        page = amir.get(deal.get_absolute_url()).content.decode()
        form = amir.get(f"{deal.get_absolute_url()}appeal/").content.decode()
        judged_by = sign_in(cast.denise).get(deal.get_absolute_url()).content.decode()
    mail = Notification.objects.get(kind="deal-revoked", recipient=cast.amir)
    composed = compose(mail, cast.amir.memberships.get())
    for text in (page, form, " ".join(f"{composed.subject} {composed.body}".split())):
        assert "24 Nov 2026 to 22 Feb 2027" in text and "E5" in text and "2017" in text
        assert re.search(r"4 Dec(ember)? 2026", text) and "We have looked at it again." in text
        for hidden in ("conflict", "Bravo", "Bruno", "framework", "E13", "Karim"):
            assert hidden.lower() not in text.lower().replace("/deals/conflicts", ""), hidden
    assert "Appeal against the end of the protection" in form
    assert f"{deal.get_absolute_url()}appeal/" in page
    assert "The partner may appeal until" in judged_by and "4 Dec 2026" in judged_by
    file = b"".join(amir.get("/deals/export/csv/").streaming_content).decode()
    assert "2026-12-04" in file


def test_the_appeal_of_an_overruled_partner_goes_to_somebody_who_did_not_decide(
    cast, sign_in, time_machine_at
):
    in_english(cast)
    deal = stages.overruled(cast)
    second = hire(cast, "Maud", Role.CHANNEL_MANAGER)
    appeal = appealed(cast, deal)
    assert (appeal.rejected_by, appeal.rejection_code) == (cast.karim, "overruled")
    assert appeal.rejection_text == "We have looked at it again." and appeal.against_overruling
    assert addresses_told("deal-appealed") == {second.email, cast.denise.email}
    with pytest.raises(RuleViolation) as refused:
        actions.decide_appeal(appeal, by=cast.karim, at=SOON, outcome="upheld", text="As I said.")
    assert refused.value.rule == "E9"
    with time_machine_at(SOON):
        page = sign_in(cast.nora).get(f"{deal.get_absolute_url()}appeal/decide/").content.decode()
        assert "Decision of the channel manager on the opportunity" in page and "E5" in page
        assert (
            "Another decision on the opportunity"
            in sign_in(cast.nora).get("/deals/appeals/").content.decode()
        )


def test_overturned_the_overruled_deal_is_under_review_with_the_days_that_it_had_left(cast, sign_in):
    in_english(cast)
    deal = stages.overruled(cast)
    appeal = appealed(cast, deal)
    actions.decide_appeal(appeal, by=cast.nora, at=SOON, outcome="facts_wrong", text="They are right.")
    before, deal = deal, Deal.objects.get(pk=deal.pk)
    assert (deal.status, deal.step, deal.submitted_at) == ("submitted", "vendor", before.submitted_at)
    # Ninety days were left on 24 November.
    assert (deal.protected_until, deal.protection_kept_until) == (None, date(2027, 2, 24))
    assert (deal.revocation_code, deal.end_text, deal.revoked_by, deal.appeal_until) == ("", "", None, None)
    conflict = Conflict.objects.get()
    assert conflict.outcome == "" and conflict.settled_before[0]["outcome"] == "later_prevails"
    anew = Notification.objects.filter(kind="deal-conflict", key__endswith=":1")
    assert cast.nora.email in set(anew.values_list("recipient__email", flat=True))
    assert 'id="settle"' in sign_in(cast.nora).get(conflict.get_absolute_url()).content.decode()
    said = sign_in(cast.karim).get(conflict.get_absolute_url()).content.decode()
    assert 'id="settle"' not in said and "somebody else settles" in said
    settled = {"outcome": "earlier_stands", "reason": "First in time.", "message": "It cannot be protected."}
    with pytest.raises(RuleViolation, match="overturned your decision"):
        actions.settle_conflict(conflict, by=cast.karim, at=SOON, **settled)
    actions.settle_conflict(conflict, by=cast.nora, at=SOON, **settled)
    with pytest.raises(NotAllowed):
        actions.approve_deal(deal, by=cast.karim, at=SOON, granted_pct=Decimal(3))
    deal = actions.approve_deal(deal, by=cast.nora, at=SOON, granted_pct=Decimal(3))
    assert deal.protected_until == date(2027, 2, 24)


def test_an_enterprise_deal_that_was_overruled_can_be_approved_again_without_a_second_endorsement(cast):
    deal = actions.approve_deal(stages.endorsed(cast), by=cast.karim, at=LATER)
    end_by_revocation(deal, by=cast.karim, at=LATER, code="overruled", text="Decided anew.")
    actions.decide_appeal(
        appealed(cast, deal), by=cast.nora, at=SOON, outcome="rule_misapplied", text="They are right."
    )
    deal = actions.approve_deal(Deal.objects.get(pk=deal.pk), by=cast.nora, at=SOON, granted_pct=Decimal(10))
    assert (deal.status, deal.endorsed_at) == ("approved", None)


def test_upheld_it_stays_overruled_and_a_second_overruling_is_final(cast, sign_in):
    in_english(cast)
    deal = stages.overruled(cast)
    actions.decide_appeal(appealed(cast, deal), by=cast.nora, at=SOON, outcome="upheld", text="It stands.")
    deal.refresh_from_db()
    assert deal.status == "revoked"
    assert "This decision is final" in sign_in(cast.amir).get(deal.get_absolute_url()).content.decode()
    with pytest.raises(RuleViolation, match="already"):
        appealed(cast, deal)
    again = stages.approved(cast, customer_name="Mairie de Lens")
    Appeal.objects.filter(deal=deal).update(deal=again)
    end_by_revocation(again, by=cast.karim, at=SOON, code="overruled", text="Decided anew.")
    assert again.appeal_until is None


def test_late_or_against_a_revocation_there_is_no_appeal(cast, sign_in):
    deal = stages.overruled(cast)
    with pytest.raises(RuleViolation, match="ended on"):
        appealed(cast, deal, at=LATER + timedelta(days=11))
    heard = stages.revoked(cast)
    with pytest.raises(RuleViolation) as refused:
        appealed(cast, heard)
    assert (refused.value.code, heard.appeal_until) == ("no-appeal", None)
    assert "/appeal/" not in sign_in(cast.amir).get(heard.get_absolute_url()).content.decode()
