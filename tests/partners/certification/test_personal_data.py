"""Personal data of employees: shown and handed out to those it is for, erased when its time has passed."""

import json
from datetime import date, timedelta

import pytest

from partners.certification.actions.erasing import erase_person
from partners.certification.actions.imports import apply_file, keep_file
from partners.certification.forms import certificates as certificate_forms
from partners.certification.forms import departures as departure_forms
from partners.certification.forms.departures import ConsentForm, CorrectionForm, OpeningForm, ReasonForm
from partners.certification.forms.exams import GrantForm
from partners.certification.forms.privacy import ErasureForm
from partners.certification.forms.staff import LeaverForm, RefusalForm
from partners.certification.models import (
    Certificate,
    DateCorrection,
    Departure,
    DepartureGap,
    Employment,
    ImportedFile,
    Person,
    Transfer,
)
from partners.certification.personal_data import data_of, kept_until_passed
from partners.certification.tasks import ERASED, erase_forgotten
from partners.tiering.actions import keep_tier
from partners.tiering.forms import ChangeForm, DecisionForm
from partners.tiering.models import TierChange, TierReview
from portal.accounts.models import User
from portal.audit.models import Event
from portal.core.errors import NotAllowed, RuleViolation, WrongState
from portal.core.form_fields import STAYS_FOR_GOOD
from portal.notifications.actions import notify
from portal.notifications.models import Notification
from tests.partners.certification.papers import certificate, course, passed
from tests.partners.certification.team import AT, ON, employ

pytestmark = pytest.mark.django_db
GONE = date(2026, 5, 31)


def erase(person, by, reason="On request"):
    erase_person(person.pk, by=by, at=AT, reason=reason)


@pytest.fixture
def zoe(cast):
    """A person whose name stands wherever it may."""
    zoe = employ(
        cast.alpha,
        "Zoë Canary",
        email="zoe@canary.example",
        job_title="Canary keeper",
        user=cast.tina,
        left_on=GONE,
    )
    one = certificate(
        zoe, "KC-1", withdrawn_on=GONE, withdrawal_reason="ZOË CANARY (Zoe@Canary.example) cheated"
    )
    passed(zoe, course(), taken_on=date(2025, 12, 1))
    notify(
        "certificate-issued",
        to=[cast.alice],
        about=one,
        key="x",
        at=AT,
        name="Zoë Canary",
        n=1,
        l=["Zoë Canary"],
    )
    imported = keep_file(
        kind="certificates",
        name="f.csv",
        content="partner;name;email;track;issued_on;expires_on\n"
        "P-000001;Zoë Canary;zoe@canary.example;sales;2025-12-05;2026-01-05\n"
        "P-000001;Other Person;;sales;2025-12-05;2027-12-05\n"
        "P-000002;Zoë Canary;;sales;2025-12-05;2027-12-05\n".encode(),
        by=cast.karim,
        at=AT,
    )
    apply_file(imported.pk, by=cast.karim, at=AT)
    return zoe


def case_of(employment, cast, status="open", note="Zoë Canary told us"):
    return Departure.objects.create(
        reference="DP-1",
        partner=employment.partner,
        employment=employment,
        status=status,
        origin="partner",
        edition=cast.edition,
        departed_on=GONE,
        clock_from=GONE,
        report_due_on=GONE + timedelta(days=30),
        replacement_due_on=GONE + timedelta(days=90),
        opened_at=AT,
        note=note,
    )


# ---------------------------------------------------------------- erasing


def test_erasing_leaves_no_name_and_every_figure(cast, zoe):
    case_of(zoe, cast, "settled")
    person = zoe.person
    erase(person, cast.nora)
    zoe.refresh_from_db()
    person.refresh_from_db()
    assert (zoe.full_name, zoe.email, zoe.job_title) == (f"#{person.pk}", "", "")
    assert person.user is None and person.erased_at == AT
    assert zoe.left_on == GONE and person.certificates.count() == 2 and zoe.attempts.count() == 1
    text = "".join(
        str(list(rows))
        for rows in (
            Employment.objects.filter(person=person).values(),
            Certificate.objects.filter(person=person).values(),
            Departure.objects.values(),
            Notification.objects.values(),
        )
    )
    assert "anary" not in text.lower() and f"#{person.pk} (" in text
    assert Notification.objects.filter(key="x").get().context["n"] == 1
    lines = ImportedFile.objects.get().lines
    assert lines[0]["cells"]["name"] == f"#{person.pk}" and "anary" not in str(lines[0])
    # Somebody else, and the namesake at another partner, stay.
    assert lines[1]["cells"]["name"] == "Other Person" and lines[2]["cells"]["name"] == "Zoë Canary"
    assert Employment.objects.filter(partner=cast.bravo, full_name="Zoë Canary").exists()
    event = Event.objects.get(verb="person.erased")
    assert event.reason == "On request" and event.actor == cast.nora


