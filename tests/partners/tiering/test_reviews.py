"""The portal proposes, a person decides (rules G5, H3, H5)."""

from datetime import date, timedelta

import pytest

from partners.certification.actions import departures
from partners.certification.tasks import watch_departures
from partners.organisations.models import Partner, Tier
from partners.organisations.selectors import timeline_of
from partners.programme.selectors import rulebook_of
from partners.tiering import actions
from partners.tiering.models import TierChange, TierReview
from partners.tiering.tasks import watch_changes, watch_reviews
from portal.accounts.models import User
from portal.audit.models import Event
from portal.core.calendar import months_after
from portal.core.errors import NotAllowed, RuleViolation, WrongState
from portal.notifications.mails import compose
from portal.notifications.models import Notification
from tests.partners.certification.people import certify, hire, leave, noon
from tests.world import fingerprint

pytestmark = pytest.mark.django_db

LAPSE = date(2026, 5, 31)


def night(day):
    watch_departures(noon(day))
    watch_changes(noon(day))
    watch_reviews(noon(day))


def lapsed(cast, partner, by, *, left=date(2026, 3, 1), on=LAPSE, people=1):
    """So many technical specialists of a partner leave at once and nobody takes their place."""
    cases = []
    for number in range(people):
        person = hire(partner, f"Leaver {number}")
        certify(person)
        cases.append(leave(person, left, by=by))
    night(on)
    return cases


@pytest.fixture
def review(cast):
    """Bravo is Silver and has lost its one technical specialist: Bronze is proposed."""
    lapsed(cast, cast.bravo, cast.bruno)
    return TierReview.objects.get()


def mail_of(told):
    return str(compose(told, told.recipient.memberships.get()).body)


def tier_of(partner):
    return Partner.objects.get(pk=partner.pk).tier


def test_a_lapse_with_an_effect_opens_one_proposal_and_changes_nothing(cast, review):
    assert (review.status, review.current_tier, review.proposed_tier) == ("open", "silver", "bronze")
    assert review.facts["tracks"][0]["missing"] == 1
    assert tier_of(cast.bravo) == "silver"
    told = Notification.objects.filter(kind="tier-review-opened").values_list("recipient", flat=True)
    assert set(told) == {cast.bruno.pk, cast.karim.pk}
    before = fingerprint()
    night(LAPSE)
    night(LAPSE + timedelta(days=1))
    assert fingerprint() == before


def test_a_lapse_without_an_effect_opens_none(cast):
    certify(hire(cast.bravo, "Noa"))
    lapsed(cast, cast.bravo, cast.bruno)
    assert not TierReview.objects.exists()


def test_confirmed_silver_becomes_bronze_at_once(cast, review):
    actions.confirm_review(review, by=cast.karim, at=noon(LAPSE), reason="Nobody in sight.")
    assert tier_of(cast.bravo) == "bronze"
    change = TierChange.objects.get()
    assert (change.before, change.after, change.status, change.effective_on) == (
        "silver",
        "bronze",
        "applied",
        LAPSE,
    )
    event = Event.objects.get(verb="partner.tier_changed")
    assert (event.actor, event.reason, event.edition) == (cast.karim, "Nobody in sight.", "2017")
    told = Notification.objects.get(kind="tier-review-decided")
    assert (told.recipient, told.context["reason"]) == (cast.bruno, "Nobody in sight.")


def test_confirmed_gold_waits_for_january_and_changes_once(cast):
    lapsed(cast, cast.alpha, cast.alice)
    review = TierReview.objects.get()
    # Alpha is Gold, which asks for two: nobody is left, so the proposal goes down to Bronze.
    assert (review.current_tier, review.proposed_tier) == ("gold", "bronze")
    actions.confirm_review(review, by=cast.karim, at=noon(LAPSE), reason="Two are missing.")
    assert tier_of(cast.alpha) == "gold"
    change = TierChange.objects.get()
    assert (change.status, change.effective_on) == ("scheduled", date(2027, 1, 1))
    assert str(change) == "Alpha Sécurité: gold → bronze"
    night(date(2026, 12, 31))
    assert tier_of(cast.alpha) == "gold"
    # A night that is five days late changes the same.
    night(date(2027, 1, 6))
    change.refresh_from_db()
    assert (tier_of(cast.alpha), change.status, change.effective_on) == (
        "bronze",
        "applied",
        date(2027, 1, 1),
    )
    assert Notification.objects.filter(kind="tier-changed").count() == 2
    before = fingerprint()
    night(date(2027, 1, 7))
    assert not actions.apply_change(change, at=noon(date(2027, 1, 7)))
    assert fingerprint() == before


