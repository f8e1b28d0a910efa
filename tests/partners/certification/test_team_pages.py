"""The team of a partner on its pages: list, export, one employee, a departure with its receipt, figures for
distributors and the vendor, and one's own certificates."""

import csv
import io
import re
from datetime import date, timedelta

import pytest
from django.template.loader import render_to_string
from django.utils import timezone

from partners.certification.departures import TierEffect, WithoutThePerson
from partners.certification.models import Booking, Certificate, Course, Employment, Session
from partners.certification.rules import TrackStanding
from partners.certification.tasks import end_accounts
from partners.organisations.models import Membership, Tier
from partners.specialisations.models import Specialisation
from portal.accounts.models import User
from portal.core.calendar import date_in
from portal.core.formats import format_day
from tests.dealreg.deals import stages
from tests.partners.certification.people import certify
from tests.partners.certification.team import employ

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast(cast):
    User.objects.update(language="en")
    return cast


def today():
    return date_in("FR", timezone.now())


def text_of(page) -> str:
    assert page.status_code == 200, page.status_code
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.content.decode()))


def csv_of(answer) -> str:
    return b"".join(answer.streaming_content).decode("utf-8-sig")


def rows_of(page) -> list[str]:
    return [row.record.full_name for row in page.context["table"].page.object_list]


@pytest.fixture
def team(cast):
    """Eva is technical until 41 days from now, Otto sales, Ann is new, Max has left for another partner."""
    eva = employ(cast.alpha, "Eva Lind", email="eva@alpha.example", job_title="Engineer")
    otto = employ(cast.alpha, "Otto Ek", hired_on=date(2025, 2, 1))
    employ(cast.alpha, "Ann Berg", user=cast.tina, hired_on=date(2026, 2, 1))
    left = employ(cast.alpha, "Max Roth", left_on=date(2026, 3, 31))
    employ(cast.bravo, "Max Roth", person=left.person, hired_on=date(2026, 4, 1))
    certify(eva, "technical", expires_on=today() + timedelta(days=41))
    certify(otto, "sales")
    certify(left, "technical", issued_on=date(2026, 5, 1))
    employ(cast.platin, "Zoe Foreign")
    return {"eva": eva, "otto": otto, "left": left}


# ---------------------------------------------------------------- the list


def test_the_list_shows_who_works_here_with_certificates_and_accounts(cast, sign_in, team):
    page = sign_in(cast.adam).get("/team/")
    assert rows_of(page) == ["Ann Berg", "Eva Lind", "Otto Ek"]
    said = text_of(page)
    assert "Technical 41 days" in said and "eva@alpha.example" in said and "Engineer" in said
    assert "Zoe Foreign" not in said and "Add an employee" not in said
    assert "Add an employee" in text_of(sign_in(cast.alice).get("/team/"))


@pytest.mark.parametrize(
    ("days", "tone"), [(91, "neutral"), (90, "warn"), (31, "warn"), (8, "warn"), (7, "bad"), (0, "bad")]
)
def test_a_certificate_warns_from_the_first_reminder_on_and_presses_from_the_last(cast, sign_in, days, tone):
    eva = employ(cast.alpha, "Eva Lind")
    certify(eva, "technical", expires_on=today() + timedelta(days=days))
    browser = sign_in(cast.alice)
    assert f"dl-badge dl-{tone}" in browser.get("/team/").content.decode()
    (number,) = Certificate.objects.values_list("number", flat=True)
    assert f"dl-badge dl-{tone}" in browser.get(f"/certificates/{number}/").content.decode()
    in_list = browser.get("/certificates/").content.decode()
    assert (f"dl-badge dl-{tone}" in in_list) == (days <= 90)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=EVA", ["Eva Lind"]),
        ("q=engineer", ["Eva Lind"]),
        ("state=left", ["Max Roth"]),
        ("state=all", ["Ann Berg", "Eva Lind", "Max Roth", "Otto Ek"]),
        ("certified=technical", ["Eva Lind"]),
        ("certified=ending", ["Eva Lind"]),
        ("certified=none", ["Ann Berg"]),
        ("certified=nonsense&state=nonsense", ["Ann Berg", "Eva Lind", "Otto Ek"]),
        ("sort=-name", ["Otto Ek", "Eva Lind", "Ann Berg"]),
        ("sort=certificates", ["Eva Lind", "Otto Ek", "Ann Berg"]),
        ("sort=works", ["Eva Lind", "Otto Ek", "Ann Berg"]),
        # What Max has earned elsewhere since is nobody's business here.
        ("state=left&certified=technical", []),
    ],
)
def test_the_list_is_searched_narrowed_and_sorted(cast, sign_in, team, query, found):
    page = sign_in(cast.alice).get(f"/team/?{query}")
    assert rows_of(page) == found
    exported = b"".join(sign_in(cast.alice).get(f"/team/team.csv?{query}").streaming_content).decode(
        "utf-8-sig"
    )
    assert [row[0] for row in csv.reader(io.StringIO(exported))][1:] == found