def test_erasing_takes_the_name_out_of_texts_on_the_tier_but_never_out_of_the_history(cast, zoe):
    case = case_of(zoe, cast, "settled", note="")
    text = "Zoë Canary was the only one"
    review = TierReview.objects.create(
        partner=cast.alpha,
        departure=case,
        status="open",
        edition=cast.edition,
        current_tier="gold",
        proposed_tier="silver",
        opened_at=AT,
        plan=text,
    )
    change = TierChange.objects.create(
        partner=cast.alpha,
        review=review,
        before="gold",
        after="silver",
        effective_on=date(2027, 1, 1),
        edition=cast.edition,
        decided_by=cast.karim,
        decided_at=AT,
        reason=text,
    )
    keep_tier(review, by=cast.karim, at=AT, reason=text)
    erase(zoe.person, cast.nora)
    review.refresh_from_db()
    change.refresh_from_db()
    unnamed = f"#{zoe.person_id} was the only one"
    assert (review.reason, review.plan, change.reason) == (unnamed, unnamed, unnamed)
    told = Notification.objects.filter(kind="tier-review-decided")
    assert told.exists() and all(one.context["reason"] == unnamed for one in told)
    # As the page of personal data says: events are never changed.
    assert Event.objects.get(verb="tier_review.kept").reason == text


@pytest.mark.parametrize(
    ("form", "field"),
    [
        (LeaverForm, "note"),
        (RefusalForm, "reason"),
        (ReasonForm, "reason"),
        (CorrectionForm, "reason"),
        (ConsentForm, "text"),
        (departure_forms.WithdrawalForm, "reason"),
        (OpeningForm, "reason"),
        (certificate_forms.WithdrawalForm, "reason"),
        (GrantForm, "reason"),
        (ErasureForm, "reason"),
        (DecisionForm, "reason"),
        (DecisionForm, "plan"),
        (ChangeForm, "reason"),
    ],
)
def test_every_text_that_stays_for_good_asks_for_no_names_and_nothing_private(form, field):
    said = str(form.base_fields[field].help_text)
    assert said.endswith(str(STAYS_FOR_GOOD)) and "health" in said


def test_what_names_nobody_stays_as_it_was(cast, zoe):
    other = certificate(zoe, "KC-2", withdrawn_on=GONE, withdrawal_reason="A blank form was used.")
    notify("certificate-withdrawn", to=[cast.alice], about=other, key="y", at=AT, reason="A blank form.")
    elsewhere = keep_file(
        kind="certificates",
        name="g.csv",
        content="partner;name;track;issued_on;expires_on\n"
        "P-000002;Zoë Canary;sales;2025-12-05;2027-12-05\n".encode(),
        by=cast.karim,
        at=AT,
    )
    before = elsewhere.lines
    erase(zoe.person, cast.nora)
    other.refresh_from_db()
    elsewhere.refresh_from_db()
    assert other.withdrawal_reason == "A blank form was used."
    assert Notification.objects.get(key="y").context == {"reason": "A blank form."}
    # A namesake at a partner where the person has not worked.
    assert elsewhere.lines == before


def test_no_event_of_this_app_holds_a_name_or_an_address(cast, zoe):
    erase(zoe.person, cast.nora)
    for event in Event.objects.all():
        assert "anary" not in str(event.data).lower(), event.verb


def test_the_same_file_after_the_erasing_brings_nobody_back_under_the_old_person(cast, zoe):
    erase(zoe.person, cast.nora)
    again = keep_file(
        kind="certificates",
        name="f.csv",
        content="partner;name;track;issued_on;expires_on\n"
        "P-000001;Zoë Canary;sales;2026-01-05;2027-01-05\n".encode(),
        by=cast.karim,
        at=AT,
    )
    assert again.lines[0]["outcome"] == "new"


def test_only_a_programme_administrator_erases_with_a_reason_and_once(cast, zoe):
    for person in (cast.alice, cast.karim, cast.denise, cast.august):
        with pytest.raises(NotAllowed):
            erase(zoe.person, person)
    with pytest.raises(RuleViolation) as refusal:
        erase(zoe.person, cast.nora, " ")
    assert refusal.value.field == "reason"
    erase(zoe.person, cast.nora)
    with pytest.raises(WrongState):
        erase(zoe.person, cast.nora)