def test_in_january_everything_is_open(cast):
    lapsed(cast, cast.alpha, cast.alice, left=date(2026, 10, 5), on=date(2027, 1, 4))
    actions.confirm_review(TierReview.objects.get(), by=cast.karim, at=noon(date(2027, 1, 5)), reason="Gone.")
    assert tier_of(cast.alpha) == "bronze"
    assert TierChange.objects.get().status == "applied"


def test_a_scheduled_change_falls_away_when_the_tier_has_come_down_otherwise(cast):
    lapsed(cast, cast.alpha, cast.alice)
    actions.confirm_review(TierReview.objects.get(), by=cast.karim, at=noon(LAPSE), reason="Gone.")
    Partner.objects.filter(pk=cast.alpha.pk).update(tier=Tier.REGISTERED)
    night(date(2027, 1, 1))
    assert TierChange.objects.get().status == "dropped"
    assert tier_of(cast.alpha) == "registered"


def test_the_tier_is_kept_with_a_reason(cast, review):
    with pytest.raises(RuleViolation):
        actions.keep_tier(review, by=cast.karim, at=noon(LAPSE), reason=" ")
    actions.keep_tier(review, by=cast.karim, at=noon(LAPSE), reason="Exam next week.")
    review.refresh_from_db()
    assert (review.status, review.decided_by, review.reason) == ("kept", cast.karim, "Exam next week.")
    assert tier_of(cast.bravo) == "silver"
    night(LAPSE + timedelta(days=1))
    assert TierReview.objects.count() == 1


def plan(review, by, until=date(2026, 8, 31), text="Certify Noa."):
    return actions.open_recovery_plan(
        review, by=by, at=noon(LAPSE), reason="One exam is missing.", plan=text, until=until
    )


def test_a_recovery_plan_comes_back_to_a_person_on_the_day_after_its_end(cast, review):
    longest = months_after(LAPSE, rulebook_of(review.edition).tier_changes.recovery_plan_months)
    for until in (LAPSE, longest + timedelta(days=1)):
        with pytest.raises(RuleViolation) as refusal:
            plan(review, cast.karim, until)
        assert (refusal.value.field, refusal.value.params["last"]) == ("until", longest)
    with pytest.raises(RuleViolation):
        plan(review, cast.karim, text="")
    plan(review, cast.karim)
    night(date(2026, 8, 31))
    review.refresh_from_db()
    assert review.status == "plan"
    assert actions.resume_reviews([review.pk], at=noon(date(2026, 8, 31))) == []
    night(date(2026, 9, 1))
    review.refresh_from_db()
    assert (review.status, review.plan) == ("open", "Certify Noa.")
    opened = Event.objects.about(review).get(verb="tier_review.plan_opened")
    assert "One exam is missing." in opened.reason and "Certify Noa." in opened.reason
    assert Notification.objects.get(kind="tier-plan-ended").recipient == cast.karim
    actions.confirm_review(review, by=cast.karim, at=noon(date(2026, 9, 2)), reason="The plan failed.")
    assert tier_of(cast.bravo) == "bronze"


def test_a_review_ends_by_itself_when_the_specialists_are_back(cast, review):
    certify(hire(cast.bravo, "Noa"), issued_on=date(2026, 6, 5))
    with pytest.raises(WrongState):
        actions.confirm_review(review, by=cast.karim, at=noon(date(2026, 6, 5)), reason="Gone.")
    night(date(2026, 6, 6))
    review.refresh_from_db()
    assert review.status == "dropped"
    assert Event.objects.about(review).last().verb == "tier_review.dropped"
    assert Notification.objects.filter(kind="tier-review-dropped").count() == 2