@pytest.mark.parametrize(("after_leaving", "known"), [(1, True), (0, False), (-1, False)])
def test_of_former_staff_the_team_knows_no_withdrawal_after_their_last_day(
    cast, sign_in, after_leaving, known
):
    """The list, its filter and its export; where the person works now and at the vendor it is withdrawn."""
    last = today() - timedelta(days=20)
    left = employ(cast.alpha, "Max Roth", left_on=last)
    employ(cast.bravo, "Max Roth", person=left.person, hired_on=last + timedelta(days=2))
    number = certify(left, "technical", issued_on=date(2026, 5, 1)).number
    Certificate.objects.update(withdrawn_on=last + timedelta(days=after_leaving), withdrawal_reason="Copied")
    alice, technical = sign_in(cast.alice), "state=left&certified=technical"
    assert rows_of(alice.get(f"/team/?{technical}")) == (["Max Roth"] if known else [])
    assert rows_of(alice.get("/team/?state=left&certified=none")) == ([] if known else ["Max Roth"])
    exported = csv_of(alice.get("/team/team.csv?state=left"))
    assert "Max Roth" in exported and (number in exported) == known
    assert ("Technical" in text_of(alice.get("/team/?state=left")).partition("Max Roth")[2][:60]) == known
    for reader, path in ((cast.bruno, "/team/"), (cast.karim, "/team/of/P-000001/")):
        browser = sign_in(reader)
        assert rows_of(browser.get(f"{path}?state=all&certified=technical")) == []
        assert number not in csv_of(browser.get(f"{path}team.csv?state=all"))


def test_who_has_come_back_brings_the_withdrawal_of_the_time_between_along(cast, sign_in):
    left = employ(cast.alpha, "Max Roth", left_on=today() - timedelta(days=20))
    certify(left, "technical", issued_on=date(2026, 5, 1))
    Certificate.objects.update(withdrawn_on=today() - timedelta(days=9), withdrawal_reason="Copied")
    employ(cast.alpha, "Max Roth", person=left.person, hired_on=today() - timedelta(days=2))
    assert rows_of(sign_in(cast.alice).get("/team/?state=all&certified=technical")) == []


def test_an_export_says_what_the_list_says_and_runs_no_formula(cast, sign_in, team):
    Employment.objects.filter(pk=team["eva"].pk).update(job_title="=HYPERLINK()")
    answer = csv_of(sign_in(cast.alice).get("/team/team.csv?q=eva"))
    (row,) = list(csv.DictReader(io.StringIO(answer)))
    assert row["Function"] == "'=HYPERLINK()"
    assert (row["Counts for"], row["Portal account"]) == ("Technical", "No")
    assert row["Next expiry"] == (today() + timedelta(days=41)).isoformat()
    assert sign_in(cast.alice).get("/team/team.xlsx").status_code == 200


def test_an_empty_team_says_why_it_matters(cast, sign_in):
    assert "Certificates count for your tier" in text_of(sign_in(cast.alice).get("/team/"))


