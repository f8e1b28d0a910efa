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


@pytest.fixture
def step(transactional_db, page, live_server, sign_in):
    """Amir's draft at the step of contact and evidence."""
    cast = in_english(make_cast())
    deal = draft(cast)
    session = sign_in(cast.amir).cookies["sessionid"].value
    page.context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
    page.goto(f"/deals/{deal.reference}/draft/contact/")
    return page


def test_dropped_files_are_looked_at_and_sent(step, axe_source):
    step.get_by_label("Name", exact=True).fill("Jeanne Petit")

    # A bad one is told at once, and nothing is sent.
    step.evaluate(DROP, ["setup.exe", "application/octet-stream", 50])
    step.get_by_text("Files of this type cannot be uploaded").first.wait_for()
    step.evaluate(DROP, ["huge.pdf", "application/pdf", 10_500_000])
    step.get_by_text("The file is too big: at most 10 MB.").first.wait_for()

    # A good one waits until it is said what it is, and goes by itself then.
    step.evaluate(DROP, ["minutes.pdf", "application/pdf", 500])
    step.locator(".drop-list .file-name", has_text="minutes.pdf").wait_for()
    assert not Evidence.objects.exists()
    step.get_by_label("Type").select_option("meeting")
    step.get_by_label("Date", exact=True).fill("2026-01-20")
    step.get_by_label("Date", exact=True).blur()
    step.locator("#kept-files").get_by_text("minutes.pdf").wait_for()
    step.evaluate(DROP, ["offer.pdf", "application/pdf", 500])
    step.locator("#kept-files").get_by_text("offer.pdf").wait_for()
    assert Evidence.objects.count() == 2
    assert step.get_by_label("Name", exact=True).input_value() == "Jeanne Petit"

    step.evaluate(axe_source)
    wrong = step.evaluate(
        "axe.run(document, {resultTypes: ['violations']}).then(r => r.violations.map(v => v.id))"
    )
    assert wrong == []
    step.get_by_role("button", name="Remove offer.pdf").click()
    step.get_by_text("The file was removed.").wait_for()
    assert Evidence.objects.count() == 1


def test_continuing_while_a_file_is_on_its_way_sends_it_once(step):
    step.evaluate(DROP, ["minutes.pdf", "application/pdf", 500])
    step.get_by_label("Type").select_option("meeting")
    step.get_by_label("Date", exact=True).fill("2026-01-20")
    step.locator("button.btn-primary[value=continue]").click()
    step.wait_for_url("**/draft/review/")
    assert Evidence.objects.count() == 1


def test_continuing_without_a_type_keeps_what_was_dropped(step):
    step.evaluate(DROP, ["minutes.pdf", "application/pdf", 500])
    step.locator(".drop-list .file-name", has_text="minutes.pdf").wait_for()
    step.locator("button.btn-primary[value=continue]").click()
    step.wait_for_url("**/draft/review/")
    assert Evidence.objects.get().kind == "other"
