"""The inbox: one's own messages, found again, opened under the membership that can see the record."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from dealreg.deals import actions
from partners.organisations.models import Membership
from portal.notifications.actions import notify
from portal.notifications.models import Notification
from portal.notifications.selectors import inbox_lines, kinds_asking, unread_count
from tests.portal.notifications.letters import DUE, MONDAY, register, tell

pytestmark = pytest.mark.django_db


@pytest.fixture
def deal(cast):
    deal = register(cast, cast.amir)
    Notification.objects.all().delete()
    return deal


@pytest.fixture
def signed_in(client):
    def sign_in(person):
        client.force_login(person)
        return client

    return sign_in


def open_address(notification):
    return reverse("inbox:open", args=[notification.pk])


def test_everybody_reads_their_own_messages_alone(cast, deal, signed_in):
    tell("deal-approved", deal, cast.amir)
    assert deal.reference in signed_in(cast.amir).get("/inbox/").content.decode()
    answer = signed_in(cast.alice).get("/inbox/")
    assert answer.status_code == 200
    assert deal.reference not in answer.content.decode()
    assert "No message yet" in answer.content.decode() or "empty-state" in answer.content.decode()


def test_visitors_sign_in_first_and_then_arrive(cast, deal, client):
    tell("deal-approved", deal, cast.amir)
    address = open_address(Notification.objects.get())
    answer = client.get(address)
    assert answer.status_code == 302
    assert answer["Location"] == f"{reverse('account_login')}?next={address}"
    answer = client.post(answer["Location"], {"login": cast.amir.email, "password": "demo-portal"})
    assert answer["Location"] == address
    assert client.get(address)["Location"] == deal.get_absolute_url()


def test_opening_reads_it(cast, deal, signed_in):
    tell("deal-approved", deal, cast.amir)
    notification = Notification.objects.get()
    assert unread_count(cast.amir) == 1
    assert signed_in(cast.amir).get(open_address(notification))["Location"] == deal.get_absolute_url()
    notification.refresh_from_db()
    assert notification.read_at is not None
    assert unread_count(cast.amir) == 0


@pytest.mark.parametrize("person", ["alice", "bruno", "denise", "karim", "stranger"])
def test_a_message_of_somebody_else_does_not_exist(cast, deal, signed_in, person):
    tell("deal-approved", deal, cast.amir)
    notification = Notification.objects.get()
    client = signed_in(getattr(cast, person))
    assert client.get(open_address(notification)).status_code == 404
    assert client.post(reverse("inbox:mark", args=[notification.pk]), {"state": "read"}).status_code == 404
    notification.refresh_from_db()
    assert notification.read_at is None


def test_another_membership_of_mine_is_offered(cast, deal, signed_in):
    cast.amir.memberships.update(is_current=False)
    Membership.objects.create(user=cast.amir, role="partner_sales", partner=cast.bravo, is_current=True)
    tell("deal-approved", deal, cast.amir)
    notification = Notification.objects.get()
    client = signed_in(cast.again(cast.amir))

    answer = client.get(open_address(notification))
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "Alpha Sécurité" in page and "Bravo IT" in page
    assert deal.reference not in page.replace(str(notification.pk), "")

    own = Membership.objects.get(user=cast.amir, partner=cast.alpha)
    switch = answer.context["shell"].switch_url
    moved = client.post(switch, {"membership": own.pk, "next": open_address(notification)})
    assert moved["Location"] == open_address(notification)
    assert client.get(open_address(notification))["Location"] == deal.get_absolute_url()


def test_what_i_may_no_longer_see_is_explained_and_not_named(cast, deal, signed_in):
    tell("deal-approved", deal, cast.amir)
    cast.amir.memberships.update(is_active=False)
    Membership.objects.create(user=cast.amir, role="partner_sales", partner=cast.bravo, is_current=False)
    cast.amir.memberships.filter(partner=cast.bravo).update(is_current=False)
    client = signed_in(cast.again(cast.amir))
    listed = client.get("/inbox/").content.decode()
    assert deal.reference not in listed and "Saint-Roch" not in listed
    answer = client.get(open_address(Notification.objects.get()))
    assert answer.status_code == 404
    assert deal.reference not in answer.content.decode()


def test_a_record_that_is_gone_is_explained(cast, deal, signed_in):
    tell("deal-approved", deal, cast.amir)
    Notification.objects.update(subject_id=0)
    client = signed_in(cast.amir)
    assert client.get("/inbox/").status_code == 200
    assert client.get(open_address(Notification.objects.get())).status_code == 404


def test_reviewers_messages_do_not_open_on_the_partner_s_side(cast, deal, signed_in):
    """A person of both sides: what was told to the reviewer stays there."""
    Membership.objects.create(user=cast.amir, role="distributor_approver", distributor=cast.distri_nord)
    tell("deal-comment", deal, cast.amir, internal=True)
    line = inbox_lines(cast.again(cast.amir), Notification.objects.all(), MONDAY)[0]
    assert line.seen


def test_who_belongs_to_no_organisation_has_an_empty_inbox(cast, signed_in):
    assert signed_in(cast.stranger).get("/inbox/").status_code == 200


def test_read_unread_and_all_read(cast, deal, signed_in):
    tell("deal-approved", deal, cast.amir, key="1")
    tell("deal-expired", deal, cast.amir, key="2")
    first = Notification.objects.first()
    client = signed_in(cast.amir)
    mark = reverse("inbox:mark", args=[first.pk])

    assert client.post(mark, {"state": "read", "next": "/inbox/?page=1"})["Location"] == "/inbox/?page=1"
    assert unread_count(cast.amir) == 1
    assert client.post(mark, {"state": "unread"})["Location"] == "/inbox/"
    assert unread_count(cast.amir) == 2
    assert client.post(mark, {"state": "burnt"}).status_code == 400
    assert client.post(mark, {"state": "read", "next": "https://evil.example/"})["Location"] == "/inbox/"
    tell("deal-approved", deal, cast.alice)
    assert client.post(reverse("inbox:mark_all"), follow=True).status_code == 200
    assert unread_count(cast.amir) == 0
    assert unread_count(cast.alice) == 1


@pytest.mark.parametrize("address", ["mark", "mark_all"])
def test_reading_a_page_changes_nothing(cast, deal, signed_in, address):
    tell("deal-approved", deal, cast.amir)
    arguments = [Notification.objects.get().pk] if address == "mark" else []
    assert signed_in(cast.amir).get(reverse(f"inbox:{address}", args=arguments)).status_code == 405


def test_filters(cast, deal, signed_in):
    other = register(cast, cast.amir, at=MONDAY, customer_name="Mairie de Dole")
    actions.request_information(other, by=cast.denise, at=MONDAY, text="Which sites?", fields=["nodes"])
    Notification.objects.all().delete()
    tell("deal-approved", deal, cast.amir, key="1")
    tell("deal-information-requested", other, cast.amir, key="2")
    Notification.objects.filter(kind="deal-approved").update(read_at=MONDAY)
    client = signed_in(cast.amir)

    def shown(**asked):
        page = client.get("/inbox/", asked)
        assert page.status_code == 200
        return {line.notification.kind for line in page.context["lines"]}

    everything = {"deal-approved", "deal-information-requested"}
    assert shown() == everything
    assert shown(show="unread") == {"deal-information-requested"}
    assert shown(show="action") == {"deal-information-requested"}
    assert shown(kind="deal-approved") == {"deal-approved"}
    assert shown(q=deal.reference.lower()) == {"deal-approved"}
    assert shown(q=other.reference[3:]) == {"deal-information-requested"}
    assert shown(q="DR-000000") == set()
    assert shown(kind="nonsense", show="nonsense") == everything
    assert shown(q="x" * 500) == everything
    assert shown(q="%_\x00'\"") in (set(), everything)
    assert shown(page="nonsense") == everything
    assert shown(page="99999") == everything


def test_a_conflict_is_found_by_either_number(cast, deal, signed_in):
    register(cast, cast.bruno, at=MONDAY + timedelta(minutes=5))
    client = signed_in(cast.karim)
    page = client.get("/inbox/", {"q": deal.reference})
    assert "deal-conflict" in {line.notification.kind for line in page.context["lines"]}
    conflict = Notification.objects.get(kind="deal-conflict")
    assert client.get(open_address(conflict))["Location"] == conflict.subject.get_absolute_url()


def test_who_is_asked_depends_on_the_side(cast):
    assert {"deal-information-requested", "deal-expiring", "revocation-announced"} <= set(
        kinds_asking(cast.alice)
    )
    assert not {"deal-to-decide", "deal-conflict", "deal-probing"} & set(kinds_asking(cast.alice))
    assert "deal-to-decide" in kinds_asking(cast.denise)
    assert "deal-won" in kinds_asking(cast.denise)
    assert "deal-conflict" in kinds_asking(cast.karim)
    assert "deal-conflict" not in kinds_asking(cast.denise)
    assert kinds_asking(cast.stranger) == []


def asked_of(client):
    page = client.get("/inbox/", {"show": "action"})
    return [(line.notification.kind, line.notification.subject.reference) for line in page.context["lines"]]


def test_what_is_done_no_longer_asks_for_action(cast, deal):
    """The deal's present state decides, for each side; of two reminders the latest stands for both."""
    denise, amir = Client(), Client()
    denise.force_login(cast.denise)
    amir.force_login(cast.amir)
    tell("deal-to-decide", deal, cast.denise)
    notify(
        "deal-half-time", to=[cast.denise], about=deal, key="2", at=MONDAY + timedelta(hours=1), due_at=DUE
    )
    assert asked_of(denise) == [("deal-half-time", deal.reference)]

    question = actions.request_information(
        deal, by=cast.denise, at=MONDAY, text="Which sites?", fields=["nodes"]
    )
    assert asked_of(denise) == []
    assert asked_of(amir) == [("deal-information-requested", deal.reference)]

    actions.answer_request(question.deal, by=cast.amir, at=MONDAY, answer="All.", changes={"nodes": 100})
    assert asked_of(amir) == []
    assert [reference for _, reference in asked_of(denise)] == [deal.reference]

    actions.approve_deal(deal, by=cast.denise, at=MONDAY, granted_pct=Decimal(1))
    assert asked_of(denise) == asked_of(amir) == []
    assert unread_count(cast.denise) == 3
    assert "asks for your action" not in denise.get("/inbox/").content.decode()

    tell("deal-expiring", deal, cast.amir)
    actions.expire_deal(deal, at=MONDAY + timedelta(days=200))
    assert asked_of(amir) == []