def test_the_vendor_reads_the_team_of_a_partner_of_its_region(cast, sign_in, team):
    page = sign_in(cast.karim).get("/team/of/P-000001/")
    assert rows_of(page) == ["Ann Berg", "Eva Lind", "Otto Ek"]
    assert sign_in(cast.karim).get("/team/of/P-000001/team.csv").status_code == 200
    for who, place, status in (
        (cast.ingrid, "/team/of/P-000001/", 404),
        (cast.denise, "/team/of/P-000001/", 403),
        (cast.denise, "/team/of/P-000001/team.csv", 403),
        (cast.bruno, "/team/of/P-000001/", 404),
        (cast.alice, "/team/of/P-000001/", 302),
        (cast.karim, "/team/", 302),
        (cast.karim, "/team/team.csv", 403),
    ):
        assert sign_in(who).get(place).status_code == status, (str(who), place)


# ---------------------------------------------------------------- whom the tier depends on


def test_the_tier_card_says_whom_the_tier_depends_on(cast, sign_in, team):
    second = employ(cast.alpha, "Ida Falk")
    certify(second)
    said = text_of(sign_in(cast.alice).get("/team/"))
    assert "Your Gold depends on exactly 2 technical specialists. One certificate expires in 41 days." in said
    assert "sales specialist" not in said  # rule C10: recommended
    Specialisation.objects.create(
        partner=cast.alpha,
        product_group=cast.groups["anti-targeted-attack"],
        awarded_on=date(2024, 1, 15),
        valid_until=date(2099, 12, 31),
    )
    assert "Your Gold asks for 2 sales specialists. Present: 1." in text_of(sign_in(cast.alice).get("/team/"))
    assert "Gold asks for 2 sales specialists" in text_of(sign_in(cast.karim).get("/partners/P-000001/"))


def test_a_departure_to_come_is_counted_ahead(cast, sign_in):
    cast.bravo.tier = Tier.SILVER
    eva = employ(cast.bravo, left_on=today() + timedelta(days=5))
    certify(eva)
    said = text_of(sign_in(cast.bruno).get("/team/"))
    assert "Your Silver depends on exactly 1 technical specialist. One specialist leaves in 5 days." in said


def test_a_certificate_that_ends_today_still_counts_today(cast, sign_in):
    certify(employ(cast.bravo), expires_on=today())
    assert "One certificate expires today." in text_of(sign_in(cast.bruno).get("/team/"))


def test_enough_specialists_are_said_to_be_enough(cast, sign_in):
    for name in ("Eva Lind", "Otto Ek"):
        certify(employ(cast.bravo, name))
    said = text_of(sign_in(cast.bruno).get("/team/"))
    assert "Your Silver asks for 1 technical specialist. Present: 2." in said


def test_a_renewed_certificate_counts_once_and_until_the_later_day(cast, sign_in):
    eva = employ(cast.bravo)
    certify(eva, issued_on=date(2024, 1, 1), expires_on=today() + timedelta(days=10))
    certify(eva)
    said = text_of(sign_in(cast.bruno).get("/team/"))
    assert "exactly 1 technical specialist." in said and "expires in" not in said


def test_the_partner_s_page_and_home_carry_the_card_and_a_distributor_reads_figures(cast, sign_in, team):
    for place in ("/", "/partners/P-000001/"):
        said = text_of(sign_in(cast.alice).get(place))
        # The next to go is named although one is missing already.
        assert (
            "Your Gold asks for 2 technical specialists. Present: 1. One certificate expires in 41 days."
            in said
        )
    said = text_of(sign_in(cast.denise).get("/partners/P-000001/"))
    assert "1 of 2" in said
    assert "Eva Lind" not in said and "depends" not in said


# ---------------------------------------------------------------- one employee


def test_the_page_of_an_employee(cast, sign_in, team):
    said = text_of(sign_in(cast.tina).get(f"/team/{team['eva'].pk}/"))
    assert "Certified specialist" in said and "Expires soon" in said and "eva@alpha.example" in said
    assert "Report a departure" not in said
    assert sign_in(cast.karim).get(f"/team/{team['eva'].pk}/").status_code == 200
    for who in (cast.bruno, cast.denise, cast.ingrid):
        assert sign_in(who).get(f"/team/{team['eva'].pk}/").status_code == 404


