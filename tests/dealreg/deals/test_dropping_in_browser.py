"""Files dropped onto the step of the evidence, in a real browser."""

import pytest

from dealreg.deals.models import Evidence
from tests.cast import make_cast
from tests.dealreg.deals.stages import draft, in_english

pytestmark = pytest.mark.django_db(transaction=True)

DROP = """([name, type, size]) => {
  const data = new DataTransfer();
  const content = name.endsWith(".pdf") ? "%PDF-1.4 " + "x".repeat(size) : "x".repeat(size);
  data.items.add(new File([content], name, {type}));
  const zone = document.querySelector(".drop-zone");
  for (const kind of ["dragenter", "dragover", "drop"])
    zone.dispatchEvent(new DragEvent(kind, {bubbles: true, cancelable: true, dataTransfer: data}));
}"""


def test_dropped_files_are_looked_at_and_sent(transactional_db, page, live_server, sign_in, axe_source):
    cast = in_english(make_cast())
    deal = draft(cast)
    session = sign_in(cast.amir).cookies["sessionid"].value
    page.context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
    page.goto(f"/deals/{deal.reference}/draft/contact/")
    page.get_by_label("Name", exact=True).fill("Jeanne Petit")

    # A bad one is told at once, and nothing is sent.
    page.evaluate(DROP, ["setup.exe", "application/octet-stream", 50])
    page.get_by_text("Files of this type cannot be uploaded").first.wait_for()
    page.evaluate(DROP, ["huge.pdf", "application/pdf", 10_500_000])
    page.get_by_text("The file is too big: at most 10 MB.").first.wait_for()

    # A good one waits until it is said what it is, and goes by itself then.
    page.evaluate(DROP, ["minutes.pdf", "application/pdf", 500])
    page.locator(".drop-list .file-name", has_text="minutes.pdf").wait_for()
    assert not Evidence.objects.exists()
    page.get_by_label("Type").select_option("meeting")
    page.get_by_label("Date", exact=True).fill("2026-01-20")
    page.get_by_label("Date", exact=True).blur()
    page.locator("#kept-files").get_by_text("minutes.pdf").wait_for()
    page.evaluate(DROP, ["offer.pdf", "application/pdf", 500])
    page.locator("#kept-files").get_by_text("offer.pdf").wait_for()
    assert Evidence.objects.count() == 2
    assert page.get_by_label("Name", exact=True).input_value() == "Jeanne Petit"

    page.evaluate(axe_source)
    wrong = page.evaluate(
        "axe.run(document, {resultTypes: ['violations']}).then(r => r.violations.map(v => v.id))"
    )
    assert wrong == []
    page.get_by_role("button", name="Remove offer.pdf").click()
    page.get_by_text("The file was removed.").wait_for()
    assert Evidence.objects.count() == 1


def test_continuing_while_a_file_is_on_its_way_sends_it_once(transactional_db, page, live_server, sign_in):
    cast = in_english(make_cast())
    deal = draft(cast)
    session = sign_in(cast.amir).cookies["sessionid"].value
    page.context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
    page.goto(f"/deals/{deal.reference}/draft/contact/")
    page.evaluate(DROP, ["minutes.pdf", "application/pdf", 500])
    page.get_by_label("Type").select_option("meeting")
    page.get_by_label("Date", exact=True).fill("2026-01-20")
    page.locator("button.btn-primary[value=continue]").click()
    page.wait_for_url("**/draft/review/")
    assert Evidence.objects.count() == 1


def test_continuing_without_a_type_keeps_what_was_dropped(transactional_db, page, live_server, sign_in):
    cast = in_english(make_cast())
    deal = draft(cast)
    session = sign_in(cast.amir).cookies["sessionid"].value
    page.context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
    page.goto(f"/deals/{deal.reference}/draft/contact/")
    page.evaluate(DROP, ["minutes.pdf", "application/pdf", 500])
    page.locator(".drop-list .file-name", has_text="minutes.pdf").wait_for()
    page.locator("button.btn-primary[value=continue]").click()
    page.wait_for_url("**/draft/review/")
    assert Evidence.objects.get().kind == "other"