def test_who_may_only_read_is_asked_for_nothing(cast, deal):
    tell("deal-to-decide", deal, cast.olga)
    olga = Client()
    olga.force_login(cast.olga)
    assert asked_of(olga) == []


def test_a_long_inbox_costs_no_more_than_a_short_one(cast, deal, signed_in, django_assert_max_num_queries):
    client = signed_in(cast.amir)
    tell("deal-approved", deal, cast.amir, key="0")
    client.get("/inbox/")
    with django_assert_max_num_queries(14) as short:
        client.get("/inbox/")
    for number in range(60):
        tell("deal-comment", deal, cast.amir, key=str(number))
    with django_assert_max_num_queries(14) as long:
        page = client.get("/inbox/")
    assert len(page.context["lines"]) == 25
    assert len(long) <= len(short)


def test_a_page_behind_the_end_of_a_very_long_inbox_does_not_exist(cast, deal, signed_in, monkeypatch):
    monkeypatch.setattr("portal.core.pagination.CappedPaginator.cap", 2)
    for number in range(30):
        tell("deal-comment", deal, cast.amir, key=str(number))
    client = signed_in(cast.amir)
    assert len(client.get("/inbox/", {"page": 2}).context["lines"]) == 5
    assert client.get("/inbox/", {"page": 3}).status_code == 404


def test_the_count_stops_at_a_hundred(cast, deal):
    for number in range(105):
        tell("deal-comment", deal, cast.amir, key=str(number))
    assert unread_count(cast.amir) == 100
