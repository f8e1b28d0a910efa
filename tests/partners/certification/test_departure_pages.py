"""Departures and tier reviews in front of people."""

from datetime import timedelta

import pytest
from django.utils import timezone

from partners.certification.actions import departures
from partners.certification.models import Booking, Departure, DepartureOrigin, Person
from partners.certification.tasks import watch_departures
from partners.tiering.actions import keep_tier
from partners.tiering.models import TierReview
from partners.tiering.tasks import watch_changes, watch_reviews
from portal.accounts.models import User
from portal.core import formats
from portal.core.calendar import date_in
from portal.core.errors import WrongState
from portal.notifications.actions import deliver_due, notify
from portal.notifications.kinds import KINDS
from portal.notifications.models import Notification
from tests.partners.certification import school
from tests.partners.certification.people import certify, hire, leave

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def in_english(cast):
    User.objects.update(language="en")


def text_of(page):
    assert page.status_code == 200
    return " ".join(page.content.decode().split())


@pytest.fixture
def today():
    """Where the partner is."""
    return date_in("FR", timezone.now())


@pytest.fixture
def case(cast, today):
    eva = hire(cast.alpha)
    certify(eva)
    return leave(eva, today - timedelta(days=10), by=cast.alice, at=timezone.now())


def test_a_case_shows_deadlines_what_the_tier_asks_and_who_could_come(cast, sign_in, case, today):
    certify(hire(cast.alpha, "Noa Neu", today - timedelta(days=3)))
    certify(hire(cast.alpha, "Old Hand"))
    course = school.course("EPS-1", track="technical")
    session = school.session(course, starts_at=timezone.now() + timedelta(days=30))
    trainee = hire(cast.alpha, "Tia Traine")
    Booking.objects.create(
        session=session, employment=trainee, status="booked", booked_by=cast.alice, booked_at=timezone.now()
    )
    page = sign_in(cast.alice).get(f"/departures/{case.reference}/")
    text = text_of(page)
    (candidates,) = page.context["candidates"]
    assert [one.full_name for one in candidates.counting] == ["Noa Neu"]
    assert [one.employment.full_name for one in candidates.booked] == ["Tia Traine"]
    assert [one.course for one in candidates.sessions] == [course]
    # Gold asks for two technical specialists; the two who are left are enough.
    assert page.context["standing"].tracks[0].present == 2
    assert "80 days" in text and "Nora" not in text


def test_a_full_session_says_so_whoever_waits_is_not_booked_and_online_courses_are_offered(
    cast, sign_in, case
):
    place = f"/departures/{case.reference}/"
    alice = sign_in(cast.alice)
    assert "None is planned before the last day." in text_of(alice.get(place))
    school.online("T-ONLINE", title="Hardening online", track="technical")
    school.online("S-ONLINE", title="Selling online")
    school.online("D-ONLINE", title="A draft online", track="technical", is_published=False)
    text = text_of(alice.get(place))
    assert "Hardening online" in text and "Selling online" not in text and "A draft online" not in text
    assert "None is planned" not in text and "No session is planned before the last day." in text
    course = school.course("EPS-1", track="technical")
    session = school.session(course, seats=1, starts_at=timezone.now() + timedelta(days=30))
    assert "1 place left" in text_of(alice.get(place))
    for name, status in (("Tia Traine", "booked"), ("Will Wait", "waiting")):
        Booking.objects.create(
            session=session,
            employment=hire(cast.alpha, name),
            status=status,
            booked_by=cast.alice,
            booked_at=timezone.now(),
        )
    page = alice.get(place)
    text = text_of(page)
    (candidates,) = page.context["candidates"]
    assert [one.employment.full_name for one in candidates.booked] == ["Tia Traine"]
    assert [one.employment.full_name for one in candidates.waiting] == ["Will Wait"]
    booked, waiting = text.index("Booked on a course"), text.index("Waiting for a place in one")
    assert booked < text.index("Tia Traine") < waiting < text.index("Will Wait")
    assert "On the waiting list" in text and "Full, waiting list" in text and "place left" not in text


