"""Employees: entered, linked to an account, changed, gone in one step, come back."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.utils import timezone

from dealreg.deals.models import Deal
from dealreg.deals.selectors import is_registrant, partner_contacts
from partners.certification.actions.departures import (
    correct_departure_date,
    name_replacement,
    withdraw_departure,
)
from partners.certification.actions.staff import (
    EmployeeFacts,
    add_employee,
    edit_employee,
    end_account_of_leaver,
    rehire,
    report_leaver,
)
from partners.certification.departures import candidates_for
from partners.certification.models import Departure, Employment, Person
from partners.certification.tasks import end_accounts
from partners.certification.team import partners_without_administrator
from partners.organisations.actions.people import change_role
from partners.organisations.models import Membership
from portal.accounts.models import User
from portal.accounts.roles import Role
from portal.audit.models import Event
from portal.core.errors import NotAllowed, RuleViolation, WrongState
from portal.notifications.actions import deliver_due
from portal.notifications.models import Notification
from tests.at_once import at_once
from tests.dealreg.deals import stages
from tests.partners.certification.people import certify
from tests.partners.certification.team import AT, ON, employ

pytestmark = pytest.mark.django_db


def facts(full_name="Eva Lind", email="eva@alpha.example", job_title="Consultant", hired_on=date(2026, 1, 5)):
    return EmployeeFacts(full_name, email, job_title, hired_on)


def membership(person):
    return Membership.objects.get(user=person)


def event(subject, verb):
    return Event.objects.about(subject).get(verb=verb)


# ---------------------------------------------------------------- entering


def test_an_account_administrator_enters_an_employee_without_a_portal_account(cast):
    eva = add_employee(
        cast.alpha, facts(full_name="  Eva   Lind ", email="Eva@Alpha.Example"), by=cast.alice, at=AT
    )
    assert (eva.full_name, eva.email, eva.person.user) == ("Eva Lind", "eva@alpha.example", None)
    assert event(eva, "employment.added").data == {}


@pytest.mark.parametrize("who", ["amir", "adam", "bruno", "denise", "karim", "nora"])
def test_nobody_but_the_account_administrator_enters_one(cast, who):
    with pytest.raises(NotAllowed):
        add_employee(cast.alpha, facts(), by=getattr(cast, who), at=AT)
    assert not Employment.objects.exists()


@pytest.mark.parametrize("hired_on", [date(1949, 12, 31), ON + timedelta(days=367)])
def test_a_first_day_that_makes_no_sense_is_refused(cast, hired_on):
    with pytest.raises(RuleViolation) as refusal:
        add_employee(cast.alpha, facts(hired_on=hired_on), by=cast.alice, at=AT)
    assert refusal.value.field == "hired_on"


def test_the_account_of_the_same_address_is_linked_by_itself(cast):
    tina = add_employee(cast.alpha, facts("Tina Faure", cast.tina.email.upper()), by=cast.alice, at=AT)
    assert tina.person.user == cast.tina


def test_an_account_of_the_same_address_in_another_company_is_not(cast):
    bruno = add_employee(cast.alpha, facts("Bruno Girard", cast.bruno.email), by=cast.alice, at=AT)
    assert bruno.person.user is None


def test_an_account_is_chosen_among_the_company_s_own_people(cast):
    tina = add_employee(
        cast.alpha, facts("Tina Faure", "t@home.example"), by=cast.alice, at=AT, account=membership(cast.tina)
    )
    assert tina.person.user == cast.tina
    for taken in (membership(cast.tina), membership(cast.bruno)):
        with pytest.raises(RuleViolation) as refusal:
            add_employee(cast.alpha, facts("Another", "a@b.example"), by=cast.alice, at=AT, account=taken)
        assert (refusal.value.code, refusal.value.field) == ("linked", "account")


def test_an_account_that_another_company_has_linked_is_refused_in_the_same_words(cast):
    shared = Membership.objects.create(user=cast.bruno, partner=cast.alpha, role=Role.PARTNER_SALES)
    employ(cast.bravo, "Bruno Girard", user=cast.bruno)
    with pytest.raises(RuleViolation) as refusal:
        add_employee(cast.alpha, facts(), by=cast.alice, at=AT, account=shared)
    assert refusal.value.code == "linked"


def test_somebody_is_not_entered_twice(cast):
    add_employee(cast.alpha, facts(), by=cast.alice, at=AT)
    with pytest.raises(RuleViolation) as same_address:
        add_employee(cast.alpha, facts("E. Lind"), by=cast.alice, at=AT)
    with pytest.raises(RuleViolation) as same_name:
        add_employee(cast.alpha, facts("eva lind", ""), by=cast.alice, at=AT)
    assert (same_address.value.field, same_name.value.field) == ("email", "full_name")


def test_namesakes_with_addresses_of_their_own_are_two_people(cast):
    first = add_employee(cast.alpha, facts(), by=cast.alice, at=AT)
    second = add_employee(cast.alpha, facts(email="eva.lind@alpha.example"), by=cast.alice, at=AT)
    assert first.person != second.person


def test_who_is_known_at_another_partner_is_entered_as_anybody_else(cast):
    employ(cast.bravo, "Eva Lind", email="eva@alpha.example")
    eva = add_employee(cast.alpha, facts(), by=cast.alice, at=AT)
    assert Person.objects.count() == 2
    assert event(eva, "employment.added")


# ---------------------------------------------------------------- coming back


@pytest.mark.parametrize("again", [facts("E. Lind-Berg"), facts(email="new@alpha.example"), facts(email="")])
def test_the_same_person_entered_anew_is_the_same_person(cast, again):
    before = employ(cast.alpha, email="eva@alpha.example", left_on=date(2025, 12, 31))
    eva = add_employee(cast.alpha, again, by=cast.alice, at=AT)
    assert eva.person == before.person
    assert event(eva, "employment.rehired")


def test_the_address_says_more_than_the_name(cast):
    employ(cast.alpha, left_on=date(2025, 12, 31))
    by_address = employ(cast.alpha, "E. Berg", email="eva@alpha.example", left_on=date(2025, 6, 30))
    assert add_employee(cast.alpha, facts(), by=cast.alice, at=AT).person == by_address.person


def test_the_new_start_lies_after_the_last_day(cast):
    employ(cast.alpha, email="eva@alpha.example", left_on=date(2026, 1, 5))
    with pytest.raises(RuleViolation) as refusal:
        add_employee(cast.alpha, facts(), by=cast.alice, at=AT)
    assert (refusal.value.field, refusal.value.params) == ("hired_on", {"left_on": date(2026, 1, 5)})
    add_employee(cast.alpha, facts(hired_on=date(2026, 1, 6)), by=cast.alice, at=AT)


def test_a_name_of_a_leaver_who_works_here_under_another_address_is_somebody_new(cast):
    left = employ(cast.alpha, email="old@alpha.example", left_on=date(2025, 12, 31))
    employ(cast.alpha, email="now@alpha.example", hired_on=date(2026, 2, 1), person=left.person)
    third = add_employee(cast.alpha, facts(hired_on=date(2026, 3, 1)), by=cast.alice, at=AT)
    assert third.person != left.person


def test_who_has_moved_on_with_the_certificates_is_entered_like_somebody_new(cast):
    """The earlier employer does not learn where the person works now."""
    before = employ(cast.alpha, email="eva@alpha.example", left_on=date(2025, 12, 31))
    employ(cast.bravo, person=before.person, hired_on=date(2026, 1, 1))
    eva = add_employee(cast.alpha, facts(), by=cast.alice, at=AT)
    assert eva.person != before.person
    assert event(eva, "employment.added")


def test_a_leaver_is_hired_again_from_their_page(cast):
    before = employ(cast.alpha, email="eva@alpha.example", left_on=date(2025, 12, 31))
    back = rehire(before.pk, by=cast.alice, at=AT, facts=facts("Eva Berg"))
    assert (back.person, back.full_name, back.left_on) == (before.person, "Eva Berg", None)
    with pytest.raises(WrongState):
        rehire(before.pk, by=cast.alice, at=AT, facts=facts(hired_on=date(2026, 3, 1)))
    with pytest.raises(WrongState):
        rehire(back.pk, by=cast.alice, at=AT, facts=facts())


def test_nobody_is_hired_again_before_they_left(cast):
    before = employ(cast.alpha, left_on=date(2026, 1, 5))
    with pytest.raises(RuleViolation) as refusal:
        rehire(before.pk, by=cast.alice, at=AT, facts=facts())
    assert refusal.value.field == "hired_on"
    for who in (cast.amir, cast.bruno, cast.karim):
        with pytest.raises(NotAllowed):
            rehire(before.pk, by=who, at=AT, facts=facts(hired_on=date(2026, 2, 1)))


# ---------------------------------------------------------------- changing


def test_details_are_changed_and_the_history_says_which_without_the_words(cast):
    eva = employ(cast.alpha)
    changed = edit_employee(eva.pk, facts("Eva Berg", cast.tina.email), by=cast.alice, at=AT)
    assert (changed.full_name, changed.person.user) == ("Eva Berg", cast.tina)
    said = event(eva, "employment.edited").data["changed"]
    assert said == ["full_name", "email", "job_title", "hired_on", "account"]


def test_what_stays_as_it_is_leaves_no_trace(cast):
    eva = employ(cast.alpha, email="eva@alpha.example", job_title="Consultant", hired_on=date(2026, 1, 5))
    edit_employee(eva.pk, facts(), by=cast.alice, at=AT)
    assert not Event.objects.about(eva).exists()


def test_an_account_is_linked_and_stays_when_the_address_changes(cast):
    eva = employ(cast.alpha)
    for _turn in range(2):
        edit_employee(eva.pk, facts(), by=cast.alice, at=AT, account=membership(cast.tina))
    assert Person.objects.get(pk=eva.person_id).user == cast.tina
    edit_employee(eva.pk, facts(email=cast.amir.email), by=cast.alice, at=AT)
    assert Person.objects.get(pk=eva.person_id).user == cast.tina


def test_nobody_takes_the_address_of_a_colleague(cast):
    employ(cast.alpha, "Other One", email="eva@alpha.example")
    eva = employ(cast.alpha)
    with pytest.raises(RuleViolation) as refusal:
        edit_employee(eva.pk, facts(), by=cast.alice, at=AT)
    assert refusal.value.field == "email"


def test_namesakes_of_an_import_can_be_given_their_addresses(cast):
    first, second = employ(cast.alpha), employ(cast.alpha)
    edit_employee(first.pk, facts(), by=cast.alice, at=AT)
    edit_employee(second.pk, facts(email="eva.lind@alpha.example"), by=cast.alice, at=AT)


def test_the_details_of_whoever_has_left_can_be_mended(cast):
    left = employ(cast.alpha, "Eva Lint", left_on=date(2026, 10, 31))
    edited = edit_employee(left.pk, facts(), by=cast.alice, at=AT)
    assert (edited.full_name, edited.left_on) == ("Eva Lind", date(2026, 10, 31))


def test_the_first_day_stays_before_the_last_and_apart_from_other_employments(cast):
    left = employ(cast.alpha, left_on=date(2025, 12, 31))
    with pytest.raises(RuleViolation) as after:
        edit_employee(left.pk, facts(), by=cast.alice, at=AT)
    back = employ(cast.alpha, person=left.person, hired_on=date(2026, 2, 1))
    with pytest.raises(RuleViolation) as over:
        edit_employee(back.pk, facts(hired_on=date(2025, 12, 31)), by=cast.alice, at=AT)
    assert (after.value.field, over.value.field) == ("hired_on", "hired_on")
    edit_employee(back.pk, facts(hired_on=date(2026, 1, 1)), by=cast.alice, at=AT)


def test_nobody_is_made_a_later_hire_than_a_departure_they_were_there_for(cast):
    """Rule G4: else a colleague who counted already would replace the departed."""
    eva = employ(cast.alpha)
    gone = employ(cast.alpha, "Otto Ek")
    certify(gone)
    report_leaver(gone.pk, by=cast.alice, at=AT, departed_on=date(2026, 10, 1))
    with pytest.raises(RuleViolation) as refusal:
        edit_employee(eva.pk, facts(hired_on=date(2026, 10, 2)), by=cast.alice, at=AT)
    assert (refusal.value.code, refusal.value.rule) == ("crosses-departure", "G4")
    edit_employee(eva.pk, facts(hired_on=date(2026, 10, 1)), by=cast.alice, at=AT)
    Departure.objects.update(status="withdrawn")
    edit_employee(eva.pk, facts(hired_on=date(2026, 10, 2)), by=cast.alice, at=AT)


# ---------------------------------------------------------------- leaving in one step


def test_a_departure_in_one_step(cast):
    """The last day, the account, the open deals and the case with its two clocks."""
    amir = employ(cast.alpha, "Amir Haddad", user=cast.amir)
    certify(amir)
    deal = stages.submitted(cast, cast.amir, at=AT)
    draft = stages.draft(cast, cast.amir, at=AT, customer_name="Mairie")
    report = report_leaver(
        amir.pk, by=cast.alice, at=AT, departed_on=date(2026, 11, 20), successor=membership(cast.alice)
    )
    assert report.account == "ended"
    assert report.handed_over == {"deals": 2}
    assert not Membership.objects.get(user=cast.amir).is_active
    case = report.departure
    assert (case.departed_on, case.reported_on) == (date(2026, 11, 20), ON)
    assert (case.report_due_on, case.replacement_due_on) == (date(2026, 12, 20), date(2027, 2, 18))
    for one in (deal, draft):
        one.refresh_from_db()
        assert (one.handled_by, one.registered_by) == (cast.alice, cast.amir)
    assert event(amir, "employment.left").data == {
        "departed_on": "2026-11-20",
        "departure": case.reference,
        "account": "ended",
        "handed_over": {"deals": 2},
    }


def test_whoever_held_no_valid_certificate_starts_no_clock(cast):
    eva = employ(cast.alpha)
    certify(eva, expires_on=date(2026, 11, 19))
    report = report_leaver(eva.pk, by=cast.alice, at=AT, departed_on=date(2026, 11, 20))
    assert (report.departure, report.account, report.handed_over) == (None, "none", {})
    assert not Departure.objects.exists()


@pytest.mark.parametrize("departed_on", [date(2024, 12, 31), ON + timedelta(days=367)])
def test_a_last_day_that_makes_no_sense_is_refused(cast, departed_on):
    eva = employ(cast.alpha)
    with pytest.raises(RuleViolation) as refusal:
        report_leaver(eva.pk, by=cast.alice, at=AT, departed_on=departed_on)
    assert refusal.value.field == "departed_on"


def test_a_departure_is_reported_once_and_by_the_account_administrator(cast):
    eva = employ(cast.alpha)
    for who in (cast.amir, cast.bruno, cast.karim, cast.denise):
        with pytest.raises(NotAllowed):
            report_leaver(eva.pk, by=who, at=AT, departed_on=ON)
    report_leaver(eva.pk, by=cast.alice, at=AT, departed_on=ON)
    with pytest.raises(WrongState):
        report_leaver(eva.pk, by=cast.alice, at=AT, departed_on=ON)


def test_deals_go_to_a_colleague_who_registers_deals(cast):
    amir = employ(cast.alpha, "Amir Haddad", user=cast.amir)
    for wrong in (cast.tina, cast.amir, cast.bruno):
        with pytest.raises(RuleViolation) as refusal:
            report_leaver(amir.pk, by=cast.alice, at=AT, departed_on=ON, successor=membership(wrong))
        assert refusal.value.field == "successor"


def test_the_colleague_is_told_once_and_of_what_happens_from_then_on(cast):
    add = Membership.objects.filter(user=cast.adam)
    add.update(role=Role.PARTNER_SALES)
    amir = employ(cast.alpha, "Amir Haddad", user=cast.amir)
    deal = stages.submitted(cast, cast.amir, at=AT)
    stages.draft(cast, cast.amir, at=AT, customer_name="Mairie")
    report_leaver(amir.pk, by=cast.alice, at=AT, departed_on=date(2026, 11, 20), successor=add.get())
    told = Notification.objects.get(kind="deal-handed-over")
    assert (told.recipient, told.context["number"]) == (cast.adam, 2)
    deal.refresh_from_db()
    assert cast.adam in partner_contacts(deal) and cast.amir not in partner_contacts(deal)


def test_whoever_looked_after_a_deal_does_not_decide_on_it_elsewhere(cast):
    """Rule E11, also for the colleague who took it over and changed to the distributor."""
    deal = stages.submitted(cast, cast.amir, at=AT)
    assert not is_registrant(cast.denise, deal)
    Deal.objects.filter(pk=deal.pk).update(handled_by=cast.denise)
    deal.refresh_from_db()
    assert is_registrant(cast.denise, deal)


def test_one_s_own_account_and_the_last_administrator_s_stay(cast):
    alice = employ(cast.alpha, "Alice Moreau", user=cast.alice)
    assert report_leaver(alice.pk, by=cast.alice, at=AT, departed_on=ON - timedelta(days=1)).account == "last"
    Membership.objects.filter(user=cast.amir).update(role=Role.PARTNER_ADMIN)
    Employment.objects.filter(pk=alice.pk).update(left_on=None)
    assert report_leaver(alice.pk, by=cast.alice, at=AT, departed_on=ON - timedelta(days=1)).account == "own"
    assert Membership.objects.get(user=cast.alice).is_active
    # Nobody ends their own access: the portal does, soon.
    assert end_accounts(AT + timedelta(minutes=10)) == {"accounts of leavers ended": 1}
    assert not Membership.objects.get(user=cast.alice).is_active


def leaves_alone(cast, **given):
    """Alice, the last account administrator of Alpha, reports that she left yesterday."""
    alice = employ(cast.alpha, "Alice Moreau", user=cast.alice)
    day = ON - timedelta(days=1)
    return alice, report_leaver(alice.pk, by=cast.alice, at=AT, departed_on=day, **given)


def test_the_last_administrator_s_account_ends_as_soon_as_somebody_else_has_the_role(cast):
    alice, _report = leaves_alone(cast)
    for days in (0, 1, 200):
        assert end_accounts(AT + timedelta(days=days)) == {"accounts of leavers ended": 0}
    alice.refresh_from_db()
    assert alice.access_until == ON - timedelta(days=1)
    change_role(membership(cast.amir).pk, by=cast.nora, at=AT, role=Role.PARTNER_ADMIN)
    assert end_accounts(AT + timedelta(days=201)) == {"accounts of leavers ended": 1}
    assert not Membership.objects.get(user=cast.alice).is_active
    alice.refresh_from_db()
    assert alice.access_until is None


def test_the_vendor_is_told_once_that_a_partner_is_left_without_administrator(cast):
    leaves_alone(cast)
    told = Notification.objects.filter(kind="partner-without-administrator")
    assert set(told.values_list("recipient", flat=True)) == {cast.karim.pk, cast.nora.pk}
    assert list(partners_without_administrator(cast.karim, AT)) == [cast.alpha]
    assert list(partners_without_administrator(cast.ingrid, AT)) == []
    change_role(membership(cast.amir).pk, by=cast.nora, at=AT, role=Role.PARTNER_ADMIN)
    assert not partners_without_administrator(cast.karim, AT).exists()


@pytest.mark.parametrize(("language", "said"), [("en", "No account administrator"), ("fr", "Plus d’admin")])
def test_the_vendor_reads_what_to_do_about_it(cast, mailoutbox, language, said):
    User.objects.filter(pk=cast.karim.pk).update(language=language)
    leaves_alone(cast)
    deliver_due(at=timezone.now() + timedelta(minutes=1), most=10)
    (letter,) = [one for one in mailoutbox if "karim" in one.to[0]]
    assert letter.subject.startswith(said) and "Alpha Sécurité" in letter.subject
    assert "26 " in letter.body and "{" not in letter.body


def test_the_last_administrator_names_who_follows_in_the_same_step(cast):
    _alice, report = leaves_alone(cast, administrator=membership(cast.amir))
    assert report.account == "own"
    assert membership(cast.amir).role == Role.PARTNER_ADMIN
    assert not Notification.objects.filter(kind="partner-without-administrator").exists()
    assert end_accounts(AT + timedelta(minutes=10)) == {"accounts of leavers ended": 1}


@pytest.mark.parametrize("who", ["alice", "bruno", "karim"])
def test_nobody_but_a_colleague_with_an_account_follows(cast, who):
    with pytest.raises(RuleViolation) as refusal:
        leaves_alone(cast, administrator=membership(getattr(cast, who)))
    assert refusal.value.field == "administrator"
    assert not Employment.objects.filter(left_on__isnull=False).exists()


def test_whoever_comes_back_keeps_the_account_that_was_to_be_ended(cast):
    alice, _report = leaves_alone(cast)
    facts_again = EmployeeFacts("Alice Moreau", "", "", ON)
    rehire(alice.pk, by=cast.alice, at=AT, facts=facts_again)
    change_role(membership(cast.amir).pk, by=cast.nora, at=AT, role=Role.PARTNER_ADMIN)
    assert end_accounts(AT + timedelta(days=9)) == {"accounts of leavers ended": 0}
    assert Membership.objects.get(user=cast.alice).is_active


def test_an_account_to_be_ended_follows_the_corrected_last_day_and_stays_with_whoever_has_not_left(cast):
    tina = employ(cast.alpha, "Tina Faure", user=cast.tina)
    certify(tina)
    report = report_leaver(tina.pk, by=cast.alice, at=AT, departed_on=ON)
    correct_departure_date(
        report.departure, by=cast.karim, at=AT, departed_on=ON + timedelta(days=5), reason="A week more."
    )
    assert end_accounts(AT + timedelta(days=1)) == {"accounts of leavers ended": 0}
    withdraw_departure(report.departure, by=cast.alice, at=AT, reason="She stays.", still_here=True)
    assert end_accounts(AT + timedelta(days=9)) == {"accounts of leavers ended": 0}
    assert Membership.objects.get(user=cast.tina).is_active


def test_an_account_lasts_as_long_as_the_last_day_where_the_partner_is(cast):
    tina = employ(cast.alpha, "Tina Faure", user=cast.tina)
    report = report_leaver(tina.pk, by=cast.alice, at=AT, departed_on=ON)
    assert report.account == "later"
    still = datetime(2026, 11, 27, 22, 59, tzinfo=UTC)  # 23:59 in Paris
    assert end_accounts(still) == {"accounts of leavers ended": 0}
    assert Membership.objects.get(user=cast.tina).is_active
    late = still + timedelta(days=5)
    assert end_accounts(late) == {"accounts of leavers ended": 1}
    assert not Membership.objects.get(user=cast.tina).is_active
    assert end_accounts(late) == {"accounts of leavers ended": 0}
    assert not end_account_of_leaver(tina.pk, at=late)


def test_the_last_administrator_s_account_is_not_ended_by_the_portal_either(cast):
    Membership.objects.filter(user=cast.amir).update(role=Role.PARTNER_ADMIN)
    alice = employ(cast.alpha, "Alice Moreau", user=cast.alice)
    report_leaver(alice.pk, by=cast.alice, at=AT, departed_on=ON)
    Membership.objects.filter(user=cast.amir).update(role=Role.PARTNER_SALES)
    assert end_accounts(AT + timedelta(days=1)) == {"accounts of leavers ended": 0}
    assert Membership.objects.get(user=cast.alice).is_active


def test_who_had_no_account_any_more_needs_none_ended(cast):
    tina = employ(cast.alpha, "Tina Faure", user=cast.tina)
    report_leaver(tina.pk, by=cast.alice, at=AT, departed_on=ON)
    Membership.objects.filter(user=cast.tina).update(is_active=False)
    assert end_accounts(AT + timedelta(days=1)) == {"accounts of leavers ended": 0}


@pytest.mark.django_db(transaction=True)
def test_two_who_report_one_departure_at_once_report_it_once(cast):
    eva = employ(cast.alpha)
    certify(eva)

    def tell():
        return report_leaver(eva.pk, by=cast.again(cast.alice), at=AT, departed_on=ON)

    answers = at_once(tell, tell)
    assert sum(isinstance(answer, WrongState) for answer in answers) == 1
    assert Departure.objects.count() == 1


# ---------------------------------------------------------------- who counted already replaces nobody (G4)

EVA_LEFT = date(2026, 11, 1)


def bens_facts(hired_on):
    return EmployeeFacts("Ben", "", "", hired_on)


def first_day_is_moved(cast, ben, told):
    edit_employee(ben.pk, bens_facts(EVA_LEFT + timedelta(days=1)), by=cast.alice, at=told)
    # Moved back and forth, what was on record stays.
    return edit_employee(ben.pk, bens_facts(EVA_LEFT + timedelta(days=2)), by=cast.alice, at=told)


def left_before_the_certificate(cast, ben, told):
    told_as = report_leaver(ben.pk, by=cast.alice, at=told, departed_on=date(2025, 5, 31))
    assert told_as.departure is None
    return rehire(ben.pk, by=cast.alice, at=told, facts=bens_facts(EVA_LEFT + timedelta(days=1)))


def left_and_back_on_the_next_day(cast, ben, told):
    report_leaver(ben.pk, by=cast.alice, at=told, departed_on=ON - timedelta(days=1))
    return rehire(ben.pk, by=cast.alice, at=told, facts=bens_facts(ON))


def replace_with_ben(cast, entered, told):
    """Eva leaves on EVA_LEFT; of Ben, certified since June 2025, something is entered on `told`."""
    eva = employ(cast.alpha, "Eva")
    certify(eva)
    ben = employ(cast.alpha, "Ben", hired_on=date(2020, 1, 1))
    certify(ben, issued_on=date(2025, 6, 1))
    there = entered(cast, ben, told)
    case = report_leaver(eva.pk, by=cast.alice, at=AT, departed_on=EVA_LEFT).departure
    gap = case.gaps.get()
    shown = candidates_for(gap, ON).counting
    return gap, there, shown


@pytest.mark.parametrize(
    "entered", [first_day_is_moved, left_before_the_certificate, left_and_back_on_the_next_day]
)
def test_whoever_was_on_record_as_an_employee_on_that_day_replaces_nobody(cast, entered):
    gap, ben, shown = replace_with_ben(cast, entered, AT)
    assert shown == []
    with pytest.raises(RuleViolation) as refusal:
        name_replacement(gap, by=cast.alice, at=AT, employment=ben)
    assert (refusal.value.code, refusal.value.field) == ("counted-before", "replacement")


def test_whoever_was_known_to_have_left_by_then_and_came_back_counts(cast):
    gap, ben, shown = replace_with_ben(cast, left_before_the_certificate, AT - timedelta(days=30))
    assert shown == [ben]
    assert name_replacement(gap, by=cast.alice, at=AT, employment=ben).status == "replaced"


def test_whoever_was_hired_after_that_day_counts_with_a_first_day_that_is_put_right(cast):
    def put_right(cast, ben, told):
        Employment.objects.filter(pk=ben.pk).update(hired_on=EVA_LEFT + timedelta(days=9))
        return first_day_is_moved(cast, ben, told)

    gap, ben, _shown = replace_with_ben(cast, put_right, AT)
    assert name_replacement(gap, by=cast.alice, at=AT, employment=ben).status == "replaced"