def test_a_review_ends_when_its_case_is_withdrawn_or_its_lapse_undone(cast, review):
    departures.withdraw_departure(
        review.departure, by=cast.karim, at=noon(date(2026, 6, 2)), reason="Confusion.", still_here=False
    )
    night(date(2026, 6, 3))
    review.refresh_from_db()
    assert review.status == "dropped"


@pytest.mark.parametrize("kept", [False, True])
def test_a_lapse_that_was_undone_and_comes_again_is_another_proposal(cast, review, kept):
    case = review.departure
    if kept:
        actions.keep_tier(review, by=cast.karim, at=noon(LAPSE), reason="Exam next week.")
    departures.correct_departure_date(
        case, by=cast.karim, at=noon(date(2026, 6, 2)), departed_on=date(2026, 3, 10), reason="Payroll."
    )
    night(date(2026, 6, 3))
    assert TierReview.objects.count() == 1
    night(date(2026, 6, 9))
    review.refresh_from_db()
    again = TierReview.objects.exclude(pk=review.pk).get()
    assert review.status == ("kept" if kept else "dropped")
    assert (again.status, again.departure, again.proposed_tier) == ("open", case, "bronze")
    assert Notification.objects.filter(kind="tier-review-opened", subject_id=again.pk).count() == 2
    before = fingerprint()
    night(date(2026, 6, 9))
    night(date(2026, 6, 14))
    assert fingerprint() == before


def test_a_proposal_that_comes_too_late_is_kept_as_not_needed(cast):
    person = hire(cast.bravo)
    certify(person)
    leave(person, date(2026, 3, 1), by=cast.bruno)
    watch_departures(noon(LAPSE))
    Partner.objects.filter(pk=cast.bravo.pk).update(tier=Tier.BRONZE)
    watch_reviews(noon(LAPSE))
    review = TierReview.objects.get()
    assert review.status == "dropped"
    assert not Notification.objects.filter(kind="tier-review-opened").exists()


def test_a_plan_without_ground_is_dropped_as_well(cast, review):
    plan(review, cast.karim)
    Partner.objects.filter(pk=cast.bravo.pk).update(tier=Tier.BRONZE)
    night(date(2026, 6, 1))
    review.refresh_from_db()
    assert review.status == "dropped"


def test_nobody_decides_twice(cast, review):
    actions.keep_tier(review, by=cast.karim, at=noon(LAPSE), reason="Exam next week.")
    for decide in (
        lambda: actions.confirm_review(review, by=cast.nora, at=noon(LAPSE), reason="x"),
        lambda: actions.keep_tier(review, by=cast.nora, at=noon(LAPSE), reason="x"),
        lambda: plan(review, cast.nora),
    ):
        with pytest.raises(WrongState):
            decide()
    review.refresh_from_db()
    assert (review.status, review.decided_by) == ("kept", cast.karim)


def test_who_may_decide(cast, review):
    for person in (cast.bruno, cast.alice, cast.denise, cast.august, cast.ingrid):
        for decide in (
            lambda who: actions.confirm_review(review, by=who, at=noon(LAPSE), reason="x"),
            lambda who: actions.keep_tier(review, by=who, at=noon(LAPSE), reason="x"),
            lambda who: plan(review, who),
        ):
            with pytest.raises(NotAllowed):
                decide(person)


def test_of_several_proposals_one_decision_settles_those_that_ask_for_no_more(cast):
    lapsed(cast, cast.bravo, cast.bruno, people=2)
    first, second = TierReview.objects.order_by("pk")
    actions.confirm_review(first, by=cast.karim, at=noon(LAPSE), reason="Both are gone.")
    second.refresh_from_db()
    assert second.status == "dropped"