def test_nobody_is_erased_who_still_works_or_whose_case_is_open(cast, zoe):
    still = employ(cast.bravo, "Still Here", left_on=ON)
    case_of(zoe, cast)
    for person, code in ((still.person, "employed"), (zoe.person, "case-open")):
        with pytest.raises(RuleViolation) as refusal:
            erase(person, cast.nora)
        assert refusal.value.code == code
        person.refresh_from_db()
        assert person.erased_at is None


def test_the_portal_itself_erases_nobody_too_early(cast, zoe):
    with pytest.raises(RuleViolation) as refusal:
        erase_person(zoe.person.pk, by=None, at=AT, reason="")
    assert refusal.value.code == "too-early"


def test_the_sweep_erases_those_whose_period_has_passed_and_no_others(cast, settings):
    settings.STAFF_RETENTION_MONTHS = 24
    long_ago = date(2024, 11, 26)
    past = employ(cast.alpha, "Past", hired_on=date(2020, 1, 1), left_on=long_ago)
    last_day = employ(cast.alpha, "Last day", hired_on=date(2020, 1, 1), left_on=long_ago + timedelta(1))
    valid = employ(cast.alpha, "Valid", hired_on=date(2020, 1, 1), left_on=long_ago)
    certificate(valid, "KC-1")
    case = employ(cast.alpha, "Case", hired_on=date(2020, 1, 1), left_on=long_ago)
    case_of(case, cast, note="")
    back = employ(cast.alpha, "Back", hired_on=date(2020, 1, 1), left_on=long_ago)
    employ(cast.bravo, "Back", person=back.person)
    nobody = Person.objects.create()
    assert list(kept_until_passed(ON)) == [past.person]
    assert erase_forgotten(AT) == {ERASED: 1}
    assert erase_forgotten(AT) == {ERASED: 0}
    past.refresh_from_db()
    assert past.full_name == f"#{past.person_id}"
    for kept in (last_day, valid, case, back):
        kept.refresh_from_db()
        assert not kept.full_name.startswith("#")
    assert not Person.objects.get(pk=nobody.pk).erased_at


# ---------------------------------------------------------------- copies


@pytest.fixture
def moved(cast):
    """Somebody who went from Alpha to Bravo, with an account at Bravo."""
    first = employ(cast.alpha, "Eva Lind", email="eva@alpha.example", left_on=GONE, user=cast.bruno)
    certificate(first, "KC-OLD")
    second = employ(cast.bravo, "Eva Lind-Roux", person=first.person, hired_on=date(2026, 6, 1))
    certificate(second, "KC-NEW", issued_on=date(2026, 6, 2), track="sales")
    return first, second


def test_a_partner_gets_what_it_knows_and_the_person_everything(cast, moved):
    first, _second = moved
    of_alpha = str(data_of(first.person, partner=cast.alpha))
    assert "KC-OLD" in of_alpha and "KC-NEW" not in of_alpha and "Bravo" not in of_alpha
    of_bravo = str(data_of(first.person, partner=cast.bravo))
    assert "KC-NEW" in of_bravo and "Alpha" not in of_bravo and "eva@alpha.example" not in of_bravo
    everything = data_of(first.person)
    assert len(everything["employments"]) == 2 and len(everything["certificates"]) == 2


def test_a_copy_holds_replacements_corrections_notes_and_the_account_and_nobody_else(cast, client, zoe):
    User.objects.update(language="en")
    case = case_of(zoe, cast, "settled", note="Told by phone")
    DateCorrection.objects.create(
        departure=case,
        before=GONE - timedelta(days=3),
        after=GONE,
        reason="The letter says so",
        status="applied",
        asked_by=cast.alice,
        asked_at=AT,
        decided_at=AT,
        decision_text="Agreed",
    )
    follows = employ(cast.alpha, "Finn Follower")
    held = certificate(follows, "KC-FOLLOW")
    DepartureGap.objects.create(
        departure=case,
        track="technical",
        certificate=zoe.person.certificates.first(),
        status="replaced",
        replacement=follows,
        replacement_certificate=held,
        replaced_on=ON,
        replaced_by=cast.alice,
    )
    client.force_login(cast.alice)
    copy = client.get(f"/privacy/employees/{zoe.pk}/data.json").json()
    assert copy["departures"][0]["note"] == "Told by phone"
    (correction,) = copy["corrections"]
    assert (correction["reason"], correction["answer"]) == ("The letter says so", "Agreed")
    assert copy["account"] == [{"name": cast.tina.full_name, "email": cast.tina.email}]
    assert "Finn" not in str(copy) and copy["replacements"] == []
    copy = client.get(f"/privacy/employees/{follows.pk}/data.json").json()
    (named,) = copy["replacements"]
    assert named == {
        "reference": "DP-1",
        "track": "technical",
        "replaced_on": ON.isoformat(),
        "certificate_number": "KC-FOLLOW",
    }
    assert "anary" not in str(copy) and copy["account"] == []
    page = client.get(f"/privacy/employees/{follows.pk}/").content.decode()
    assert "Named as replacement in a case" in page and "DP-1" in page and ">Technical<" in page


