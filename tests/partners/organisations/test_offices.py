"""Offices of the vendor: who opens them, who looks after which country, and nobody left alone."""

from functools import partial

import pytest
from django.utils import timezone

from partners.organisations.actions.offices import OfficeFacts, add_office, edit_office
from partners.organisations.models import Membership, Partner, VendorOffice
from portal.accounts.models import User
from portal.audit.models import Event
from portal.core.errors import NotAllowed, RuleViolation
from tests.at_once import at_once
from tests.cast import make_cast

NORDICS = {"name": "Nordics", "country": "SE", "countries": ["SE", "FI"]}


@pytest.fixture(autouse=True)
def english(request):
    if "cast" in request.fixturenames:
        request.getfixturevalue("cast")
        User.objects.update(language="en")


def form_of(office: VendorOffice, **changed) -> dict:
    return {"name": office.name, "country": office.country, "countries": sorted(office.countries)} | changed


def facts_of(office: VendorOffice, **changed) -> OfficeFacts:
    return OfficeFacts(**form_of(office, **changed))


def now():
    return timezone.now()


def test_the_programme_administrator_opens_an_office_and_invites_its_people(cast, sign_in):
    nora = sign_in(cast.nora)
    answer = nora.post("/offices/add/", NORDICS)
    office = VendorOffice.objects.get(name="Nordics")
    assert answer["Location"] == f"/offices/{office.pk}/"
    assert office.countries == ["FI", "SE"]
    assert Event.objects.get(verb="office.added").subject == office
    page = nora.get(answer["Location"]).content.decode()
    assert "Finland, Sweden" in page
    assert "Office opened" in page
    invite = nora.get(f"/people/invite/?office={office.pk}")
    assert str(invite.context["form"]["office"].value()) == str(office.pk)
    nora.post(
        "/people/invite/",
        {
            "email": "sven@vendor.example",
            "full_name": "Sven Ek",
            "role": "channel_manager",
            "office": office.pk,
            "language": "en",
        },
    )
    assert office.invitations.get().email == "sven@vendor.example"


def test_the_list_names_countries_without_an_office(cast, sign_in):
    assert "No office looks after" not in sign_in(cast.karim).get("/offices/").content.decode()
    VendorOffice.objects.exclude(pk=cast.dach_office.pk).update(countries=["DE"])
    page = sign_in(cast.karim).get("/offices/").content.decode()
    assert "No office looks after" in page
    assert "France" in page


@pytest.mark.parametrize("who", ["karim", "august", "denise", "alice"])
def test_nobody_else_opens_or_changes_an_office(cast, sign_in, who):
    person = cast.people[who]
    with pytest.raises(NotAllowed):
        add_office(OfficeFacts(**NORDICS), by=person, at=now(), on=timezone.localdate())
    with pytest.raises(NotAllowed):
        edit_office(
            cast.dach_office.pk, facts_of(cast.dach_office), by=person, at=now(), on=timezone.localdate()
        )
    browser = sign_in(person)
    vendor = who in ("karim", "august")
    address = f"/offices/{cast.dach_office.pk}/"
    assert browser.get("/offices/").status_code == (200 if vendor else 403)
    assert browser.get(address).status_code == (200 if vendor else 404)
    assert browser.post("/offices/add/", NORDICS).status_code == 403
    assert browser.post(f"{address}edit/", form_of(cast.dach_office)).status_code == (403 if vendor else 404)
    page = browser.get(address).content.decode()
    assert f"{address}edit/" not in page
    assert "/people/invite/" not in page