def test_the_earlier_employer_sees_no_certificate_of_later(cast, sign_in, team):
    assert "No certificate yet" in text_of(sign_in(cast.alice).get(f"/team/{team['left'].pk}/"))


def test_an_employee_is_entered_changed_and_found_again(cast, sign_in):
    alice = sign_in(cast.alice)
    form = {
        "full_name": "Eva Lind",
        "email": "eva@alpha.example",
        "job_title": "Engineer",
        "hired_on": "2026-01-05",
    }
    page = alice.post("/team/add/", form, follow=True)
    assert "Eva Lind is on your team." in text_of(page)
    eva = Employment.objects.get()
    assert "Somebody with this e-mail address works for you already." in text_of(
        alice.post("/team/add/", form)
    )
    account = Membership.objects.get(user=cast.tina)
    page = alice.post(
        f"/team/{eva.pk}/edit/", form | {"full_name": "Eva Berg", "account": account.pk}, follow=True
    )
    said = text_of(page)
    assert "Eva Berg" in said and "Tina Faure" in said and "Details changed: name, portal account" in said
    assert alice.get(f"/team/{eva.pk}/edit/").context["form"].initial["account"] == account
    again = alice.post(f"/team/{eva.pk}/rehire/", form)
    assert "This person works for you already." in text_of(again)
    wrong = alice.post(f"/team/{eva.pk}/edit/", form | {"full_name": "…", "hired_on": "1900-01-01"})
    assert "Enter a name: it starts with a letter." in text_of(wrong)
    wrong = alice.post(f"/team/{eva.pk}/edit/", form | {"hired_on": "1900-01-01"})
    assert "Enter a day between 1950 and one year ahead." in text_of(wrong)


# ---------------------------------------------------------------- leaving


def test_a_departure_is_shown_with_its_consequences_before_it_is_reported(cast, sign_in):
    amir = employ(cast.alpha, "Amir Haddad", user=cast.amir)
    certify(amir)
    stages.submitted(cast, cast.amir, at=timezone.now())
    alice, place = sign_in(cast.alice), f"/team/{amir.pk}/leave/"
    last = today() - timedelta(days=2)
    form = {
        "departed_on": last.isoformat(),
        "successor": Membership.objects.get(user=cast.alice).pk,
        "note": "Moved to Lyon.",
    }
    said = text_of(alice.post(place, form | {"action": "check"}))
    assert "The person is certified (Technical): a case opens with two terms." in said
    assert "The portal account is deactivated at once." in said
    assert "Open deals: 1" in said and "handed over to Alice Moreau" in said
    assert Employment.objects.get(pk=amir.pk).left_on is None
    # Back to the form, which keeps what was entered.
    changed = alice.post(place, form | {"action": "change"})
    assert "Nothing happens yet" in text_of(changed) and "Moved to Lyon." in changed.content.decode()
    receipt = text_of(alice.post(place, form | {"action": "report"}, follow=True))
    assert "The departure is reported." in receipt and "deactivated" in receipt and "DP-" in receipt
    assert Employment.objects.get(pk=amir.pk).left_on == last
    # Sent again by a second click: the receipt, and nothing twice.
    assert "Departure reported" in text_of(alice.post(place, form | {"action": "report"}))
    assert "Departure reported: last day" in text_of(alice.get(f"/team/{amir.pk}/"))


@pytest.mark.parametrize(("days", "late"), [(30, False), (31, True)])
def test_a_report_after_its_term_is_said_to_be_late_before_it_is_made(cast, sign_in, days, late):
    eva = employ(cast.alpha, "Eva Blum")
    certify(eva)
    last = (today() - timedelta(days=days)).isoformat()
    said = text_of(
        sign_in(cast.alice).post(f"/team/{eva.pk}/leave/", {"departed_on": last, "action": "check"})
    )
    assert ("this report comes late, which is recorded" in said) == late
    assert ("which is done with this step" in said) != late


