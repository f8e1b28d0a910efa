"""One's own deadlines in one's own calendar: what stands in it, for whom, and that nothing else opens it."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.conf import settings as django_settings
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from icalendar import Calendar

from dealreg.deals.models import Deal
from partners.certification.models import Booking, Course, Person, Session
from partners.organisations.models import Membership
from portal.accounts.models import User
from portal.audit.models import Event
from portal.calendars import actions
from portal.calendars.models import CalendarAddress
from portal.calendars.selectors import address_of
from portal.core.secret_links import hash_of
from tests.dealreg.deals import stages
from tests.partners.certification.people import certify, hire, leave, noon

pytestmark = pytest.mark.django_db
TODAY = timezone.localdate()


@pytest.fixture(autouse=True)
def english(cast):
    User.objects.update(language="en")
    for person in cast.people.values():
        person.refresh_from_db()


def feed(person: User, **headers):
    token = actions.renew_address(by=person, at=timezone.now())
    return Client().get(f"/calendar/{token}.ics", headers=headers)


def events(person: User) -> dict[str, dict]:
    answer = feed(person)
    assert answer.status_code == 200
    return {str(event["summary"]): event for event in Calendar.from_ical(answer.content).walk("VEVENT")}


def submitted(cast, **more) -> Deal:
    return stages.submitted(cast, at=timezone.now(), **more)


def approved(cast, until: date, **more) -> Deal:
    deal = stages.approved(cast, **more)
    Deal.objects.filter(pk=deal.pk).update(protected_until=until)
    deal.refresh_from_db()
    return deal


# --- what stands in it -----------------------------------------------------------------------------


def test_each_side_has_its_own_deadlines(cast):
    waiting = submitted(cast)
    until = TODAY + timedelta(days=20)
    protected = approved(cast, until, customer_name="Verger du Sud")
    names = {
        who: {name for name in events(getattr(cast, who)) if "DR-" in name}
        for who in ("alice", "denise", "karim", "bruno", "dieter")
    }
    decision = f"{waiting.reference} · {waiting.customer_name}"
    end = f"Protection ends: {protected.reference} · Verger du Sud"
    assert names["alice"] == {f"Decision due: {decision}", end}
    assert names["denise"] == {f"To decide: {decision}", end}
    # Neither the vendor's turn, nor other companies' business.
    assert names["karim"] == names["bruno"] == names["dieter"] == set()


def test_instants_are_in_utc_and_dates_are_whole_days(cast):
    deal = submitted(cast)
    until = TODAY + timedelta(days=20)
    protected = approved(cast, until, customer_name="Verger du Sud")
    found = events(cast.alice)
    decision = found[f"Decision due: {deal.reference} · {deal.customer_name}"]
    assert decision.decoded("dtstart") == deal.decision_due_at.replace(microsecond=0)
    assert decision["dtstart"].to_ical().endswith(b"Z")
    end = found[f"Protection ends: {protected.reference} · Verger du Sud"]
    assert (end.decoded("dtstart"), end.decoded("dtend")) == (until, until + timedelta(days=1))
    host = django_settings.PORTAL_URL.partition("//")[2].partition(":")[0]
    assert end["uid"] == f"{protected.reference}-protection@{host}"
    assert end["dtstamp"].dt.tzinfo is not None
    assert end["url"] == django_settings.PORTAL_URL + protected.get_absolute_url()


def test_the_calendar_speaks_the_person_s_language(cast):
    deal = submitted(cast)
    User.objects.filter(pk=cast.alice.pk).update(language="fr")
    cast.alice.refresh_from_db()
    assert f"Décision attendue : {deal.reference}" not in events(cast.alice)
    assert not [name for name in events(cast.alice) if name.startswith("Decision due")]


def test_departures_and_certificates_for_who_manages_the_staff(cast):
    eva = hire(cast.alpha, "Eva Lind")
    certify(eva, expires_on=TODAY + timedelta(days=40))
    gone = hire(cast.alpha, "Zorbex Leaver")
    certify(gone, expires_on=TODAY + timedelta(days=400))
    case = leave(gone, TODAY - timedelta(days=3), at=noon(TODAY), reported_on=None)
    names = events(cast.alice)
    assert "Certificate expires: Certified specialist · Eva Lind" in names
    report = names[f"Report of a departure due: {case.reference} · {cast.alpha}"]
    assert report.decoded("dtstart") == case.report_due_on
    replacement = names[f"Replacement of a certified employee due: {case.reference} · {cast.alpha}"]
    assert replacement.decoded("dtstart") == case.replacement_due_on
    # The channel manager sees the case; who leaves is named in nobody's calendar but by the certificate.
    assert any(case.reference in name for name in events(cast.karim))
    assert not any(case.reference in name for name in events(cast.ingrid))
    for who in ("amir", "bruno", "denise", "karim"):
        text = feed(getattr(cast, who)).content.decode()
        assert "Zorbex" not in text and "Eva Lind" not in text, who


def test_one_s_own_sessions_and_certificates(cast):
    person = Person.objects.create(user=cast.amir)
    amir = hire(cast.alpha, "Amir Haddad", person=person)
    other = hire(cast.alpha, "Eva Lind")
    certify(amir, expires_on=TODAY + timedelta(days=10))
    course = Course.objects.create(
        code="T-1", title="Endpoint I", track="technical", mode="on_site", language="en", duration_hours=7,
        is_published=True,
    )  # fmt: skip
    starts = datetime.combine(TODAY + timedelta(days=9), datetime.min.time(), UTC) + timedelta(hours=8)
    for place, employment, status in (
        ("Lyon", amir, "booked"),
        ("Lille", amir, "waiting"),
        ("Metz", other, "booked"),
    ):
        session = Session.objects.create(
            course=course, country="FR", place=place, starts_at=starts, ends_at=starts + timedelta(hours=7),
            seats=9, closes_at=starts - timedelta(days=1),
        )  # fmt: skip
        Booking.objects.create(
            session=session,
            employment=employment,
            status=status,
            booked_by=cast.alice,
            booked_at=timezone.now(),
        )  # fmt: skip
    found = events(cast.amir)
    assert set(found) == {
        "Endpoint I",
        "Endpoint I (waiting list)",
        "Certificate expires: Certified specialist · Amir Haddad",
    }
    # Who manages the staff sees whose place it is; nobody else's administrator does.
    theirs = {name for name in events(cast.alice) if name.startswith("Endpoint")}
    assert theirs == {
        "Endpoint I · Amir Haddad",
        "Endpoint I (waiting list) · Amir Haddad",
        "Endpoint I · Eva Lind",
    }
    for who in (cast.bruno, cast.denise, cast.karim):
        assert "Endpoint" not in feed(who).content.decode()
    seat = found["Endpoint I"]
    assert (seat["location"], seat.decoded("dtstart"), seat["transp"]) == ("Lyon", starts, "OPAQUE")
    Session.objects.update(cancelled_at=timezone.now())
    for who in (cast.amir, cast.alice):
        assert not any(name.startswith("Endpoint") for name in events(who))


def test_all_memberships_count_and_each_entry_stands_once(cast):
    deal = submitted(cast)
    for distributor in (cast.distri_nord,):
        Membership.objects.create(user=cast.amir, distributor=distributor, role="distributor_approver")
    uids = [event["uid"] for event in Calendar.from_ical(feed(cast.amir).content).walk("VEVENT")]
    assert [uid for uid in uids if uid.startswith(deal.reference)] == [uids[0]]
    assert len(uids) == len(set(uids))


# --- who may read it -------------------------------------------------------------------------------


def test_only_the_hash_of_the_secret_is_stored_and_the_secret_is_long(cast):
    token = actions.renew_address(by=cast.alice, at=timezone.now())
    stored = CalendarAddress.objects.get(user=cast.alice)
    assert token not in str(vars(stored)) and stored.token_hash == hash_of(token)
    assert len(token) >= 43
    assert address_of(token) == stored and str(stored) == str(cast.alice)
    assert Client().get(f"/calendar/{stored.token_hash}.ics").status_code == 404


def test_a_renewed_or_revoked_address_opens_nothing_from_the_next_request_on(cast, sign_in):
    alice = sign_in(cast.alice)
    first = alice.post("/settings/calendar/").context["shown"].partition("/calendar/")[2]
    assert Client().get(f"/calendar/{first}").status_code == 200
    page = alice.post("/settings/calendar/")
    second = page.context["shown"].partition("/calendar/")[2]
    assert page["Cache-Control"].find("no-store") >= 0
    assert Client().get(f"/calendar/{first}").status_code == 404
    assert Client().get(f"/calendar/{second}").status_code == 200
    # It was shown once.
    assert second not in alice.get("/settings/calendar/").content.decode()
    alice.post("/settings/calendar/revoke/")
    assert Client().get(f"/calendar/{second}").status_code == 404
    assert not actions.revoke_address(by=cast.alice, at=timezone.now())
    told = [(one.verb, one.actor, one.data) for one in Event.objects.about(cast.alice).order_by("id")]
    # Revoked when there is nothing to revoke is no event, and the secret is in none.
    assert told[-2:] == [("user.calendar_renewed", cast.alice, {}), ("user.calendar_revoked", cast.alice, {})]


def test_rights_taken_away_act_at_the_next_request(cast):
    deal = submitted(cast)
    token = actions.renew_address(by=cast.alice, at=timezone.now())

    def read():
        return Client().get(f"/calendar/{token}.ics")

    assert deal.reference in read().content.decode()
    Membership.objects.filter(user=cast.alice).update(is_active=False)
    assert deal.reference not in read().content.decode()
    Membership.objects.filter(user=cast.alice).update(is_active=True)
    User.objects.filter(pk=cast.alice.pk).update(is_active=False)
    assert read().status_code == 404


def test_no_business_of_others_stands_in_any_calendar(cast):
    """Canaries: Bravo's customer at another distributor, and its employee."""
    deal = stages.draft(
        cast, cast.bruno, at=timezone.now(), distributor=cast.third, customer_name="Zorbexdeal Logistique"
    )
    from dealreg.deals import actions as deals

    deals.submit_deal(deal, by=cast.bruno, at=timezone.now())
    certify(hire(cast.bravo, "Zorbexstaff"), expires_on=TODAY + timedelta(days=9))
    may = {"bruno", "eve", "ben", "emil", "bob", "bea"}
    for who, person in cast.people.items():
        answer = feed(person)
        if not person.is_active:
            assert answer.status_code == 404
        elif who not in may:
            assert "Zorbex" not in answer.content.decode(), who
    assert "Zorbexdeal" in feed(cast.bruno).content.decode()
    assert "Zorbexstaff" in feed(cast.bruno).content.decode()