def test_the_partner_names_a_replacement_and_is_told_why_somebody_does_not_count(cast, sign_in, case, today):
    old, new = hire(cast.alpha, "Old Hand"), hire(cast.alpha, "Noa Neu", today - timedelta(days=3))
    for one in (old, new):
        certify(one)
    browser, gap = sign_in(cast.alice), case.gaps.get()
    place = f"/departures/{case.reference}/replace/{gap.pk}/"
    assert "they counted already" in text_of(browser.post(place, {"replacement": old.pk}))
    foreign = hire(cast.bravo, "Foreign", today - timedelta(days=3))
    assert text_of(browser.post(place, {"replacement": foreign.pk}))
    assert browser.post(place, {"replacement": new.pk}).status_code == 302
    case.refresh_from_db()
    assert case.status == "settled"
    # In another window it is still open: told, and nothing changed.
    page = browser.post(place, {"replacement": new.pk}, follow=True)
    assert "moved on in the meantime" in text_of(page)
    back = f"/departures/{case.reference}/take-back/{gap.pk}/"
    assert text_of(browser.post(back, {"reason": ""}))
    assert browser.post(back, {"reason": "The wrong Noa."}).status_code == 302
    assert "any more" in text_of(browser.post(back, {"reason": "Again."}, follow=True))


def test_a_date_is_corrected_asked_for_and_decided(cast, sign_in, case, today):
    alice, karim = sign_in(cast.alice), sign_in(cast.karim)
    place = f"/departures/{case.reference}/date/"
    later, earlier = today - timedelta(days=5), today - timedelta(days=20)
    missing = text_of(alice.post(place, {"departed_on": "", "reason": "x"}))
    assert missing.count("Please correct one thing") == 1
    assert "recorded already" in text_of(alice.post(place, {"departed_on": case.departed_on, "reason": "x"}))
    page = alice.post(place, {"departed_on": later, "reason": "Her last day was later."}, follow=True)
    assert "waits for the channel manager" in text_of(page)
    asked = case.corrections.get()
    decision = f"{place}{asked.pk}/"
    assert text_of(karim.post(decision, {"decision": "refuse", "text": ""}))
    assert "been told" in text_of(karim.post(decision, {"decision": "consent", "text": ""}, follow=True))
    assert "in the meantime" in text_of(karim.get(decision, follow=True))
    page = alice.post(place, {"departed_on": earlier, "reason": "The letter says so."}, follow=True)
    assert "is corrected" in text_of(page)
    case.refresh_from_db()
    assert case.departed_on == earlier


def test_cases_are_withdrawn_and_stay_readable(cast, sign_in, case):
    alice, place = sign_in(cast.alice), f"/departures/{case.reference}/withdraw/"
    assert text_of(alice.post(place, {"reason": ""}))
    text = text_of(alice.post(place, {"reason": "She has not left."}, follow=True))
    assert "This case has been withdrawn" in text
    for step in ("withdraw/", "date/"):
        page = sign_in(cast.karim).post(
            f"/departures/{case.reference}/{step}",
            {"reason": "x", "still_here": "no", "departed_on": "2026-01-01"},
            follow=True,
        )
        assert text_of(page)


def test_a_withdrawal_tells_the_channel_manager_what_can_be_done(cast, sign_in, case, mailoutbox):
    Notification.objects.update(mailed_at=timezone.now())
    sign_in(cast.alice).post(f"/departures/{case.reference}/withdraw/", {"reason": "She has not left."})
    deliver_due(at=timezone.now() + timedelta(seconds=1), most=50)
    (mail,) = mailoutbox
    said = " ".join(mail.body.split())
    assert cast.karim.email in mail.to[0]
    for words in ("She has not left.", "release this clock on the page", "enter the departure with its true"):
        assert words in said


