"""Rights taken away act at the next request, in every window that is open (promise S8)."""

from decimal import Decimal

import pytest
from django.test import Client
from django.utils import timezone

from dealreg.deals.models import Deal
from partners.organisations.actions import people
from partners.organisations.models import Membership, Supply
from portal.accounts.models import User
from portal.notifications.actions import deliver_due
from portal.notifications.models import Notification
from tests.cast import PASSWORD
from tests.world import World, fingerprint

# Role -> person, a page of theirs, and something that they may do there.
AT_WORK = {
    "alice": (
        "/people/",
        "/people/invite/",
        {"email": "x@y.example", "full_name": "X", "role": "partner_sales"},
    ),
    "amir": ("/deals/", "/deals/{alpha}/withdraw/", {}),
    "tina": ("/deals/{alpha}/", "/deals/{alpha}/comment/", {"comment-text": "Still here."}),
    "adam": ("/deals/{alpha}/", "/deals/{alpha}/comment/", {"comment-text": "Still here."}),
    "denise": ("/deals/queue/", "/deals/{alpha}/approve/", {"granted_pct": "1"}),
    "didier": ("/deals/queue/", "/deals/{alpha}/reject/", {"code": "other", "text": "Still here."}),
    "olga": ("/deals/{alpha}/", "/deals/{alpha}/approve/", {"granted_pct": "1"}),
    "karim": (
        "/deals/conflicts/",
        "/deals/{alpha_approved}/revoke/",
        {"code": "customer_choice", "text": "x"},
    ),
    "nora": ("/catalogue/price-lists/", "/programme/editions/2099/publish/", {}),
    "august": ("/deals/conflicts/", "/deals/{alpha}/comment/", {"comment-text": "Still here."}),
}


def windows(world: World, who: str) -> tuple[Client, Client]:
    """Two browsers of one person: one signed in with the password."""
    person = world.people[who]
    first, second = Client(raise_request_exception=False), Client(raise_request_exception=False)
    answer = first.post("/accounts/login/", {"login": person.email, "password": PASSWORD})
    assert answer.status_code == 302
    second.force_login(User.objects.get(pk=person.pk))
    return first, second


def at_work(world: World, who: str) -> tuple[str, str, dict[str, str]]:
    page, form, body = AT_WORK[who]
    numbers = {name: deal.reference for name, deal in world.deals.items()}
    return page.format(**numbers), form.format(**numbers), body


def disable(world: World, who: str) -> None:
    User.objects.filter(pk=world.people[who].pk).update(is_active=False)


def end_membership(world: World, who: str) -> None:
    """By the action where somebody may; the last administrator of a company by the database."""
    rows = Membership.objects.filter(user=world.people[who], is_active=True)
    if who in ("amir", "tina", "adam"):
        people.deactivate_membership(
            rows.get().pk, by=world.people["alice"], at=timezone.now(), reason="Left the company"
        )
    else:
        rows.update(is_active=False, is_current=False, ended_at=timezone.now())


@pytest.mark.parametrize("who", AT_WORK)
def test_a_blocked_person_is_out_with_the_next_request_in_every_window(world, who):
    page, form, body = at_work(world, who)
    open_windows = windows(world, who)
    assert [window.get(page).status_code for window in open_windows] == [200, 200]
    disable(world, who)
    before = fingerprint()
    for window in open_windows:
        for answer in (window.post(form, body), window.get(page), window.get("/"), window.get("/inbox/")):
            assert answer.status_code == 302
            assert answer["Location"].startswith("/accounts/login/")
    assert fingerprint() == before
    # Coming back is not possible either, and another password does not help.
    answer = Client().post("/accounts/login/", {"login": world.people[who].email, "password": PASSWORD})
    assert "/inactive/" in answer["Location"] if answer.status_code == 302 else answer.status_code == 200


@pytest.mark.parametrize("who", AT_WORK)
def test_whose_membership_has_ended_is_refused_at_the_next_request(world, who):
    page, form, body = at_work(world, who)
    open_windows = windows(world, who)
    assert [window.get(page).status_code for window in open_windows] == [200, 200]
    end_membership(world, who)
    before = fingerprint()
    for window in open_windows:
        assert window.post(form, body).status_code in (302, 403, 404)
        for place in (page, "/", "/deals/", "/deals/export/csv/"):
            answer = window.get(place)
            assert answer.status_code in (302, 403, 404), place
            if answer.status_code == 302:
                assert answer["Location"].startswith("/accounts/login/")
    assert fingerprint() == before