def test_a_copy_says_why_a_certificate_was_withdrawn_and_a_transfer_refused(cast, moved):
    """The former employer's copy tells neither: both came after the last day there."""
    first, second = moved
    Certificate.objects.filter(number="KC-OLD").update(
        withdrawn_on=GONE + timedelta(days=9), withdrawal_reason="A blank form was used."
    )
    Transfer.objects.create(
        employment=second, certificate_number="KC-OLD", status="refused", asked_by=cast.bruno, asked_at=AT,
        token_hash="x", token_expires_at=AT, consented_at=AT, reason="Another person's number.",
    )  # fmt: skip
    everything = data_of(first.person)
    reasons = {one["number"]: one["withdrawal_reason"] for one in everything["certificates"]}
    assert reasons == {"KC-OLD": "A blank form was used.", "KC-NEW": ""}
    assert [one["reason"] for one in everything["transfers"]] == ["Another person's number."]
    of_alpha = str(data_of(first.person, partner=cast.alpha))
    assert "KC-OLD" in of_alpha
    assert "blank form" not in of_alpha and "Another person" not in of_alpha


def test_a_partner_reads_of_no_account_that_was_never_its_own(cast, moved):
    first, _second = moved
    assert data_of(first.person, partner=cast.alpha)["account"] == []
    assert data_of(first.person, partner=cast.bravo)["account"][0]["email"] == cast.bruno.email
    assert len(data_of(first.person)["account"]) == 1


def test_copies_are_handed_to_those_they_are_for(cast, client, moved):
    first, second = moved
    User.objects.update(language="en")

    def get(who, place):
        client.force_login(who)
        return client.get(place)

    copy = json.loads(get(cast.alice, f"/privacy/employees/{first.pk}/data.json").content)
    assert [one["number"] for one in copy["certificates"]] == ["KC-OLD"]
    assert get(cast.alice, f"/privacy/employees/{second.pk}/").status_code == 404
    assert get(cast.tina, f"/privacy/employees/{first.pk}/").status_code == 403
    assert get(cast.karim, f"/privacy/employees/{first.pk}/").status_code == 403
    page = get(cast.nora, f"/privacy/employees/{first.pk}/").content.decode()
    assert "KC-OLD" in page and "KC-NEW" in page and "Erase" in page
    own = get(cast.bruno, "/privacy/me/").content.decode()
    assert "KC-OLD" in own and "KC-NEW" in own and "Erase" not in own
    answer = get(cast.bruno, "/privacy/me/data.json")
    assert (
        "attachment" in answer["Content-Disposition"] and len(json.loads(answer.content)["employments"]) == 2
    )
    assert get(cast.alice, "/privacy/me/").status_code == 404


def test_every_reader_finds_what_is_kept_why_and_how_long(cast, client, settings):
    settings.STAFF_RETENTION_MONTHS = 17
    User.objects.update(language="en")
    for who in (cast.alice, cast.denise, cast.karim):
        client.force_login(who)
        page = client.get("/privacy/").content.decode()
        assert (
            "E-mail address" in page
            and "the history keeps each text word for word" in page
            and "17 months" in page
            and "/privacy/" in client.get("/inbox/").content.decode()
        )


def test_erasing_by_form_asks_for_reason_and_confirmation(cast, client, zoe):
    User.objects.update(language="en")
    place = f"/privacy/employees/{zoe.pk}/erase/"
    client.force_login(cast.nora)
    assert client.get(place).status_code == 200
    assert client.post(place, {"reason": "Asked by mail"}).status_code == 422
    answer = client.post(place, {"reason": "Asked by mail", "sure": "on"}, follow=True)
    assert "The personal data is erased." in answer.content.decode()
    assert "anary" not in answer.content.decode()
    again = client.post(place, {"reason": "Asked by mail", "sure": "on"})
    assert again.status_code == 422 and "erased already" in again.content.decode()
    client.force_login(cast.alice)
    assert client.get(place).status_code == 403