def test_the_channel_manager_releases_an_earlier_clock_on_its_page(cast, sign_in, case, today):
    alice, karim, place = sign_in(cast.alice), sign_in(cast.karim), f"/departures/{case.reference}/"
    assert "Release the clock" not in text_of(karim.get(place))
    alice.post(f"{place}withdraw/", {"reason": "She has not left."})
    assert "Release the clock" in text_of(karim.get(place))
    said = text_of(alice.get(place))
    assert "until the channel manager releases this clock" in said and "Release the clock" not in said
    # Told again: what is shown before, and the new case, say on which clock.
    leaving = {"departed_on": today, "action": "check"}
    warned = text_of(alice.post(f"/team/{case.employment_id}/leave/", leaving))
    assert "The same person was reported before" in warned
    alice.post(f"/team/{case.employment_id}/leave/", leaving | {"action": "report"})
    again = Departure.objects.exclude(pk=case.pk).get()
    assert again.replacement_due_on == case.replacement_due_on
    there = f"/departures/{again.reference}/"
    assert "This case runs on an earlier clock" in text_of(alice.get(there))
    assert alice.get(f"{there}clock/").status_code == 403
    assert "This field is required" in text_of(karim.post(f"{there}clock/", {"reason": ""}))
    assert "is released" in text_of(karim.post(f"{there}clock/", {"reason": "On leave."}, follow=True))
    again.refresh_from_db()
    assert again.replacement_due_on == today + timedelta(days=90)
    said = text_of(karim.get(there))
    assert "Earlier clock released: to be reported by" in said and "Release the clock" not in said
    page = karim.post(f"{there}clock/", {"reason": "Again."}, follow=True)
    assert "No earlier clock is kept here any more." in text_of(page)


def test_a_settled_case_is_not_the_partners_to_withdraw(cast, sign_in, case):
    Departure.objects.filter(pk=case.pk).update(origin=DepartureOrigin.VENDOR)
    page = sign_in(cast.alice).post(f"/departures/{case.reference}/withdraw/", {"reason": "x"})
    assert "Ask your channel manager" in text_of(page)


def test_the_vendor_enters_a_departure_and_the_partner_confirms_it(cast, sign_in, today):
    eva = hire(cast.alpha)
    karim, place = sign_in(cast.karim), f"/departures/open/{eva.pk}/"
    day = today - timedelta(days=40)
    assert "nobody to replace" in text_of(karim.post(place, {"departed_on": day, "reason": "Audit."}))
    certify(eva)
    assert text_of(karim.post(place, {"departed_on": day, "reason": "Audit."}, follow=True))
    assert "already" in text_of(karim.post(place, {"departed_on": day, "reason": "Audit."}, follow=True))
    case = Departure.objects.get()
    alice = sign_in(cast.alice)
    assert "Confirm the departure" in text_of(alice.get(f"/departures/{case.reference}/"))
    text = text_of(alice.post(f"/departures/{case.reference}/report/", follow=True))
    assert "It was late" in text and "Reported late" in text


def test_the_vendor_enters_a_departure_again_after_a_case_that_was_withdrawn(cast, sign_in, case):
    karim, place = sign_in(cast.karim), case.employment.get_absolute_url()
    assert "/departures/open/" not in text_of(karim.get(place))
    departures.withdraw_departure(case, by=cast.alice, at=timezone.now(), reason="On leave.", still_here=True)
    opening = f"/departures/open/{case.employment_id}/"
    assert opening in text_of(karim.get(place))
    karim.post(opening, {"departed_on": case.departed_on, "reason": "Audit: she is gone."})
    again = Departure.objects.exclude(pk=case.pk).get()
    assert (again.origin, again.replacement_due_on) == ("vendor", case.replacement_due_on)


def test_whoever_confirms_reads_that_the_account_ends(cast, sign_in, today):
    for person, ends in ((None, False), (Person.objects.create(user=cast.tina), True)):
        gone = hire(cast.alpha, person=person)
        certify(gone)
        case = departures.open_case_as_vendor(
            gone, by=cast.karim, at=timezone.now(), departed_on=today - timedelta(days=3), reason="Audit."
        )
        said = text_of(sign_in(cast.alice).get(case.get_absolute_url()))
        assert ("portal account is deactivated then" in said) == ends