@pytest.mark.parametrize(
    ("tier", "technical", "departed_on", "said"),
    [
        (
            Tier.SILVER,
            1,
            "2026-11-10",
            "If nobody follows by 8 Feb 2027 , a review proposes the tier Bronze; a person decides. It could "
            "take effect at once (rule H3). Technical specialists: 1 asked for, 0 left",
        ),
        (
            Tier.GOLD,
            2,
            "2026-11-10",
            "a review proposes the tier Silver; a person decides. It takes effect on 1 Jan 2028 at the "
            "earliest (rule H3). Technical specialists: 2 asked for, 1 left",
        ),
        # The time for a replacement ends in January, in which every step is open.
        (Tier.GOLD, 2, "2026-10-12", "a review proposes the tier Silver; a person decides. It could take"),
        # Told long after its time: the review would open now.
        (Tier.GOLD, 2, "2026-07-01", "It takes effect on 1 Jan 2027 at the earliest"),
        (
            Tier.SILVER,
            2,
            "2026-11-10",
            "Your tier does not need this person: it stays. Technical specialists: 1 asked for, 1 left",
        ),
        (Tier.BRONZE, 1, "2026-11-10", "Bronze asks for no certified specialists: your tier stays."),
        # Certified no more on the day that is looked at, and so not missed.
        (Tier.SILVER, 1, "2026-12-20", "Technical specialists: 1 asked for, 0 left"),
    ],
)
def test_what_a_departure_does_to_the_tier_is_said_before(
    cast, sign_in, time_machine, tier, technical, departed_on, said
):
    time_machine.move_to("2026-11-15T23:30:00Z")
    type(cast.alpha).objects.filter(pk=cast.alpha.pk).update(tier=tier)
    people = [employ(cast.alpha, f"Person {number}") for number in range(technical)]
    for one in people:
        certify(one, expires_on=date(2040, 1, 1))
    page = sign_in(cast.alice).post(
        f"/team/{people[0].pk}/leave/", {"departed_on": departed_on, "action": "check"}
    )
    assert said in text_of(page)


def test_sales_specialists_are_missed_where_a_specialisation_binds_to_them(cast, sign_in, time_machine):
    time_machine.move_to("2026-11-15T12:00:00Z")
    otto = employ(cast.alpha, "Otto Ek")
    certify(otto, "sales")
    certify(employ(cast.alpha, "Eva Lind"))
    type(cast.alpha).objects.filter(pk=cast.alpha.pk).update(tier=Tier.SILVER)
    place, form = f"/team/{otto.pk}/leave/", {"departed_on": "2026-11-10", "action": "check"}
    assert "Your tier does not need this person" in text_of(sign_in(cast.alice).post(place, form))
    Specialisation.objects.create(
        partner=cast.alpha,
        product_group=cast.groups["anti-targeted-attack"],
        awarded_on=date(2026, 1, 1),
        valid_until=date(2028, 1, 1),
    )
    said = text_of(sign_in(cast.alice).post(place, form))
    assert "Sales specialists: 1 asked for, 0 left Technical" not in said
    assert "Sales specialists: 1 asked for, 0 left" in said and "proposes the tier Bronze" in said


def test_a_move_of_which_only_a_part_is_open_is_said_in_both_parts():
    standing = WithoutThePerson("silver", [TrackStanding("technical", 1, 0)], "registered")
    effect = TierEffect(standing, at_once="bronze", waits_until=date(2027, 1, 1))
    said = render_to_string("team/_tier_effect.html", {"tier": effect, "replace_by": date(2026, 6, 1)})
    assert "Down to Bronze it could take effect at once, the rest on" in said


@pytest.mark.parametrize(("days", "late"), [(30, False), (31, True)])
def test_the_receipt_says_that_a_report_was_late_and_what_that_means(cast, sign_in, days, late):
    eva = employ(cast.alpha, "Eva Blum")
    certify(eva)
    form = {"departed_on": (today() - timedelta(days=days)).isoformat(), "action": "report"}
    said = text_of(sign_in(cast.alice).post(f"/team/{eva.pk}/leave/", form, follow=True))
    assert ("That it came late is recorded for good in the case" in said) == late
    assert ("It does not lengthen the time for a replacement" in said) == late
    # The days left are those of the partner's country, not of the server.
    assert f"Replace by {format_day(today() + timedelta(days=90 - days))} {90 - days} days " in said