def test_of_two_scheduled_changes_the_lower_stands(cast):
    # With one specialist left in each track Platinum comes down to Silver; with none, to Bronze.
    stays = hire(cast.platin, "Stays")
    certify(stays)
    certify(stays, "sales")
    lapsed(cast, cast.platin, cast.paul)
    first = TierReview.objects.get()
    assert first.proposed_tier == "silver"
    actions.confirm_review(first, by=cast.ingrid, at=noon(LAPSE), reason="Gone.")
    leave(stays, date(2026, 6, 5), by=cast.paul)
    night(date(2026, 9, 4))
    second = TierReview.objects.exclude(pk=first.pk).get()
    assert second.proposed_tier == "bronze"
    actions.confirm_review(second, by=cast.ingrid, at=noon(date(2026, 9, 5)), reason="Gone too.")
    assert [(one.after, one.status) for one in TierChange.objects.order_by("pk")] == [
        ("silver", "dropped"),
        ("bronze", "scheduled"),
    ]


def test_a_higher_target_does_not_replace_a_scheduled_lower_one(cast):
    lapsed(cast, cast.alpha, cast.alice)
    actions.confirm_review(TierReview.objects.get(), by=cast.karim, at=noon(LAPSE), reason="Gone.")
    certify(hire(cast.alpha, "Back"), issued_on=date(2026, 6, 2))
    lapsed(cast, cast.alpha, cast.alice, left=date(2026, 6, 3), on=date(2026, 9, 2))
    second = TierReview.objects.get(status="open")
    assert second.proposed_tier == "silver"
    actions.confirm_review(second, by=cast.karim, at=noon(date(2026, 9, 3)), reason="Gone too.")
    assert [one.after for one in TierChange.objects.filter(status="scheduled")] == ["bronze"]


# ---------------------------------------------------------------- the specialists come back before January


BACK = date(2026, 9, 1)


@pytest.fixture
def change(cast):
    """Alpha's way from Gold to Bronze is decided and waits for January."""
    lapsed(cast, cast.alpha, cast.alice)
    actions.confirm_review(TierReview.objects.get(), by=cast.karim, at=noon(LAPSE), reason="Two are missing.")
    return TierChange.objects.get()


def two_come_back(partner, day=BACK):
    back = [hire(partner, f"Back {number}", day) for number in range(2)]
    for one in back:
        certify(one, issued_on=day)
    return back


def test_whoever_decided_is_told_once_when_the_reason_for_a_scheduled_change_is_gone(cast, change):
    night(BACK - timedelta(days=1))
    assert not Notification.objects.filter(kind="tier-change-ground-gone").exists()
    two_come_back(cast.alpha)
    night(BACK)
    told = Notification.objects.filter(kind="tier-change-ground-gone").values_list("recipient", flat=True)
    assert set(told) == {cast.alice.pk, cast.karim.pk}
    assert Event.objects.about(change.review).last().verb == "tier_review.ground_gone"
    change.refresh_from_db()
    assert (change.status, tier_of(cast.alpha)) == ("scheduled", "gold")
    before = fingerprint()
    night(BACK)
    night(BACK + timedelta(days=1))
    assert fingerprint() == before


def test_one_specialist_of_two_is_not_enough(cast, change):
    certify(hire(cast.alpha, "Back", BACK), issued_on=BACK)
    night(BACK)
    change.refresh_from_db()
    assert change.ground_gone_at is None
    # Gold is lost; what the one carries is not (rule G5).
    night(date(2027, 1, 1))
    assert tier_of(cast.alpha) == "silver"


def test_the_channel_manager_drops_a_scheduled_change_with_a_reason(cast, change):
    two_come_back(cast.alpha)
    night(BACK)
    with pytest.raises(RuleViolation):
        actions.drop_change(change, by=cast.karim, at=noon(BACK), reason=" ")
    actions.drop_change(change, by=cast.karim, at=noon(BACK), reason="Both are certified.")
    change.refresh_from_db()
    assert change.status == "dropped"
    event = Event.objects.about(change.review).last()
    assert (event.verb, event.actor, event.reason) == (
        "tier_review.change_dropped",
        cast.karim,
        "Both are certified.",
    )
    assert Event.objects.about(cast.alpha).filter(verb="partner.tier_change_dropped").exists()
    told = Notification.objects.get(kind="tier-change-dropped")
    assert (told.recipient, told.context["reason"]) == (cast.alice, "Both are certified.")
    night(date(2027, 1, 1))
    assert tier_of(cast.alpha) == "gold"
    for decide in (actions.drop_change, actions.uphold_change):
        with pytest.raises(WrongState):
            decide(change, by=cast.karim, at=noon(BACK), reason="Again.")