def test_an_edit_says_in_the_history_what_changed(cast, sign_in):
    office = cast.dach_office
    address = f"/offices/{office.pk}/"
    nora = sign_in(cast.nora)
    answer = nora.post(f"{address}edit/", form_of(office, name="  DACH   and Nordics "))
    assert answer["Location"] == address
    office.refresh_from_db()
    assert office.name == "DACH and Nordics"
    event = Event.objects.get(verb="office.edited")
    assert "name" in event.data["changed"]
    nora.post(f"{address}edit/", form_of(office))
    assert Event.objects.filter(verb="office.edited").count() == 1  # nothing changed, nothing recorded


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "HEAD office"}, "name"),
        ({"name": "x" * 121}, "name"),
        ({"country": "XX"}, "country"),
        ({"countries": []}, "countries"),
        ({"countries": ["US"]}, "countries"),
        ({"countries": ["DE", "\x00"]}, "countries"),
    ],
)
def test_what_is_not_right_is_said_on_the_field(cast, sign_in, changed, field):
    for address in ("/offices/add/", f"/offices/{cast.dach_office.pk}/edit/"):
        answer = sign_in(cast.nora).post(address, form_of(cast.dach_office) | {"name": "New"} | changed)
        assert answer.status_code == 200
        assert field in answer.context["form"].errors
    assert not VendorOffice.objects.filter(name="New").exists()


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"name": "New", "country": "XX", "countries": ["DE"]}, "country"),
        ({"name": "New", "country": "DE", "countries": ["US"]}, "countries"),
        ({"name": "New", "country": "DE", "countries": []}, "countries"),
    ],
)
def test_the_command_asks_too(cast, facts, field):
    with pytest.raises(RuleViolation) as refused:
        add_office(OfficeFacts(**facts), by=cast.nora, at=now(), on=timezone.localdate())
    assert refused.value.field == field


def without_head_office(cast) -> None:
    """Each country has one office, as in an installation whose head office has given them away."""
    VendorOffice.objects.filter(name="Head office").update(countries=["GB"])
    cast.nora.forget_acting_as()


def test_a_country_with_partners_is_not_left_without_an_office(cast, sign_in):
    without_head_office(cast)
    office = cast.dach_office
    fewer = [code for code in office.countries if code != "DE"]
    answer = sign_in(cast.nora).post(f"/offices/{office.pk}/edit/", form_of(office, countries=fewer))
    assert "would have no office at all" in answer.content.decode()
    office.refresh_from_db()
    assert "DE" in office.countries
    # Another office takes it, or nobody is left there.
    VendorOffice.objects.filter(pk=cast.france_office.pk).update(
        countries=[*cast.france_office.countries, "DE"]
    )
    edit_office(office.pk, facts_of(office, countries=fewer), by=cast.nora, at=now(), on=timezone.localdate())
    office.refresh_from_db()
    assert "DE" not in office.countries


def test_a_country_with_former_partners_only_can_go(cast):
    without_head_office(cast)
    Partner.objects.filter(country="DE").update(status="ended")
    office = cast.dach_office
    fewer = [code for code in office.countries if code != "DE"]
    edit_office(office.pk, facts_of(office, countries=fewer), by=cast.nora, at=now(), on=timezone.localdate())
    office.refresh_from_db()
    assert office.countries == sorted(fewer)


def test_partners_whose_channel_manager_no_longer_sees_them_are_counted(cast, sign_in):
    office = cast.dach_office
    Partner.objects.filter(pk=cast.platin.pk).update(channel_manager=cast.ingrid)
    fewer = [code for code in office.countries if code != "DE"]
    answer = sign_in(cast.nora).post(
        f"/offices/{office.pk}/edit/", form_of(office, countries=fewer), follow=True
    )
    assert "1 partner outside these countries has a channel manager of this office" in answer.content.decode()
    Membership.objects.create(
        user=cast.ingrid, role="channel_manager", vendor_office=cast.offices["Head office"]
    )
    answer = sign_in(cast.nora).post(
        f"/offices/{office.pk}/edit/", form_of(office, countries=fewer), follow=True
    )
    assert "outside these countries" not in answer.content.decode()


@pytest.mark.django_db(transaction=True)
def test_two_offices_do_not_both_give_up_the_same_country():
    cast = make_cast()
    without_head_office(cast)
    pair = [cast.dach_office, cast.france_office]
    VendorOffice.objects.filter(pk=cast.france_office.pk).update(
        countries=[*cast.france_office.countries, "DE"]
    )

    def give_up(office):
        fewer = [code for code in office.countries if code != "DE"]
        edit_office(
            office.pk, facts_of(office, countries=fewer), by=cast.nora, at=now(), on=timezone.localdate()
        )

    results = at_once(*(partial(give_up, office) for office in pair))
    assert [result.code for result in results if isinstance(result, Exception)] == ["partners-without-office"]
    assert VendorOffice.objects.filter(countries__contains=["DE"]).count() == 1


def test_the_menu_shows_the_offices_to_the_vendor_only(cast, sign_in):
    assert 'href="/offices/"' in sign_in(cast.august).get("/").content.decode()
    for person in (cast.denise, cast.alice):
        assert 'href="/offices/"' not in sign_in(person).get("/").content.decode()