def test_what_stays_is_said_before(cast, sign_in):
    alice, own = sign_in(cast.alice), employ(cast.alpha, "Alice Moreau", user=cast.alice)
    place, form = f"/team/{own.pk}/leave/", {"departed_on": today().isoformat(), "action": "check"}
    said = text_of(alice.post(place, form))
    assert "your company’s last account administrator and nobody follows yet" in said
    assert "no term starts" in said
    follows = Membership.objects.get(user=cast.amir).pk
    said = text_of(alice.post(place, form | {"administrator": follows}))
    assert "Amir Haddad becomes account administrator at once." in said and "last day is over" in said
    said = text_of(alice.get(place))
    assert "Nobody yet: your channel manager is told" in said and "Bruno" not in said
    refused = alice.post(place, form | {"administrator": Membership.objects.get(user=cast.bruno).pk})
    assert "Select a valid choice" in text_of(refused)
    Membership.objects.filter(user=cast.amir).update(role="partner_admin")
    assert "when the last day is over" in text_of(alice.post(place, form))
    yesterday = form | {"departed_on": (today() - timedelta(days=1)).isoformat()}
    assert "It is your own portal account" in text_of(alice.post(place, yesterday))
    other = employ(cast.alpha, "Otto Ek")
    assert "There is no portal account" in text_of(alice.post(f"/team/{other.pk}/leave/", form))
    wrong = alice.post(f"/team/{other.pk}/leave/", form | {"departed_on": "2020-01-01"})
    assert "the last day cannot lie before it" in text_of(wrong)
    assert "Enter a valid date." in text_of(
        alice.post(f"/team/{other.pk}/leave/", form | {"departed_on": "x"})
    )


@pytest.mark.parametrize(
    ("another", "stays", "ended"),
    [(False, "stays until somebody else is account administrator", False), (True, "your own: deactiv", True)],
)
def test_the_receipt_says_what_becomes_of_the_account(cast, sign_in, another, stays, ended):
    if another:
        Membership.objects.filter(user=cast.amir).update(role="partner_admin")
    alice, own = sign_in(cast.alice), employ(cast.alpha, "Alice Moreau", user=cast.alice)
    place = f"/team/{own.pk}/leave/"
    form = {"departed_on": (today() - timedelta(days=1)).isoformat(), "action": "report"}
    assert stays in text_of(alice.post(place, form, follow=True))
    Membership.objects.filter(user=cast.amir).update(role="partner_admin")
    end_accounts(timezone.now())
    assert "deactivated" in text_of(sign_in(cast.amir).get(place))


def test_a_leaver_of_before_the_portal_has_a_receipt_without_details(cast, sign_in, team):
    said = text_of(sign_in(cast.alice).get(f"/team/{team['left'].pk}/leave/"))
    assert "Departure reported" in said and "Deals handed over" not in said


def test_places_in_courses_after_the_last_day_are_named(cast, sign_in, team):
    at = timezone.now()
    course = Course.objects.create(
        code="T1", title="Basics", track="technical", mode="on_site", language="en", duration_hours=8,
        is_published=True,
    )  # fmt: skip
    session = Session.objects.create(
        course=course, country="FR", place="Paris", starts_at=at + timedelta(days=9),
        ends_at=at + timedelta(days=10), seats=5, closes_at=at + timedelta(days=5),
    )  # fmt: skip
    Booking.objects.create(
        session=session, employment=team["eva"], status="booked", booked_by=cast.alice, booked_at=at
    )
    page = sign_in(cast.alice).post(
        f"/team/{team['eva'].pk}/leave/", {"departed_on": today().isoformat(), "action": "check"}
    )
    assert "1 place in a course after that day" in text_of(page)


# ---------------------------------------------------------------- figures for distributors and the vendor