def test_an_upheld_change_takes_effect_though_the_specialists_are_back(cast, change):
    with pytest.raises(WrongState):
        actions.uphold_change(change, by=cast.karim, at=noon(BACK), reason="They are still missing.")
    two_come_back(cast.alpha)
    # The hours before the night count as well.
    actions.uphold_change(change, by=cast.karim, at=noon(BACK), reason="Sales are missing too.")
    night(BACK + timedelta(days=1))
    assert not Notification.objects.filter(kind="tier-change-ground-gone").exists()
    told = Notification.objects.get(kind="tier-change-upheld")
    assert (told.recipient, told.context["reason"]) == (cast.alice, "Sales are missing too.")
    night(date(2027, 1, 1))
    assert tier_of(cast.alpha) == "bronze"


def test_what_nobody_has_decided_by_its_day_leaves_the_tier_as_it_is(cast, change):
    two_come_back(cast.alpha)
    night(BACK)
    night(date(2027, 1, 1))
    change.refresh_from_db()
    assert (change.status, tier_of(cast.alpha)) == ("dropped", "gold")
    event = Event.objects.about(change.review).last()
    assert (event.verb, event.actor) == ("tier_review.change_dropped", None)
    told = Notification.objects.filter(kind="tier-change-dropped").values_list("recipient", flat=True)
    assert set(told) == {cast.alice.pk, cast.karim.pk}
    before = fingerprint()
    night(date(2027, 1, 2))
    assert fingerprint() == before


def test_specialists_who_leave_again_let_the_change_stand_and_coming_back_is_told_anew(cast, change):
    back = two_come_back(cast.alpha)
    night(BACK)
    actions.uphold_change(change, by=cast.karim, at=noon(BACK), reason="Sales are missing too.")
    leave(back[0], date(2026, 10, 1), by=cast.alice)
    night(date(2026, 10, 2))
    change.refresh_from_db()
    assert (change.ground_gone_at, change.upheld_at) == (None, None)
    assert Event.objects.about(change.review).last().verb == "tier_review.ground_back"
    certify(hire(cast.alpha, "Third", date(2026, 10, 5)), issued_on=date(2026, 10, 5))
    night(date(2026, 10, 5))
    told = Notification.objects.filter(kind="tier-change-ground-gone", recipient=cast.karim)
    assert told.count() == 2


def one_comes_back(partner, day=BACK):
    back = hire(partner, "Back", day)
    certify(back, issued_on=day)
    return back


def test_a_scheduled_change_goes_no_lower_than_the_specialists_carry_on_its_day(cast, change):
    """Nobody was left of two, so Bronze was decided; one is there again, which carries Silver."""
    User.objects.update(language="en")
    one_comes_back(cast.alpha)
    night(BACK)
    night(date(2027, 1, 1))
    change.refresh_from_db()
    assert tier_of(cast.alpha) == "silver"
    assert (change.before, change.after, change.status) == ("gold", "silver", "applied")
    limited = Event.objects.about(change.review).get(verb="tier_review.limited")
    assert (limited.actor, limited.data) == (None, {"proposed": "bronze", "after": "silver"})
    told = Notification.objects.filter(kind="tier-changed", recipient=cast.alice).get()
    said = " ".join(mail_of(told).split())
    assert "changed from Gold to Silver. Bronze had been decided" in said
    assert "as decided before" not in said
    before = fingerprint()
    night(date(2027, 1, 2))
    assert fingerprint() == before