def test_an_early_word_is_a_report_in_time(cast, sign_in, today):
    eva = hire(cast.alpha)
    certify(eva)
    case = departures.open_case_as_vendor(
        eva, by=cast.karim, at=timezone.now(), departed_on=today - timedelta(days=3), reason="Audit."
    )
    page = sign_in(cast.alice).post(f"/departures/{case.reference}/report/", follow=True)
    assert "is reported" in text_of(page)


def test_the_vendor_filters_exports_and_reminds(cast, sign_in, case, today):
    late = hire(cast.bravo, "Ben Late")
    certify(late)
    overdue = leave(
        late, today - timedelta(days=85), by=cast.karim, at=timezone.now(),
        origin=DepartureOrigin.VENDOR, reported_on=None,
    )  # fmt: skip
    foreign = hire(cast.platin, "Foreign Eva")
    certify(foreign)
    leave(foreign, today - timedelta(days=10), by=cast.paul)
    karim = sign_in(cast.karim)

    def shown(**query):
        rows = karim.get("/departures/", query).context["table"].paginated_rows
        return [row.record.reference for row in rows]

    assert shown() == [overdue.reference, case.reference]
    for query in ({"deadline": "overdue"}, {"deadline": "week"}, {"tier": "silver"}, {"q": "bravo"}):
        assert shown(**query) == [overdue.reference]
    assert shown(country="BE") == shown(status="settled") == shown(deadline="consent") == []
    assert len(shown(status="all")) == 2 and len(shown(deadline="month")) == 1
    exported = b"".join(karim.get("/departures/export/csv/").streaming_content).decode()
    assert "Ben Late" in exported and "Foreign Eva" not in exported
    assert karim.get("/departures/export/xlsx/").status_code == 200
    assert karim.get("/departures/export/doc/").status_code == 404
    chosen = {"case": [case.reference, overdue.reference, "DP-000000", "x"]}
    assert "2 cases have been reminded" in text_of(karim.post("/departures/remind/", chosen, follow=True))
    assert "have been reminded of today" in text_of(karim.post("/departures/remind/", chosen, follow=True))
    assert "No case is selected" in text_of(karim.post("/departures/remind/", {}, follow=True))
    assert Notification.objects.filter(kind="departure-reminder").count() == 2
    new = hire(cast.alpha, "Third")
    certify(new)
    third = leave(new, today, by=cast.alice)
    chosen["case"].append(third.reference)
    assert "passed over" in text_of(karim.post("/departures/remind/", chosen, follow=True))


def test_the_list_of_departures_says_each_deadline_as_a_day_too(cast, sign_in, case):
    def shown(query=""):
        page = sign_in(cast.alice).get(f"/departures/{query}")
        return [row.record.pk for row in page.context["table"].paginated_rows], text_of(page)

    late = hire(cast.alpha, "Ben Late")
    certify(late)
    later = leave(late, case.departed_on + timedelta(days=4), by=cast.alice, at=timezone.now())
    Departure.objects.filter(pk=later.pk).update(reported_on=None)
    said = shown()[1]
    for day in (case.report_due_on, case.replacement_due_on, later.report_due_on, later.replacement_due_on):
        assert f">{formats.format_day(day)}</time>" in said
    assert "80 days" in said and "84 days" in said and "24 days" in said and "Reported" in said
    for column in ("departed_on", "report_due_on", "replacement_due_on"):
        assert shown(f"?sort={column}")[0] == [case.pk, later.pk]
        assert shown(f"?sort=-{column}")[0] == [later.pk, case.pk]


def test_an_auditor_looks_and_reminds_nobody(cast, sign_in, case):
    august = sign_in(cast.august)
    assert "/departures/remind/" not in text_of(august.get("/departures/"))
    assert "/departures/remind/" not in text_of(august.get(f"/departures/{case.reference}/"))
    assert august.post("/departures/remind/", {"case": case.reference}).status_code == 403


def test_home_and_menu_show_what_is_due(cast, sign_in, case):
    text = text_of(sign_in(cast.alice).get("/"))
    assert "Eva Lind" in text and "Name a replacement" in text
    assert "Departures by deadline" in text_of(sign_in(cast.karim).get("/"))
    assert case.reference not in text_of(sign_in(cast.denise).get("/"))


# ---------------------------------------------------------------- tiers


