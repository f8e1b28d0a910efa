"""Files of a draft sent one by one: each with its own answer in words."""

from datetime import date

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from dealreg.deals.models import Evidence
from portal.accounts.models import User
from portal.core.calendar import date_in
from tests.dealreg.deals import stages
from tests.dealreg.deals.test_on_behalf import draft_for

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def english(cast):
    User.objects.update(language="")


def pdf(name="minutes.pdf", content=b"%PDF-1.4 minutes"):
    return SimpleUploadedFile(name, content, content_type="application/pdf")


def send(browser, deal, file=None, **more):
    data = {"kind": "meeting", "dated_on": "2026-11-20"} | more
    if file is not None:
        data["file"] = file
    return browser.post(f"/deals/{deal.reference}/files/", data)


def test_a_file_is_kept_and_shown_with_the_others(cast, sign_in):
    deal = stages.draft(cast)
    browser = sign_in(cast.amir)
    send(browser, deal, pdf("first.pdf"))
    answer = send(browser, deal, pdf("second.pdf"))
    assert answer.status_code == 200
    assert answer.json()["left"] == settings.UPLOAD_MAX_FILES - 2
    assert "first.pdf" in answer.json()["kept"]
    assert "second.pdf" in answer.json()["kept"]


@pytest.mark.parametrize(
    ("file", "given", "words"),
    [
        (pdf("run.exe"), {}, "Files of this type cannot be uploaded"),
        (pdf("empty.pdf", b""), {}, "empty"),
        (pdf("lie.pdf", b"MZ binary"), {}, "does not fit its name"),
        (pdf(), {"kind": "nonsense"}, "nonsense"),
        (pdf(), {"dated_on": "someday"}, "date"),
        (pdf(), {"dated_on": "2999-01-01"}, "future"),
        (None, {}, "Choose a file first."),
    ],
)
def test_what_is_wrong_is_said_in_words(cast, sign_in, file, given, words):
    deal = stages.draft(cast)
    if file is not None:
        file.seek(0)
    answer = send(sign_in(cast.amir), deal, file, **given)
    assert answer.status_code == 422
    assert words in answer.json()["error"]
    assert not Evidence.objects.exists()


@pytest.mark.parametrize("left_out", [{"kind": ""}, {"dated_on": ""}, {"kind": "", "dated_on": ""}])
def test_a_file_without_type_or_date_is_kept_all_the_same(cast, sign_in, left_out):
    deal = stages.draft(cast)
    assert send(sign_in(cast.amir), deal, pdf(), **left_out).status_code == 200
    kept = deal.evidence.get()
    assert kept.kind == ("other" if "kind" in left_out else "meeting")
    assert kept.dated_on == (date_in("FR", timezone.now()) if "dated_on" in left_out else date(2026, 11, 20))


def test_a_distributor_adds_files_to_what_it_registers_for_a_partner(cast, sign_in):
    deal = draft_for(cast)
    assert send(sign_in(cast.denise), deal, pdf()).status_code == 200
    assert send(sign_in(cast.eve), deal, pdf()).status_code == 404
    assert send(sign_in(cast.denise), stages.submitted(cast), pdf()).status_code == 403


def test_too_many_and_too_late_are_refused(cast, sign_in):
    deal = stages.draft(cast)
    browser = sign_in(cast.amir)
    for number in range(settings.UPLOAD_MAX_FILES):
        assert send(browser, deal, pdf(f"{number}.pdf")).status_code == 200
    assert "at most 10 files" in send(browser, deal, pdf()).json()["error"]
    sent = stages.submitted(cast)
    assert send(browser, sent, pdf()).status_code == 409


def test_only_the_own_company_adds_files(cast, sign_in):
    deal = stages.draft(cast)
    assert send(sign_in(cast.bruno), deal, pdf()).status_code == 404
    assert send(sign_in(cast.adam), deal, pdf()).status_code == 403
    assert send(sign_in(cast.denise), deal, pdf()).status_code == 404
    assert not Evidence.objects.exists()


@pytest.mark.parametrize("number", ["9" * 5000, "9" * 18, "x", "-1"])
def test_a_file_that_is_none_is_not_removed(cast, sign_in, number):
    deal = stages.draft(cast)
    answer = sign_in(cast.amir).post(
        f"/deals/{deal.reference}/draft/contact/", {"action": f"remove-{number}"}
    )
    assert answer.status_code == 404
