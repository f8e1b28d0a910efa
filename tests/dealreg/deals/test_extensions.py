"""Rule E8: one extension, asked for in time with dated progress; the protection holds until it is decided."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from hypothesis import given
from hypothesis import strategies as st

from dealreg.deals import actions, rules
from dealreg.deals.actions.closing import end_by_revocation
from dealreg.deals.actions.extending import (
    escalate_extension,
    remind_extension_half_time,
    tell_of_silence_on_extension,
)
from dealreg.deals.lifecycle import DealStatus, ExtensionStatus
from dealreg.deals.models import Extension, Progress
from dealreg.deals.selectors import extensions_to_decide, moves_open_to
from dealreg.deals.tasks import watch_extensions, watch_protection
from dealreg.deals.views.deciding import move_address
from dealreg.deals.waiting_work import extensions_waiting, overdue_extensions, protections_to_close
from partners.organisations.models import Membership
from portal.accounts.roles import Role
from portal.audit.models import Event
from portal.core.errors import NotAllowed, RuleViolation, WrongState
from portal.notifications.actions import deliver_due
from portal.notifications.models import Notification
from tests.dealreg.deals.stages import LATER, approved, endorsed, extension, held, in_english
from tests.dealreg.deals.test_rules import TERMS

pytestmark = pytest.mark.django_db

# Approved on Tuesday 24 November 2026; the last protected day is 22 February 2027, a Monday.
LAST = date(2027, 2, 22)
ON_LAST_DAY = datetime(2027, 2, 22, 9, 10, tzinfo=UTC)
DUE = datetime(2027, 2, 24, 9, 10, tzinfo=UTC)


@pytest.fixture
def cast(cast):
    return in_english(cast)


# --- asking ---------------------------------------------------------------------------------------


def test_the_last_protected_day_is_the_last_good_one_in_the_partners_country(cast):
    deal = approved(cast)
    assert deal.protected_until == LAST
    last_minute = datetime(2027, 2, 22, 22, 59, tzinfo=UTC)
    late = last_minute + timedelta(minutes=1)
    assert "extend" in moves_open_to(cast.amir, deal, last_minute)
    assert "extend" not in moves_open_to(cast.amir, deal, late)
    with pytest.raises(RuleViolation, match="before the protection ends"):
        actions.ask_extension(deal, by=cast.amir, at=late, asked=extension(late))
    assert actions.ask_extension(deal, by=cast.amir, at=last_minute, asked=extension(last_minute)).pk


def test_the_request_is_kept_with_its_progress_and_a_clock_of_its_own(cast):
    deal = held(cast, at=ON_LAST_DAY, days=60)
    asked = deal.extensions.get()
    assert (asked.status, asked.step, asked.days_asked) == ("pending", "distributor", 60)
    assert asked.decision_due_at == DUE
    assert asked.half_time_at == DUE - timedelta(days=1)
    assert asked.vendor_may_decide_at == DUE + timedelta(days=1)
    assert [(one.happened_on, one.text) for one in asked.progress.all()] == [
        (LAST, "The board has agreed to the test.")
    ]
    assert deal.protection_held
    told = Notification.objects
    assert told.filter(kind="extension-asked", recipient=cast.amir).exists()
    assert {one.recipient for one in told.filter(kind="extension-to-decide")} == {cast.denise}


def test_an_enterprise_deals_extension_is_the_channel_managers(cast):
    deal = actions.approve_deal(endorsed(cast), by=cast.karim, at=LATER + timedelta(hours=1))
    asked = actions.ask_extension(deal, by=cast.amir, at=LATER + timedelta(hours=2), asked=extension(LATER))
    assert (asked.step, asked.vendor_may_decide_at) == ("vendor", None)
    deal.refresh_from_db()
    assert "grant_extension" in moves_open_to(cast.karim, deal, LATER)
    assert "grant_extension" not in moves_open_to(cast.denise, deal, LATER)
    assert {one.recipient for one in Notification.objects.filter(kind="extension-to-decide")} == {cast.karim}


def test_it_is_asked_for_once_also_after_a_refusal(cast):
    deal = held(cast)
    with pytest.raises(WrongState):
        actions.ask_extension(deal, by=cast.alice, at=LATER, asked=extension(LATER))
    actions.refuse_extension(deal, by=cast.denise, at=LATER, code="no_progress", text="One call.")
    with pytest.raises(RuleViolation, match="asked for already"):
        actions.ask_extension(deal, by=cast.amir, at=LATER, asked=extension(LATER))
    deal.refresh_from_db()
    assert "extend" not in moves_open_to(cast.amir, deal, LATER)
    assert Extension.objects.count() == 1


def test_whoever_may_not_register_may_not_ask(cast):
    deal = approved(cast)
    for person in (cast.tina, cast.bruno, cast.denise, cast.karim):
        with pytest.raises(NotAllowed):
            actions.ask_extension(deal, by=person, at=LATER, asked=extension(LATER))
    assert not Extension.objects.exists()


# --- the pure rules -------------------------------------------------------------------------------

TODAY, SINCE, UNTIL = date(2027, 2, 1), date(2026, 11, 24), LAST
GOOD = rules.ExtensionAsked(90, date(2027, 4, 1), (rules.Happened(date(2027, 1, 15), "Met the CIO."),))


def check(asked: rules.ExtensionAsked) -> None:
    rules.check_extension(asked, today=TODAY, since=SINCE, until=UNTIL, terms=TERMS)


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        (replace(GOOD, days=0), "days"),
        (replace(GOOD, days=91), "days"),
        (replace(GOOD, progress=()), "text_1"),
        (replace(GOOD, progress=(rules.Happened(TODAY, "  "),)), "text_1"),
        (replace(GOOD, progress=(rules.Happened(TODAY + timedelta(days=1), "x"),)), "on_1"),
        (replace(GOOD, progress=(rules.Happened(SINCE - timedelta(days=1), "x", 3),)), "on_3"),
        (replace(GOOD, expected_close_on=TODAY - timedelta(days=1)), "expected_close_on"),
        (replace(GOOD, expected_close_on=UNTIL + timedelta(days=91)), "expected_close_on"),
    ],
)
def test_what_does_not_hold_is_refused_on_its_field(asked, field):
    with pytest.raises(RuleViolation) as refusal:
        check(asked)
    assert refusal.value.field == field


def test_the_bounds_belong_to_it():
    check(GOOD)
    check(replace(GOOD, days=1, expected_close_on=UNTIL + timedelta(days=1)))
    check(replace(GOOD, expected_close_on=UNTIL + timedelta(days=90)))
    check(replace(GOOD, progress=(rules.Happened(SINCE, "x"), rules.Happened(TODAY, "y", 2))))


def test_an_edition_may_know_no_extension_or_several():
    for terms in (replace(TERMS, extensions=0), replace(TERMS, extension_days=0)):
        with pytest.raises(RuleViolation, match="knows no extension"):
            rules.check_may_extend(TODAY, UNTIL, [], terms)
    twice = replace(TERMS, extensions=2)
    rules.check_may_extend(TODAY, UNTIL, [UNTIL - timedelta(days=90)], twice)
    with pytest.raises(RuleViolation, match="asked for already"):
        rules.check_may_extend(TODAY, UNTIL, [UNTIL], twice)


@given(st.integers(-5, 400), st.integers(1, 366), st.integers(-200, 400))
def test_granted_days_count_from_the_old_end_and_never_end_in_the_past(granted, asked, after):
    today = UNTIL + timedelta(days=after)
    try:
        new = rules.extended_until(UNTIL, granted, asked, today)
    except RuleViolation as refusal:
        assert refusal.field == "days_granted"
        assert not 1 <= granted <= asked or UNTIL + timedelta(days=granted) < today
    else:
        assert new - UNTIL == timedelta(days=granted)
        assert 1 <= granted <= asked
        assert new >= today


# --- the protection holds -------------------------------------------------------------------------


def test_the_sweep_lets_a_protection_stand_while_it_is_pending(cast):
    deal = held(cast, at=ON_LAST_DAY)
    months_later = ON_LAST_DAY + timedelta(days=60)
    assert watch_protection(months_later) == {"protections about to end": 0, "protections ended": 0}
    assert not actions.expire_deal(deal, at=months_later)
    assert not actions.remind_expiring(deal, at=ON_LAST_DAY)
    deal.refresh_from_db()
    assert deal.status == DealStatus.APPROVED


def test_an_order_of_the_time_in_between_is_an_order_under_protection(cast):
    deal = held(cast, at=ON_LAST_DAY)
    deal = actions.report_won(
        deal,
        by=cast.amir,
        at=ON_LAST_DAY + timedelta(days=3),
        order_reference="DN-1",
        order_date=LAST + timedelta(days=2),
        order_amount=Decimal(100),
    )
    assert not deal.protection_held
    assert deal.extensions.get().status == ExtensionStatus.LAPSED


@pytest.mark.parametrize("end", ["lost", "revoked"])
def test_a_request_lapses_with_its_deal(cast, end):
    deal = held(cast)
    if end == "lost":
        actions.report_lost(deal, by=cast.amir, at=LATER, code="price")
    else:
        end_by_revocation(deal, by=cast.karim, at=LATER, code="customer_choice", text="Their letter.")
    asked = deal.extensions.get()
    assert (asked.status, asked.decided_by) == (ExtensionStatus.LAPSED, None)
    assert watch_extensions(LATER + timedelta(days=30)) == dict.fromkeys(watch_extensions(LATER), 0)


def test_pages_say_that_it_holds(cast, sign_in, time_machine_at):
    deal = held(cast, at=ON_LAST_DAY)
    with time_machine_at(ON_LAST_DAY + timedelta(days=5)):
        browser = sign_in(cast.amir)
        page = browser.get(deal.get_absolute_url()).content.decode()
        rows = browser.get("/deals/").content.decode()
        assert not protections_to_close(cast.amir, ON_LAST_DAY + timedelta(days=5)).exists()
    assert "the protection holds until it is decided" in page
    assert "The board has agreed to the test." in page
    assert "Extension asked for" in rows
    assert "Protection over" not in rows


# --- deciding -------------------------------------------------------------------------------------


def test_granted_days_lengthen_the_protection_from_its_old_end(cast):
    deal = held(cast, at=ON_LAST_DAY)
    deal.expiry_reminder = 3
    deal.save(update_fields=["expiry_reminder"])
    at = ON_LAST_DAY + timedelta(days=4)
    asked = actions.grant_extension(deal, by=cast.denise, at=at, days_granted=60)
    deal.refresh_from_db()
    new = LAST + timedelta(days=60)
    assert (deal.protected_until, asked.until_after, asked.days_granted) == (new, new, 60)
    assert not deal.protection_held
    assert deal.expected_close_on == asked.expected_close_on
    told = Notification.objects.get(kind="extension-decided", recipient=cast.amir)
    assert (told.context["granted"], told.context["days"]) == (True, 60)
    event = Event.objects.get(verb="deal.extension_granted")
    assert (event.data["before_until"], event.data["protected_until"]) == ("2027-02-22", str(new))
    # The reminders start anew, and the end comes at its new date.
    assert watch_protection(datetime(2027, 3, 25, 12, tzinfo=UTC))["protections about to end"] == 1
    assert watch_protection(datetime(2027, 4, 24, 12, tzinfo=UTC))["protections ended"] == 1
    deal.refresh_from_db()
    assert deal.ended_on == new + timedelta(days=1)


def test_more_than_asked_or_nothing_is_not_granted(cast):
    deal = held(cast, days=30)
    for days in (0, 31):
        with pytest.raises(RuleViolation, match="Grant 1 to 30 days"):
            actions.grant_extension(deal, by=cast.denise, at=LATER, days_granted=days)


def test_refused_before_the_old_end_it_stays(cast):
    deal = held(cast)
    actions.refuse_extension(deal, by=cast.denise, at=LATER, code="no_progress", text="One call.")
    deal.refresh_from_db()
    assert (deal.status, deal.protected_until, deal.protection_held) == (DealStatus.APPROVED, LAST, False)
    assert watch_protection(datetime(2027, 2, 25, 12, tzinfo=UTC))["protections ended"] == 1


def test_refused_after_the_old_end_the_protection_ends_then(cast):
    deal = held(cast, at=ON_LAST_DAY)
    at = ON_LAST_DAY + timedelta(days=4)
    actions.refuse_extension(deal, by=cast.denise, at=at, code="other", text="The customer said no.")
    deal.refresh_from_db()
    assert (deal.status, deal.ended_on) == (DealStatus.EXPIRED, date(2027, 2, 26))
    assert deal.extensions.get().until_before == LAST
    assert Notification.objects.filter(kind="deal-expired", recipient=cast.amir).count() == 1
    assert watch_protection(at + timedelta(days=9))["protections ended"] == 0


def test_a_refusal_tells_its_rule_and_edition_and_what_to_do_on_the_page_and_by_mail(
    cast, sign_in, mailoutbox
):
    deal = held(cast)
    actions.refuse_extension(deal, by=cast.denise, at=LATER, code="other", text="The customer said no.")
    deliver_due(at=LATER + timedelta(days=300), most=50)
    page = sign_in(cast.amir).get(deal.get_absolute_url()).content.decode()
    mails = [one.body for one in mailoutbox if cast.amir.email in one.to[0]]
    mail = next(body for body in mails if "has been refused" in body)
    for said in (page, mail):
        assert "E8 of edition 2017" in said and "Report the order before the protection ends." in said
    assert "Report the order before" not in sign_in(cast.denise).get(deal.get_absolute_url()).content.decode()


@pytest.mark.parametrize(("code", "text", "field"), [("nonsense", "x", "code"), ("no_progress", " ", "text")])
def test_a_refusal_names_its_reason(cast, code, text, field):
    deal = held(cast)
    with pytest.raises(RuleViolation) as refusal:
        actions.refuse_extension(deal, by=cast.denise, at=LATER, code=code, text=text)
    assert refusal.value.field == field


def test_decided_once_whoever_presses_second(cast):
    deal = held(cast)
    actions.grant_extension(deal, by=cast.denise, at=LATER, days_granted=10)
    with pytest.raises(WrongState):
        actions.refuse_extension(deal, by=cast.denise, at=LATER, code="other", text="x")
    assert Event.objects.filter(verb__startswith="deal.extension_").count() == 2


def test_nobody_decides_on_an_extension_of_their_own(cast):
    deal = held(cast)
    Membership.objects.create(user=cast.denise, partner=cast.alpha, role=Role.PARTNER_SALES, is_current=False)
    with pytest.raises(NotAllowed):
        actions.grant_extension(deal, by=cast.again(cast.denise), at=LATER, days_granted=10)


def test_the_database_keeps_what_was_decided(cast):
    deal = held(cast)
    asked = deal.extensions.get()
    rows = Extension.objects.filter(pk=asked.pk)
    for broken in (
        {"status": "granted"},
        {"status": "refused", "decided_by": cast.denise, "decided_at": LATER},
        {"days_asked": 0},
        {"in_distributors_place": True, "decided_at": LATER},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            rows.update(**broken)
    actions.refuse_extension(deal, by=cast.denise, at=LATER, code="other", text="x")
    with pytest.raises(DatabaseError), transaction.atomic():
        rows.update(status="pending")
    with pytest.raises(DatabaseError), transaction.atomic():
        Progress.objects.all().delete()
        rows.delete()
    with pytest.raises(IntegrityError, match="extension_not_decided_by_asker"), transaction.atomic():
        rows.update(decided_by=cast.amir)


# --- its clock ------------------------------------------------------------------------------------


def test_half_time_overdue_and_silence_are_told_once_by_their_true_dates(cast):
    deal = held(cast, at=ON_LAST_DAY)
    half, late, silent = watch_extensions(ON_LAST_DAY)
    assert watch_extensions(DUE - timedelta(days=1)) == {half: 1, late: 0, silent: 0}
    assert watch_extensions(DUE) == {half: 0, late: 0, silent: 0}
    assert watch_extensions(DUE + timedelta(days=9)) == {half: 0, late: 1, silent: 1}
    assert watch_extensions(DUE + timedelta(days=9)) == {half: 0, late: 0, silent: 0}
    told = Notification.objects
    assert {one.recipient for one in told.filter(kind="extension-overdue")} == {cast.karim, cast.denise}
    assert {one.recipient for one in told.filter(kind="extension-silence")} == {cast.karim, cast.denise}
    assert Event.objects.get(verb="deal.extension_escalated").data["due_at"] == "2027-02-24T09:10:00Z"
    asked = deal.extensions.get()
    actions.grant_extension(deal, by=cast.denise, at=DUE + timedelta(days=10), days_granted=90)
    for again in (remind_extension_half_time, escalate_extension, tell_of_silence_on_extension):
        assert not again(asked, at=DUE + timedelta(days=20))


def test_the_sweep_asks_again_under_lock(cast):
    asked = held(cast, at=ON_LAST_DAY).extensions.get()
    assert not remind_extension_half_time(asked, at=ON_LAST_DAY)
    assert not escalate_extension(asked, at=DUE)
    assert not tell_of_silence_on_extension(asked, at=DUE)


def test_a_silent_distributor_does_not_block_an_extension_either(cast):
    deal = held(cast, at=ON_LAST_DAY)
    opens = DUE + timedelta(days=1)
    before = opens - timedelta(seconds=1)
    assert "grant_extension" not in moves_open_to(cast.karim, deal, before)
    assert not extensions_waiting(cast.karim, before).exists()
    assert list(overdue_extensions(cast.karim, before)) == [deal], "it looks after it all the same"
    assert list(extensions_to_decide(cast.karim, opens)) == list(deal.extensions.all())
    assert list(extensions_waiting(cast.karim, opens)) == [deal]
    asked = actions.grant_extension(deal, by=cast.karim, at=opens, days_granted=90)
    assert asked.in_distributors_place
    told = Notification.objects.get(kind="extension-decided", recipient=cast.denise)
    assert told.context["in_place"]
    assert Event.objects.filter(verb="deal.stepped_in").count() == 1


def test_lists_of_work_are_for_those_who_decide(cast):
    held(cast)
    for person in (cast.amir, cast.august, cast.stranger):
        assert not extensions_to_decide(person, LATER).exists()
        assert not extensions_waiting(person, LATER).exists()
        assert not overdue_extensions(person, LATER).exists()
    assert extensions_waiting(cast.denise, LATER).count() == 1
    assert overdue_extensions(cast.denise, LATER).count() == 1


# --- pages and mails ------------------------------------------------------------------------------


def test_the_queue_shows_it_and_its_page_what_was_asked(cast, sign_in, time_machine_at):
    deal = held(cast)
    with time_machine_at(LATER + timedelta(hours=2)):
        browser = sign_in(cast.denise)
        assert "Extensions to decide" in browser.get("/deals/queue/").content.decode()
        page = browser.get(move_address(deal, "grant_extension")).content.decode()
    assert "The board has agreed to the test." in page
    assert 'value="90"' in page


def test_the_form_refuses_in_words_and_keeps_what_was_typed(cast, sign_in, time_machine_at):
    deal = approved(cast)
    typed = {
        "days": "90",
        "expected_close_on": "2027-03-31",
        "on_1": "2026-11-25",
        "text_1": "Met.",
        "on_2": "2026-11-24",
    }
    with time_machine_at(LATER + timedelta(hours=2)):
        page = sign_in(cast.amir).post(move_address(deal, "extend"), typed).content.decode()
        assert "This information is needed." in page
        typed |= {"text_2": "Called."}
        page = sign_in(cast.amir).post(move_address(deal, "extend"), typed).content.decode()
    assert "The date lies in the future." in page
    assert not Extension.objects.exists()


def test_the_page_says_why_it_is_not_possible_any_more(cast, sign_in, time_machine_at):
    deal = approved(cast)
    with time_machine_at(ON_LAST_DAY + timedelta(days=1)):
        page = sign_in(cast.amir).get(move_address(deal, "extend")).content.decode()
    assert "Not possible any more" in page
    assert "<textarea" not in page


def test_reminders_lead_to_the_page_of_the_move_and_change_nothing(cast, sign_in, mailoutbox):
    deal = approved(cast)
    at = datetime(2027, 1, 25, 12, tzinfo=UTC)
    assert watch_protection(at)["protections about to end"] == 1
    deliver_due(at=at + timedelta(days=300), most=50)
    mail = next(mail for mail in mailoutbox if "Amir" in mail.to[0] and "Protection ends" in mail.subject)
    told = Notification.objects.get(kind="deal-expiring", recipient=cast.amir)
    browser, events = sign_in(cast.amir), Event.objects.count()
    for door in ("extend", "report-won", "report-lost"):
        link = f"/inbox/{told.pk}/open/?go={door}"
        assert link in mail.body
        assert link in mail.alternatives[0][0]
        answer = browser.get(link)
        assert (answer.status_code, answer.url) == (302, f"{deal.get_absolute_url()}{door}/")
        assert browser.get(answer.url).status_code == 200
    # Anything else leads to the deal, and whoever is not signed in comes back to the link.
    assert browser.get(f"/inbox/{told.pk}/open/?go=https://evil.example").url == deal.get_absolute_url()
    browser.logout()
    assert browser.get(link).url.endswith(f"next=/inbox/{told.pk}/open/%3Fgo%3Dreport-lost")
    deal.refresh_from_db()
    assert (deal.status, Event.objects.count()) == (DealStatus.APPROVED, events)


def test_a_reminder_does_not_offer_what_has_been_used(cast, mailoutbox):
    deal = held(cast)
    actions.refuse_extension(deal, by=cast.denise, at=LATER, code="other", text="No.")
    watch_protection(datetime(2027, 1, 25, 12, tzinfo=UTC))
    deliver_due(at=datetime(2027, 9, 1, tzinfo=UTC), most=50)
    mail = next(mail for mail in mailoutbox if "Amir" in mail.to[0] and "Protection ends" in mail.subject)
    assert "go=extend" not in mail.body
    assert "go=report-won" in mail.body
    assert Notification.objects.filter(dropped_at__isnull=False).count() == 0


def test_nor_on_what_they_asked_for_before_they_changed_sides(cast):
    deal = held(cast)
    deal.extensions.update(asked_by=cast.denise)
    assert "grant_extension" not in moves_open_to(cast.denise, deal, LATER)
    with pytest.raises(NotAllowed):
        actions.grant_extension(deal, by=cast.denise, at=LATER, days_granted=10)