@pytest.fixture
def review(cast, today):
    eva = hire(cast.bravo)
    certify(eva)
    leave(eva, today - timedelta(days=95), by=cast.bruno, at=timezone.now())
    watch_departures(timezone.now())
    watch_reviews(timezone.now())
    return TierReview.objects.get()


def test_the_partner_reads_why_and_decides_nothing(cast, sign_in, review):
    bruno = sign_in(cast.bruno)
    text = text_of(bruno.get(review.get_absolute_url()))
    assert "Silver" in text and "Bronze" in text and "Your decision" not in text
    assert bruno.post(review.get_absolute_url(), {"decision": "keep", "reason": "x"}).status_code == 403
    assert sign_in(cast.alice).get(review.get_absolute_url()).status_code == 404
    assert str(cast.bravo) not in text_of(sign_in(cast.ingrid).get("/tier-reviews/?show=all"))
    assert "tier asks for more" in text_of(bruno.get(review.departure.get_absolute_url()))


@pytest.mark.parametrize(
    ("given", "said", "status"),
    [
        ({"decision": "confirm"}, "lower tier is confirmed", "confirmed"),
        ({"decision": "keep"}, "tier is kept", "kept"),
        ({"decision": "plan", "plan": "Certify Noa."}, "recovery plan is open", "plan"),
    ],
)
def test_the_channel_manager_decides_once(cast, sign_in, review, today, given, said, status):
    karim, place = sign_in(cast.karim), review.get_absolute_url()
    listed = text_of(karim.get("/tier-reviews/"))
    # No reference is broken at its hyphen.
    whole = f'<bdi class="ref">{review.departure.reference}</bdi>'
    assert "Silver" in listed and whole in listed and whole in text_of(karim.get(place))
    given = given | {"until": today + timedelta(days=60)}
    assert text_of(karim.post(place, given)).count("Please correct one thing") == 1  # no reason
    assert said in text_of(karim.post(place, given | {"reason": "As agreed."}, follow=True))
    review.refresh_from_db()
    assert review.status == status
    page = karim.post(place, given | {"reason": "Again."}, follow=True)
    assert "decided in the meantime" in text_of(page)
    assert "As agreed." in text_of(sign_in(cast.bruno).get(place))
    for show in ("open", "plan", "decided", "all", "nonsense"):
        assert karim.get(f"/tier-reviews/?show={show}").status_code == 200


@pytest.mark.parametrize("person", ["the partner", "the vendor"])
def test_the_case_says_who_has_decided_on_the_tier(cast, sign_in, review, person):
    reader = sign_in(cast.bruno if person == "the partner" else cast.karim)
    place = review.departure.get_absolute_url()
    assert "The channel manager decides on the tier." in text_of(reader.get(place))
    keep_tier(review, by=cast.karim, at=timezone.now(), reason="She is back in May.")
    said = text_of(reader.get(place))
    assert "decides on the tier" not in said
    who = "The channel manager" if person == "the partner" else str(cast.karim)
    assert f"{who} decided on" in said and "Tier kept." in said
    assert who in text_of(reader.get(review.get_absolute_url()))


def test_the_case_says_that_the_portal_has_closed_the_review(cast, sign_in, review):
    TierReview.objects.update(status="dropped", decided_at=timezone.now())
    said = text_of(sign_in(cast.bruno).get(review.departure.get_absolute_url()))
    assert "The portal closed the review on" in said


def test_a_plan_needs_measures_and_a_day_within_a_year(cast, sign_in, review, today):
    karim, place = sign_in(cast.karim), review.get_absolute_url()
    text = text_of(karim.post(place, {"decision": "plan", "reason": "x"}))
    assert "A recovery plan needs this." in text
    page = karim.post(place, {"decision": "plan", "reason": "x", "plan": "y", "until": today})
    assert "Choose a day after today" in text_of(page)


def test_a_proposal_without_ground_says_so(cast, sign_in, review):
    certify(hire(cast.bravo, "Back"))
    assert "no longer holds" in text_of(sign_in(cast.karim).get(review.get_absolute_url()))