# --- how it answers --------------------------------------------------------------------------------


def test_it_is_private_says_nothing_to_the_next_page_and_saves_the_way(cast):
    submitted(cast)
    answer = feed(cast.alice)
    assert answer["Content-Type"] == "text/calendar; charset=utf-8"
    assert answer["Cache-Control"] == "private, no-cache"
    assert answer["Referrer-Policy"] == "no-referrer"
    assert answer["X-Robots-Tag"].startswith("noindex")
    assert "Set-Cookie" not in answer and not answer.cookies
    token = actions.renew_address(by=cast.alice, at=timezone.now())
    etag = Client().get(f"/calendar/{token}.ics")["ETag"]
    again = Client().get(f"/calendar/{token}.ics", headers={"If-None-Match": etag})
    assert again.status_code == 304 and again["Referrer-Policy"] == "no-referrer"
    submitted(cast, customer_name="Another SARL", company_number="", web_domain="another.fr")
    changed = Client().get(f"/calendar/{token}.ics", headers={"If-None-Match": etag})
    assert changed.status_code == 200
    assert Client().post(f"/calendar/{token}.ics").status_code == 405


def test_who_asks_too_often_waits(cast, monkeypatch):
    monkeypatch.setattr("portal.calendars.views.MOST_READINGS_AN_HOUR", 2)
    token = actions.renew_address(by=cast.alice, at=timezone.now())
    got = [Client().get(f"/calendar/{token}.ics").status_code for _time in range(3)]
    assert got == [200, 200, 429]
    assert feed(cast.denise).status_code == 200


