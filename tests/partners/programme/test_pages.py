"""The programme's pages: everybody reads what is published, programme administrators work on drafts."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
import time_machine
import yaml
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from openpyxl import load_workbook

from partners.programme.actions import import_edition, publish_edition
from partners.programme.models import Edition
from partners.programme.selectors import file_of
from partners.specialisations.models import Specialisation

READERS = ["nora", "karim", "august", "denise", "olga", "alice", "amir", "tina", "adam", "dora", "paul"]


@pytest.fixture
def draft(cast, content):
    benefits = dict(content.grids["benefits"])
    benefits["discount_standard_pct"] = {**benefits["discount_standard_pct"], "gold": Decimal(32)}
    return import_edition(
        replace(content, code="next", title="Next", grids={**content.grids, "benefits": benefits}),
        by=cast.nora,
    )


def upload(data, name="next.yaml"):
    return {"file": SimpleUploadedFile(name, data)}


def page(response):
    return response.content.decode()


@pytest.mark.parametrize("name", READERS)
def test_everybody_who_belongs_somewhere_reads_the_edition_in_force(cast, sign_in, name):
    browser = sign_in(getattr(cast, name))
    for address in (
        "/programme/",
        "/programme/editions/",
        "/programme/editions/2017/",
        "/programme/compare/",
    ):
        assert browser.get(address).status_code == 200


def test_a_person_of_no_organisation_is_refused_and_a_visitor_signs_in(cast, sign_in):
    for address in (
        "/programme/",
        "/programme/editions/",
        "/programme/editions/2017/",
        "/programme/compare/",
    ):
        assert sign_in(cast.stranger).get(address).status_code == 403
        assert sign_in().get(address).status_code == 302


@pytest.mark.parametrize(
    ("name", "tier"), [("alice", "gold"), ("bruno", "silver"), ("carla", "bronze"), ("dora", "registered")]
)
def test_the_readers_own_tier_is_marked_in_words(cast, sign_in, name, tier):
    response = sign_in(getattr(cast, name)).get("/programme/")
    assert response.context["own_tier"] == response.context["chosen_tier"] == tier
    assert page(response).count('<span class="own-mark">') == 2


def test_the_effective_tier_is_marked_while_a_specialisation_is_held(cast, sign_in):
    Specialisation.objects.create(
        partner=cast.charlie,
        product_group=cast.groups["anti-targeted-attack"],
        awarded_on=timezone.localdate() - timedelta(days=10),
        valid_until=timezone.localdate() + timedelta(days=10),
    )
    response = sign_in(cast.carla).get("/programme/")
    assert response.context["own_tier"] == "gold"
    assert "its earned tier is Bronze" in page(response)


@pytest.mark.parametrize("name", ["denise", "karim"])
def test_who_has_no_tier_sees_none_marked(cast, sign_in, name):
    response = sign_in(getattr(cast, name)).get("/programme/")
    assert response.context["own_tier"] == ""
    assert "own-mark" not in page(response)


@pytest.mark.parametrize(("asked", "chosen"), [("bronze", "bronze"), ("diamond", "gold"), ("", "gold")])
def test_on_a_phone_the_reader_chooses_the_tier(cast, sign_in, asked, chosen):
    assert sign_in(cast.alice).get("/programme/", {"tier": asked}).context["chosen_tier"] == chosen


def test_figures_follow_the_readers_language(cast, sign_in):
    text = page(sign_in(cast.alice).get("/programme/")).replace("\u202f", " ").replace("\u00a0", " ")
    assert "65 000 €" in text
    assert "35 %" in text


def test_without_an_edition_in_force_the_page_says_so(cast, sign_in):
    with time_machine.travel("2016-06-01"):
        response = sign_in(cast.bruno).get("/programme/")
    assert response.status_code == 200
    assert "No edition is in force yet" in page(response)


def test_the_coming_edition_is_announced(cast, sign_in, draft):
    publish_edition(draft.pk, by=cast.nora, on=timezone.localdate())
    response = sign_in(cast.bruno).get("/programme/")
    assert response.context["edition"].code == "2017"
    assert "/programme/editions/next/" in page(response)
    changes = sign_in(cast.bruno).get("/programme/editions/next/")
    assert changes.context["count"] == 1
    assert changes.context["forerunner"].code == "2017"


def test_drafts_are_seen_by_programme_administrators_only(cast, sign_in, draft):
    for name in READERS:
        browser = sign_in(getattr(cast, name))
        sees = name == "nora"
        assert browser.get("/programme/editions/next/").status_code == (200 if sees else 404)
        assert browser.get("/programme/editions/next/grid.csv").status_code == (200 if sees else 404)
        assert ("/programme/editions/next/" in page(browser.get("/programme/editions/"))) == sees
        assert (
            browser.get("/programme/compare/", {"from": "2017", "to": "next"}).context["form"].is_valid()
            == sees
        )


def test_an_edition_that_does_not_exist_is_404(cast, sign_in):
    assert sign_in(cast.alice).get("/programme/editions/1999/").status_code == 404


def test_two_editions_are_compared(cast, sign_in, draft):
    publish_edition(draft.pk, by=cast.nora, on=timezone.localdate())
    browser = sign_in(cast.bruno)
    response = browser.get("/programme/compare/", {"from": "2017", "to": "next"})
    assert response.context["count"] == 1
    assert "32%" in page(response)
    assert "Nothing changes" in page(browser.get("/programme/compare/", {"from": "2017", "to": "2017"}))
    assert browser.get("/programme/compare/").context["form"].initial == {"from": "2017", "to": "next"}


def test_a_comparison_with_an_unknown_edition_is_answered_on_the_field(cast, sign_in):
    response = sign_in(cast.bruno).get("/programme/compare/", {"from": "2017", "to": "<x>"})
    assert response.status_code == 200
    assert "to" in response.context["form"].errors


def test_a_former_edition_is_the_suggestion_when_none_is_coming(cast, sign_in, content):
    import_edition(replace(content, code="next"), by=None)
    draft = Edition.objects.get(code="next")
    publish_edition(draft.pk, by=None, on=timezone.localdate() - timedelta(days=60))
    response = sign_in(cast.bruno).get("/programme/compare/")
    assert response.context["form"].initial == {"from": "2017", "to": "next"}
    assert "sections" not in sign_in(cast.bruno).get("/programme/editions/2017/").context


@pytest.mark.parametrize("extension", ["csv", "xlsx"])
def test_the_grid_can_be_taken_along(cast, sign_in, extension, tmp_path):
    response = sign_in(cast.bruno).get(f"/programme/editions/2017/grid.{extension}")
    data = b"".join(response.streaming_content)
    if extension == "csv":
        text = data.decode("utf-8-sig")
        assert "Benefits,Recommended discounts,Standard products,B1,35.00,30.00,25.00,20.00,20.00" in text
    else:
        (tmp_path / "grid.xlsx").write_bytes(data)
        rows = list(load_workbook(tmp_path / "grid.xlsx").active.values)
        assert rows[1][4:] == (35, 30, 25, 20, 20)


def test_other_formats_do_not_exist(cast, sign_in):
    assert sign_in(cast.bruno).get("/programme/editions/2017/grid.pdf").status_code == 404


# ---------------------------------------------------------------- administrators


def test_from_the_file_of_the_edition_in_force_to_the_next_edition(cast, sign_in):
    browser = sign_in(cast.nora)
    facts = yaml.safe_load(browser.get("/programme/editions/2017/file/").content)
    facts |= {"edition": "next", "title": "Next"}
    facts["benefits"]["discount_standard_pct"]["gold"] = 32
    answer = browser.post("/programme/import/", upload(yaml.safe_dump(facts).encode()))
    assert answer.url == "/programme/editions/next/"
    preview = browser.get(answer.url)
    assert preview.context["count"] == 1
    assert "Publish this draft" in page(preview)
    browser.post("/programme/editions/next/publish/")
    published = Edition.objects.get(code="next")
    assert published.in_force_from == timezone.localdate() + timedelta(days=30)
    assert "Publish this draft" not in page(browser.get(answer.url))


def test_a_bad_file_is_answered_line_by_line_and_nothing_is_kept(cast, sign_in, content):
    facts = file_of(content) | {"edition": "next"}
    facts["benefits"]["library"]["gold"] = "maybe"
    facts["territory"] = ["XX"]
    response = sign_in(cast.nora).post("/programme/import/", upload(yaml.safe_dump(facts).encode()))
    assert response.status_code == 422
    paths = {problem["path"] for problem in response.context["problems"]}
    assert paths == {"benefits.library.gold", "territory[0]"}
    assert not Edition.objects.filter(code="next").exists()


@pytest.mark.parametrize(
    "files", [{}, upload(b""), upload(b"a" * 200_001), upload(b"\xff\x00"), upload(b"- x")]
)
def test_what_is_no_edition_file_is_answered_on_the_field(cast, sign_in, files):
    response = sign_in(cast.nora).post("/programme/import/", files)
    assert response.status_code == 422
    assert "file" in response.context["form"].errors


def test_a_code_that_is_published_is_answered_on_the_field(cast, sign_in, content):
    response = sign_in(cast.nora).post(
        "/programme/import/", upload(yaml.safe_dump(file_of(content)).encode())
    )
    assert response.status_code == 422
    assert "frozen" in str(response.context["form"].errors["file"])


def test_a_second_edition_for_the_same_day_is_refused_with_a_message(cast, sign_in, draft, content):
    browser = sign_in(cast.nora)
    import_edition(replace(content, code="rival"), by=None)
    browser.post("/programme/editions/next/publish/")
    response = browser.post("/programme/editions/rival/publish/", follow=True)
    assert "comes into force on" in page(response)
    assert Edition.objects.get(code="rival").is_draft


def test_a_draft_is_thrown_away(cast, sign_in, draft):
    sign_in(cast.nora).post("/programme/editions/next/discard/")
    assert not Edition.objects.filter(code="next").exists()


@pytest.mark.parametrize("name", ["karim", "august", "denise", "alice", "adam"])
def test_others_neither_import_nor_publish(cast, sign_in, draft, name):
    browser = sign_in(getattr(cast, name))
    assert browser.get("/programme/import/").status_code == 403
    assert browser.post("/programme/import/", upload(b"x")).status_code == 403
    assert browser.get("/programme/editions/2017/file/").status_code == 403
    assert browser.post("/programme/editions/2017/publish/").status_code == 403
    assert browser.post("/programme/editions/2017/discard/").status_code == 403
    assert browser.post("/programme/editions/next/publish/").status_code == 404
    assert browser.post("/programme/editions/next/discard/").status_code == 404


def test_moves_want_a_post(cast, sign_in, draft):
    browser = sign_in(cast.nora)
    assert browser.get("/programme/editions/next/publish/").status_code == 405
    assert browser.get("/programme/editions/next/discard/").status_code == 405


def test_pages_cost_a_constant_number_of_queries(cast, sign_in, content, django_assert_max_num_queries):
    browser = sign_in(cast.alice)
    browser.get("/programme/")
    with django_assert_max_num_queries(14):
        browser.get("/programme/")
    for number in range(5):
        draft = import_edition(replace(content, code=f"e{number}"), by=None)
        publish_edition(draft.pk, by=None, on=timezone.localdate() + timedelta(days=number))
    with django_assert_max_num_queries(14):
        browser.get("/programme/")
    with django_assert_max_num_queries(10):
        browser.get("/programme/editions/")