@pytest.fixture
def change(cast, review, today):
    return review.changes.create(
        partner=review.partner, before="silver", after="bronze", effective_on=today + timedelta(days=30),
        edition=review.edition, decided_by=cast.karim, decided_at=timezone.now(), reason="As agreed.",
    )  # fmt: skip


@pytest.fixture
def confirmed(cast, review, change):
    type(review).objects.filter(pk=review.pk).update(
        status="confirmed", decided_by=cast.karim, decided_at=timezone.now(), reason="As agreed."
    )
    return review


def test_a_scheduled_change_is_dropped_or_upheld_on_the_page_of_its_review(
    cast, sign_in, confirmed, change, today
):
    karim, bruno, place = sign_in(cast.karim), sign_in(cast.bruno), confirmed.get_absolute_url()
    page = text_of(karim.get(place))
    assert "Drop the change" in page and "Uphold" not in page
    assert "Your decision" not in text_of(bruno.get(place))
    assert bruno.post(place, {"decision": "drop", "reason": "x"}).status_code == 403
    certify(hire(cast.bravo, "Back"))
    watch_changes(timezone.now())
    assert "The reason for the change is gone" in text_of(karim.get(place))
    assert "The vendor decides" in text_of(bruno.get(place))
    assert "The reason is gone" in text_of(karim.get("/tier-reviews/"))
    assert "Reason for the change of tier is gone" in text_of(karim.get("/inbox/?show=todo"))
    assert "field is required" in text_of(karim.post(place, {"decision": "uphold", "reason": ""}))
    said = text_of(karim.post(place, {"decision": "uphold", "reason": "Sales too."}, follow=True))
    assert "The change is upheld" in said
    assert "takes effect all the same" in text_of(bruno.get(place))
    said = text_of(karim.post(place, {"decision": "drop", "reason": "No, it stays."}, follow=True))
    assert "The change is dropped" in said and "No, it stays." in said
    change.refresh_from_db()
    assert change.status == "dropped"
    assert "Your decision" not in text_of(karim.get(place))


def test_whoever_decides_on_a_change_too_late_is_told(cast, sign_in, confirmed, change, monkeypatch):
    def overtaken(*args, **kwargs):
        raise WrongState("ended", "This change has taken effect or been dropped meanwhile.")

    monkeypatch.setattr("partners.tiering.actions.drop_change", overtaken)
    given = {"decision": "drop", "reason": "x"}
    page = sign_in(cast.karim).post(confirmed.get_absolute_url(), given, follow=True)
    assert "has taken effect or been dropped" in text_of(page)


# ---------------------------------------------------------------- mails


@pytest.mark.parametrize("language", ["en", "fr"])
def test_every_mail_about_departures_and_tiers_reads_well(cast, case, review, change, mailoutbox, language):
    User.objects.update(language=language)
    Notification.objects.all().delete()
    kinds = [kind for kind in KINDS if kind.startswith(("departure-", "tier-"))]
    names = (
        "departed_on",
        "report_due_on",
        "replacement_due_on",
        "plan_until",
        "scheduled_on",
        "effective_on",
    )
    days = dict.fromkeys(names, case.departed_on)
    for kind in kinds:
        about = case if kind.startswith("departure-") else change if "tier-change" in kind else review
        for number, person in ((1, cast.alice), (1, cast.bruno), (14, cast.karim)):
            for outcome in ("confirmed", "kept", "plan"):
                notify(
                    kind, to=[person], about=about, key=f"{kind}{outcome}", at=timezone.now(), days=number,
                    outcome=outcome, carried_tier="bronze" if outcome == "kept" else "", reason="As agreed.",
                    text="As agreed.", **days,
                )  # fmt: skip
    deliver_due(at=timezone.now() + timedelta(seconds=1), most=500)
    # Each to the partner's and the vendor's side; to no partner about another.
    assert len(mailoutbox) == len(kinds) * 2 * 3
    for letter in mailoutbox:
        said = letter.subject + letter.body
        assert "{" not in said and "None" not in said and "  " not in letter.subject
        assert "Bravo" in said or "Eva Lind" in said or case.reference in said