def test_without_redis_it_is_read_all_the_same(cast, monkeypatch):
    import redis

    def away(*_, **__):
        raise redis.ConnectionError("away")

    monkeypatch.setattr("portal.calendars.views.within_limit", away)
    assert feed(cast.alice).status_code == 200
    cache.clear()


@pytest.mark.parametrize("token", ["x", "x" * 43, "x" * 5000, "a-b_c", "\u0661\u0662", "%00", "..%2f..%2fx"])
def test_what_is_no_secret_opens_nothing(cast, token):
    assert Client().get(f"/calendar/{token}.ics").status_code == 404


def test_the_hour_of_the_last_reading_is_kept(cast, sign_in):
    token = actions.renew_address(by=cast.alice, at=timezone.now())
    assert "not yet" in sign_in(cast.alice).get("/settings/calendar/").content.decode()
    Client().get(f"/calendar/{token}.ics")
    first = CalendarAddress.objects.get(user=cast.alice).read_at
    Client().get(f"/calendar/{token}.ics")
    assert CalendarAddress.objects.get(user=cast.alice).read_at == first is not None


def test_two_deadlines_cost_as_much_as_twenty(cast):
    token = actions.renew_address(by=cast.alice, at=timezone.now())

    def cost(number: int) -> int:
        for place in range(number):
            submitted(
                cast,
                customer_name=f"Firm {number} {place}",
                company_number="",
                web_domain=f"firm-{number}-{place}.fr",
            )
            certify(hire(cast.alpha, f"E {number} {place}"), expires_on=TODAY + timedelta(days=9))
        Client().get(f"/calendar/{token}.ics")
        with CaptureQueriesContext(connection) as seen:
            Client().get(f"/calendar/{token}.ics")
        return len(seen)

    few = cost(2)
    assert cost(8) == few <= 20


def test_the_settings_lead_to_it_and_the_access_log_keeps_the_secret(cast, sign_in, caplog):
    assert "/settings/calendar/" in sign_in(cast.alice).get("/settings/").content.decode()
    from portal import gunicorn_conf

    assert gunicorn_conf.CALENDARS == "/calendar/"
    assert Client().get("/settings/calendar/").status_code == 302