@pytest.mark.parametrize(
    ("who", "lower"),
    [
        ("alice", "partner_readonly"),
        ("amir", "partner_technical"),
        ("tina", "partner_readonly"),
        ("denise", "distributor_readonly"),
        ("didier", "distributor_readonly"),
        ("karim", "auditor"),
        ("nora", "auditor"),
    ],
)
def test_a_lower_role_acts_at_the_next_request(world, who, lower):
    page, form, body = at_work(world, who)
    open_windows = windows(world, who)
    assert open_windows[0].get(page).status_code == 200
    Membership.objects.filter(user=world.people[who]).update(role=lower)
    before = fingerprint()
    for window in open_windows:
        assert window.post(form, body).status_code in (403, 404)
        assert window.get("/").status_code == 200
    assert fingerprint() == before


def test_a_person_moved_to_another_office_sees_its_region_only(world):
    window = windows(world, "karim")[1]
    alpha, platin = world.deals["alpha_approved"], world.deals["platin"]
    seen = [window.get(f"/deals/{deal.reference}/").status_code for deal in (alpha, platin)]
    assert seen == [200, 404]
    Membership.objects.filter(user=world.people["karim"]).update(vendor_office=world.cast.dach_office)
    seen = [window.get(f"/deals/{deal.reference}/").status_code for deal in (alpha, platin)]
    assert seen == [404, 200]


def test_a_distributor_that_no_longer_supplies_keeps_its_old_deals_and_nothing_else(world):
    """The deal hangs on its own distributor, not on today's link: both ways."""
    window = windows(world, "denise")[1]
    deal = world.deals["alpha_approved"]
    assert window.get("/partners/P-000001/").status_code == 200
    Supply.objects.filter(partner=world.cast.alpha).update(ended_on=timezone.localdate())
    Supply.objects.create(
        partner=world.cast.alpha,
        distributor=world.cast.third,
        is_primary=True,
        started_on=timezone.localdate(),
    )
    assert window.get("/partners/P-000001/").status_code == 404
    assert window.get(f"/deals/{deal.reference}/").status_code == 200
    newcomer = windows(world, "eve")[1]
    assert newcomer.get("/partners/P-000001/").status_code == 200
    assert newcomer.get(f"/deals/{deal.reference}/").status_code == 404


def test_a_changed_password_ends_all_other_sessions(world):
    first, second = windows(world, "alice")
    page = first.post(
        "/accounts/password/change/",
        {"oldpassword": PASSWORD, "password1": "neun-Bäume-am-Fluss", "password2": "neun-Bäume-am-Fluss"},
    )
    assert page.status_code == 302
    assert first.get("/deals/").status_code == 200
    assert second.get("/deals/").status_code == 302


def test_a_decision_begun_before_the_role_was_lowered_is_not_made(world):
    """The form was open on the screen; what counts is the moment of sending."""
    window, deal = windows(world, "didier")[1], world.deals["charlie"]
    assert window.get(f"/deals/{deal.reference}/approve/").status_code == 200
    Membership.objects.filter(user=world.people["didier"]).update(role="distributor_readonly")
    assert window.post(f"/deals/{deal.reference}/approve/", {"granted_pct": "1"}).status_code == 403
    assert Deal.objects.get(pk=deal.pk).granted_pct in (None, Decimal(0))


@pytest.mark.parametrize("take_away", [disable, end_membership])
def test_mails_that_wait_are_not_sent_to_whom_they_no_longer_concern(world, take_away, mailoutbox):
    waiting = Notification.objects.filter(recipient=world.people["amir"], mailed_at=None)
    assert waiting.exists()
    take_away(world, "amir")
    deliver_due(at=timezone.now(), most=1_000)
    assert not [letter for letter in mailoutbox if world.people["amir"].email in letter.to[0]]
    assert not waiting.filter(dropped_at=None).exists()
