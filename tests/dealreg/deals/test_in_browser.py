"""The deal's pages in a real browser: nothing that axe finds, and the comfort that scripts add."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from dealreg.deals import actions
from dealreg.deals.lifecycle import DealStatus
from dealreg.deals.models import Conflict
from dealreg.deals.views.deciding import move_address
from tests.cast import make_cast
from tests.dealreg.deals.stages import draft, in_english, submitted

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def stage_of(page, live_server, sign_in):
    """`stage_of(person, address)` opens the page as that person."""

    def open_page(person, address):
        session = sign_in(person).cookies["sessionid"].value
        page.context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
        page.goto(address)
        return page

    return open_page


@pytest.fixture
def english_cast(transactional_db):
    return in_english(make_cast())


def faults(page, axe_source) -> list[str]:
    page.evaluate(axe_source)
    found = page.evaluate(
        "axe.run(document, {resultTypes: ['violations']}).then(r => r.violations.map("
        "v => v.id + ': ' + v.nodes.map(n => n.html.slice(0, 160)).join(' | ')))"
    )
    return list(found)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(english_cast, stage_of, axe_source, scheme):
    cast, now = english_cast, timezone.now()
    deal = submitted(cast, at=now - timedelta(hours=5))
    actions.add_comment(deal, by=cast.denise, at=now, text="For us.", is_internal=True)
    asked = submitted(cast, at=now - timedelta(hours=4), customer_name="Ville de Lens")
    actions.request_information(
        asked,
        by=cast.denise,
        at=now,
        text="Which sites?",
        fields=["lines", "evidence", "contact", "engagement"],
    )
    approved = submitted(cast, at=now - timedelta(days=3), customer_name="Ville de Cassel")
    actions.approve_deal(approved, by=cast.denise, at=now - timedelta(days=2), granted_pct=Decimal("2.5"))
    rejected = submitted(cast, at=now - timedelta(days=3), customer_name="Ville de Sète")
    actions.reject_deal(rejected, by=cast.denise, at=now, code="incomplete", text="Which town?")
    submitted(cast, cast.bruno, at=now)
    conflict = Conflict.objects.get()
    visits = [
        (cast.amir, deal.get_absolute_url()),
        (cast.denise, deal.get_absolute_url()),
        (cast.karim, deal.get_absolute_url()),
        (cast.denise, conflict.later.get_absolute_url()),
        (cast.alice, rejected.get_absolute_url()),
        (cast.alice, approved.get_absolute_url()),
        (cast.alice, move_address(asked, "answer")),
        (cast.alice, move_address(approved, "report_won")),
        (cast.denise, move_address(deal, "approve")),
        (cast.denise, move_address(deal, "reject")),
        (cast.denise, move_address(deal, "request_information")),
        (cast.karim, "/deals/conflicts/"),
        (cast.karim, conflict.get_absolute_url()),
        (cast.adam, draft(cast).get_absolute_url()),
    ]
    found = {}
    for person, address in visits:
        page = stage_of(person, address)
        page.emulate_media(color_scheme=scheme)
        page.reload()
        if problems := faults(page, axe_source):
            found[address] = problems
    assert found == {}


def test_the_amount_follows_the_discount_and_one_click_chooses_it(english_cast, stage_of):
    deal = submitted(english_cast, at=timezone.now())
    page = stage_of(english_cast.denise, move_address(deal, "approve"))
    amount = page.locator("[data-discount-amount]")
    assert amount.inner_text() == "€270.00"
    page.get_by_label("Additional discount granted").fill("3,5")
    assert amount.inner_text() == "€189.00"
    page.get_by_label("Additional discount granted").fill("9")
    assert amount.inner_text() == "–"
    page.get_by_role("button", name=re.compile("^2%")).click()
    assert amount.inner_text() == "€108.00"
    page.get_by_role("button", name="Approve").click()
    page.wait_for_url(f"**{deal.get_absolute_url()}")
    assert "gets 2% additional discount" in page.locator("#messages").inner_text()
    deal.refresh_from_db()
    assert deal.granted_pct == 2


def test_a_rejection_is_previewed_while_it_is_written_and_confirmed(english_cast, stage_of):
    deal = submitted(english_cast, at=timezone.now())
    page = stage_of(english_cast.denise, move_address(deal, "reject"))
    page.get_by_label("Reason").select_option("no_engagement")
    page.get_by_label("Explanation for the partner").fill("One telephone call is not enough.")
    preview = page.locator("#preview")
    preview.get_by_text("One telephone call is not enough.").wait_for()
    assert "Register again as soon as you can show dated work" in preview.inner_text()
    page.get_by_role("button", name="Preview").click()
    page.wait_for_load_state()
    assert (
        page.get_by_label("Explanation for the partner").input_value() == "One telephone call is not enough."
    )
    page.get_by_role("button", name="Reject").click()
    page.locator("#confirm-yes").click()
    page.wait_for_url(f"**{deal.get_absolute_url()}")
    deal.refresh_from_db()
    assert deal.status == DealStatus.REJECTED


def test_the_menu_of_destructive_moves_stays_on_the_phone(english_cast, stage_of):
    deal = submitted(english_cast, at=timezone.now())
    page = stage_of(english_cast.amir, deal.get_absolute_url())
    page.set_viewport_size({"width": 390, "height": 844})
    page.locator(".page-actions summary").click()
    box = page.get_by_role("link", name="Withdraw").bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
    assert box["height"] >= 44