def test_a_distributor_reads_figures_of_its_partners_and_no_name(cast, sign_in, team):
    said = text_of(sign_in(cast.denise).get("/team/coverage/"))
    assert "Alpha Sécurité" in said and "1 of 2" in said and "1 is missing" in said
    assert "Platin GmbH" not in said and "P-000005" not in said and "Eva" not in said
    answer = csv_of(sign_in(cast.denise).get("/team/coverage.csv"))
    rows = {row["Reference"]: row for row in csv.DictReader(io.StringIO(answer))}
    assert set(rows) == {"P-000001", "P-000002", "P-000003", "P-000004"}
    alpha = rows["P-000001"]
    assert (alpha["Technical, required"], alpha["Technical, present"], alpha["Missing"]) == ("2", "1", "1")
    assert (alpha["Sales, required"], alpha["Sales, present"]) == ("", "1")
    assert "Eva" not in answer


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["P-000001", "P-000004", "P-000003"]),
        ("q=charlie", ["P-000003"]),
        ("tier=gold", ["P-000001"]),
        ("country=BE", ["P-000003"]),
        ("state=missing", ["P-000001"]),
        ("state=exact", ["P-000002"]),
        ("state=asked&sort=partner", ["P-000001", "P-000002"]),
        ("country=XX&tier=nonsense&sort=partner", ["P-000001", "P-000002", "P-000003", "P-000004"]),
    ],
)
def test_the_vendor_narrows_the_same_list_for_its_countries(cast, sign_in, team, query, found):
    certify(Employment.objects.get(partner=cast.bravo))
    page = sign_in(cast.karim).get(f"/team/coverage/?{query}")
    shown = [row.record.reference for row in page.context["table"].page.object_list]
    assert shown == found if query else shown[0] == "P-000001"
    if shown:
        assert f"/team/of/{shown[0]}/" in page.content.decode()
    assert sign_in(cast.alice).get("/team/coverage/").status_code == 403


def test_sales_specialists_bind_in_the_list_with_an_enterprise_specialisation_only(cast, sign_in):
    (platin,) = [
        row.record for row in sign_in(cast.ingrid).get("/team/coverage/").context["table"].page.object_list
    ]
    assert (platin.technical_asked, platin.sales_asked, platin.missing) == (3, 3, 6)
    Specialisation.objects.update(ended_on=date(2025, 1, 1))
    (platin,) = [
        row.record for row in sign_in(cast.ingrid).get("/team/coverage/").context["table"].page.object_list
    ]
    assert (platin.technical_asked, platin.sales_asked, platin.missing) == (3, None, 3)


# ---------------------------------------------------------------- one's own


def test_one_s_own_certificates_wherever_they_were_earned(cast, sign_in):
    tina = employ(cast.alpha, "Tina Faure", user=cast.tina)
    certify(tina)
    certify(tina, "sales", issued_on=date(2020, 1, 1), expires_on=date(2021, 1, 1))
    said = text_of(sign_in(cast.tina).get("/team/me/"))
    assert "You count for your company in: Technical." in said
    assert "Expired" in said and "1 of 2" in said and "No course booked" in said


def test_states_and_buttons_of_certificates_in_french(cast, sign_in):
    User.objects.update(language="fr")
    tina = employ(cast.alpha, "Tina Faure", user=cast.tina)
    certify(tina)
    certify(tina, "sales", issued_on=date(2020, 1, 1), expires_on=date(2021, 1, 1))
    said = text_of(sign_in(cast.tina).get("/team/me/"))
    assert "Ouvrir" in said and "Expiré" in said and "Expirée" not in said


def test_the_address_alone_shows_an_account_that_nobody_has_linked(cast, sign_in):
    employ(cast.alpha, "Tina Faure", email=cast.tina.email)
    assert "No certificate yet" in text_of(sign_in(cast.tina).get("/team/me/"))
    assert "You are not entered as an employee yet" in text_of(sign_in(cast.amir).get("/team/me/"))
    assert sign_in(cast.karim).get("/team/me/").status_code == 403


def test_whoever_has_left_counts_for_nothing(cast, sign_in):
    certify(employ(cast.alpha, "Tina Faure", user=cast.tina, left_on=today()))
    assert "For nothing at present" in text_of(sign_in(cast.tina).get("/team/me/"))
