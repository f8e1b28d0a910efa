"""@ in a comment, in a real browser."""

import pytest
from django.utils import timezone

from dealreg.deals.models import Mention
from tests.cast import make_cast
from tests.dealreg.deals.stages import in_english, submitted

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_name_is_chosen_from_the_list_and_marked(transactional_db, page, live_server, sign_in, axe_source):
    cast = in_english(make_cast())
    deal = submitted(cast, at=timezone.now())
    session = sign_in(cast.amir).cookies["sessionid"].value
    page.context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
    page.goto(deal.get_absolute_url())
    field = page.get_by_label("Comment", exact=False).first
    field.press_sequentially("Please look, @al", delay=20)
    page.locator("#mention-list [role=option]", has_text="Alice Moreau").wait_for()
    page.evaluate(axe_source)
    wrong = page.evaluate(
        "axe.run(document, {resultTypes: ['violations']}).then(r => r.violations.map(v => v.id))"
    )
    assert wrong == []
    page.keyboard.press("Enter")
    assert field.input_value() == "Please look, @Alice Moreau "
    page.keyboard.type("soon")
    page.locator(".comment-form").get_by_role("button", name="Send").click()
    page.locator(".mention", has_text="Alice Moreau").wait_for()
    assert Mention.objects.get().person == cast.alice