def test_a_scheduled_change_without_review_is_limited_in_the_partner_s_history(cast, change):
    TierChange.objects.filter(pk=change.pk).update(review=None)
    one_comes_back(cast.alpha)
    night(date(2027, 1, 1))
    assert tier_of(cast.alpha) == "silver"
    assert Event.objects.about(cast.alpha).filter(verb="tier_review.limited").exists()


def test_a_confirmation_goes_no_lower_than_the_specialists_carry_on_the_day(cast, sign_in):
    User.objects.update(language="en")
    lapsed(cast, cast.alpha, cast.alice)
    one_comes_back(cast.alpha)
    review = TierReview.objects.get()
    assert review.proposed_tier == "bronze"
    actions.confirm_review(review, by=cast.karim, at=noon(BACK), reason="One is missing.")
    waiting = TierChange.objects.get()
    assert (waiting.before, waiting.after, waiting.status) == ("gold", "silver", "scheduled")
    confirmed = Event.objects.about(review).get(verb="tier_review.confirmed")
    limited = Event.objects.about(review).get(verb="tier_review.limited")
    assert (confirmed.data["after"], limited.data["proposed"]) == ("silver", "bronze")
    said = " ".join(mail_of(Notification.objects.get(kind="tier-review-decided")).split())
    assert "The specialists who are there today carry Silver" in said
    night(date(2027, 1, 1))
    assert tier_of(cast.alpha) == "silver"


def test_in_january_a_confirmation_stops_at_once_at_what_is_carried(cast):
    lapsed(cast, cast.alpha, cast.alice, left=date(2026, 10, 5), on=date(2027, 1, 4))
    one_comes_back(cast.alpha, date(2027, 1, 4))
    actions.confirm_review(TierReview.objects.get(), by=cast.karim, at=noon(date(2027, 1, 5)), reason="Gone.")
    assert tier_of(cast.alpha) == "silver"
    change = TierChange.objects.get()
    assert (change.after, change.status) == ("silver", "applied")


def test_the_page_says_where_a_confirmation_would_stop(cast, sign_in):
    lapsed(cast, cast.alpha, cast.alice)
    review = TierReview.objects.get()
    browser = sign_in(cast.karim)
    assert browser.get(review.get_absolute_url()).context["effect"]["limited_to"] == ""
    one_comes_back(cast.alpha)
    page = browser.get(review.get_absolute_url())
    assert page.context["effect"]["limited_to"] == "silver"


def test_a_lapse_that_is_undone_takes_the_reason_of_the_change_along(cast, change):
    departures.withdraw_departure(
        change.review.departure, by=cast.karim, at=noon(BACK), reason="Confusion.", still_here=False
    )
    night(BACK)
    change.refresh_from_db()
    assert change.ground_gone_at is not None


def test_a_change_that_rests_on_no_review_is_watched_and_dropped_as_well(cast, change):
    TierChange.objects.filter(pk=change.pk).update(review=None)
    two_come_back(cast.alpha)
    night(BACK)
    assert Event.objects.about(cast.alpha).last().verb == "tier_review.ground_gone"
    change.refresh_from_db()
    actions.drop_change(change, by=cast.karim, at=noon(BACK), reason="They are back.")
    assert Event.objects.about(cast.alpha).last().verb == "partner.tier_change_dropped"


def test_who_may_decide_on_a_scheduled_change(cast, change):
    two_come_back(cast.alpha)
    for person in (cast.alice, cast.bruno, cast.denise, cast.august, cast.ingrid):
        for decide in (actions.drop_change, actions.uphold_change):
            with pytest.raises(NotAllowed):
                decide(change, by=person, at=noon(BACK), reason="x")


def test_the_partner_s_history_says_the_change_in_words_and_a_distributor_reads_no_reason(cast, review):
    actions.confirm_review(review, by=cast.karim, at=noon(LAPSE), reason="Leaver 0 was not replaced.")
    for reader, reads in ((cast.bruno, True), (cast.karim, True), (cast.denise, False)):
        entry = timeline_of(cast.bravo, reader)[0]
        assert entry["title"] == "Tier changed from Silver to Bronze"
        assert ("Leaver 0" in str(timeline_of(cast.bravo, reader))) == reads
