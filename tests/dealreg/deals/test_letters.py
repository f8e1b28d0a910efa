"""The letter of registration: what the PDF says, to whom, and what its QR code leads to."""

import io
import re
from datetime import date, timedelta
from decimal import Decimal

import pypdf
import pytest
from django.utils import translation

from dealreg.deals import actions
from dealreg.deals.letters import address_of, letter_data, letter_status, new_letter_code
from dealreg.deals.models import Conflict, Deal
from portal.documents.rendering import FontsMissing, render_pdf, render_png
from tests.dealreg.deals import stages
from tests.dealreg.deals.stages import LATER, in_english
from tests.pdfs import text_of

pytestmark = pytest.mark.django_db

HOSTILE = '#panic("x") $x$ *bold* _it_ @ref `raw` \\ <b>&amp;</b> [x](y) #include "/etc/passwd" // = "'


def letter(deal, *, language="en", at=LATER):
    with translation.override(language):
        deal = Deal.objects.select_related("partner", "distributor", "product_group", "edition").get(
            pk=deal.pk
        )
        return render_pdf("deal_letter", letter_data(deal, at), language=language, at=at)


def test_the_letter_names_the_deal_its_figures_and_its_rules(cast):
    deal = stages.approved(cast)
    said = text_of(letter(deal))
    for expected in (
        deal.reference,
        "Alpha Sécurité",
        "P-000001",
        "Hôpital Saint-Roch",
        "Distri Nord",
        "Endpoint Security Advanced",
        "EPS-ADV",
        "€5,400.00",
        "3.5%",
        "of at most 5%",
        "€189.00",
        "Valid until 22 February 2027",
        "Edition 2017",
        "rules E4, E8 and B2",
        "the distributor Distri Nord",
    ):
        assert expected in said, expected
    assert "Amir" not in said and "Denise" not in said


def test_what_the_vendor_approved_in_a_silent_distributors_place_is_not_said_to_be_the_distributors(cast):
    deal = actions.approve_deal(stages.silent(cast), by=cast.karim, at=LATER, granted_pct=Decimal("3.5"))
    said = text_of(letter(deal))
    assert "Approved by Kaspersky" in said
    assert "the distributor Distri Nord" not in said


def test_in_french_it_reads_and_counts_in_french(cast):
    said = text_of(letter(stages.approved(cast), language="fr"))
    for expected in ("Lettre d’enregistrement", "22 février 2027", "Partenaire", "Distributeur"):
        assert expected in said, expected
    assert re.search(r"5\s?400,00\s?€", said)
    assert "Letter" not in said and "Valid until" not in said


@pytest.mark.parametrize("language", ["en", "fr"])
def test_it_is_accessible_tagged_and_in_its_language(cast, language):
    pdf = letter(stages.approved(cast), language=language)
    reader = pypdf.PdfReader(io.BytesIO(pdf))
    catalogue = reader.trailer["/Root"]
    assert catalogue["/Lang"] == language
    assert catalogue["/MarkInfo"]["/Marked"]
    assert "/StructTreeRoot" in catalogue
    assert b"pdfuaid" in catalogue["/Metadata"].get_object().get_data()
    assert reader.metadata.title
    alternatives = []

    def walk(node):
        node = node.get_object()
        if isinstance(node, pypdf.generic.ArrayObject):
            for one in node:
                walk(one)
        elif isinstance(node, pypdf.generic.DictionaryObject):
            if "/Alt" in node:
                alternatives.append(str(node["/Alt"]))
            if "/K" in node:
                walk(node["/K"])

    walk(catalogue["/StructTreeRoot"]["/K"])
    assert any("/deals/letters/" in text for text in alternatives)


def test_the_same_facts_make_the_same_file(cast):
    deal = stages.approved(cast)
    assert letter(deal) == letter(deal)


def test_what_people_type_is_text_and_nothing_else(cast):
    deal = stages.approved(cast, customer_name=HOSTILE)
    said = text_of(letter(deal))
    assert re.sub(r"\s", "", HOSTILE) in re.sub(r"\s", "", said)


@pytest.mark.parametrize("name", ["北京公司", "🦊 Fox", "שלום בע״מ", "Łódź Škoda Ünal", "Ελλάς", "x" * 180])
def test_any_name_makes_a_letter(cast, name):
    deal = stages.approved(cast)
    # As the database may hold it, whatever the form lets through.
    Deal.objects.filter(pk=deal.pk).update(customer_name=name)
    assert deal.reference in text_of(letter(deal))


@pytest.mark.parametrize("field", ["customer_name", "customer_city"])
def test_a_name_without_a_space_breaks_within_its_column(cast, field):
    """Of the widest letter no more than fifteen stand in a third of the width."""
    deal = stages.approved(cast, customer_name="Verrerie du Grand Nord")
    Deal.objects.filter(pk=deal.pk).update(**{field: "W" * 100})
    pages = pypdf.PdfReader(io.BytesIO(letter(deal))).pages
    lines = [line.replace("\u200b", "") for page in pages for line in page.extract_text().splitlines()]
    broken = [found.group() for line in lines if (found := re.search("W{2,}", line))]
    assert sum(map(len, broken)) >= 95
    assert max(map(len, broken)) <= 20
    # Whole words stay whole.
    if field == "customer_city":
        assert any("Verrerie" in line for line in lines)


def test_nothing_of_another_deal_stands_in_it(cast):
    stages.submitted(cast, cast.bruno, customer_name="Hôp. St Roch", web_domain="saint-roch.fr")
    deal = stages.submitted(cast, web_domain="saint-roch.fr", customer_name="Hôpital Saint-Roch")
    Deal.objects.filter(pk=deal.pk)
    actions.settle_conflict(
        Conflict.objects.get(),
        by=cast.karim,
        at=LATER,
        outcome="later_prevails",
        reason="Bravo had no work.",
        message="This cannot be registered.",
    )
    deal = actions.approve_deal(deal, by=cast.denise, at=LATER, granted_pct=Decimal("5"))
    said = text_of(letter(deal))
    assert "Bravo" not in said and "Hôp. St Roch" not in said


def test_an_enterprise_letter_names_both_sides(cast):
    deal = actions.approve_deal(stages.endorsed(cast), by=cast.karim, at=LATER)
    said = text_of(letter(deal))
    assert "endorsed by Distri Nord" in said and "B4" in said and "Karim" not in said


@pytest.mark.parametrize(
    "stage, kind, label",
    [
        ("approved", "valid", "Valid until"),
        ("expired", "expired", "Expired, no longer protects"),
        ("revoked", "revoked", "Revoked on 27 Nov 2026, no longer protects"),
        ("won", "won", "Closed as won"),
        ("lost", "lost", "Lost on 29 Nov 2026, no longer protects"),
    ],
)
def test_the_live_status_follows_the_deal(cast, stage, kind, label):
    status = letter_status(stages.STAGES[stage](cast), LATER)
    assert (status.kind, status.is_valid) == (kind, kind == "valid")
    assert status.is_over == (kind not in ("valid", "won"))
    assert status.label.startswith(label)


def test_the_day_after_the_last_it_has_expired_though_no_sweep_ran(cast):
    deal = stages.approved(cast)
    assert letter_status(deal, LATER + timedelta(days=90)).kind == "valid"
    assert letter_status(deal, LATER + timedelta(days=91)).kind == "expired"


def test_it_stays_valid_while_an_extension_that_was_asked_for_is_not_decided(cast):
    status = letter_status(stages.held(cast), LATER + timedelta(days=91))
    assert (status.kind, status.is_valid, status.label) == ("valid", True, "Valid")
    assert "holds until the extension" in status.note


def test_codes_are_random_and_the_address_holds_them(cast):
    deal = stages.approved(cast)
    assert re.fullmatch(r"[0-9a-f]{32}", deal.letter_code)
    assert deal.letter_code in address_of(deal)
    assert len({new_letter_code() for _ in range(50)}) == 50


def test_those_of_the_deal_read_letter_and_status_and_others_find_nothing(cast, sign_in):
    in_english(cast)
    deal = stages.approved(cast)
    pages = [f"/deals/{deal.reference}/letter/", f"/deals/letters/{deal.letter_code}/"]
    for person in (cast.amir, cast.adam, cast.denise, cast.olga, cast.karim, cast.august):
        browser = sign_in(person)
        assert [browser.get(page).status_code for page in pages] == [200, 200]
    for person in (cast.bruno, cast.eve, cast.dieter, cast.ingrid, cast.stranger):
        browser = sign_in(person)
        assert [browser.get(page).status_code for page in pages] == [404, 404]
    wrong = sign_in(cast.eve).get(f"/deals/letters/{'0' * 32}/")
    right = sign_in(cast.eve).get(pages[1])
    strip = re.compile(rb"[A-Za-z0-9]{32,64}")
    assert strip.sub(b"", wrong.content) == strip.sub(b"", right.content)
    visitor = sign_in().get(pages[1])
    assert visitor.status_code == 302 and "/accounts/login/" in visitor["Location"]


def test_the_page_says_what_holds_now(cast, sign_in, time_machine_at):
    in_english(cast)
    deal = stages.approved(cast)
    place = f"/deals/letters/{deal.letter_code}/"
    with time_machine_at(LATER):
        page = sign_in(cast.denise).get(place).content.decode()
    assert "Valid until 22 February 2027" in page and "€5,400.00" in page and "3.5%" in page
    stages.actions.report_lost(deal, by=cast.amir, at=LATER, code="price")
    page = sign_in(cast.denise).get(place).content.decode()
    assert "no longer protects" in page and "as a record" in page and "totals-granted" not in page


@pytest.mark.parametrize(
    "stage, label", [("revoked", "Revoked on"), ("lost", "Lost on"), ("expired", "Expired,")]
)
def test_a_letter_of_what_is_over_says_so_in_title_text_and_file_name_as_the_page_does(
    cast, sign_in, stage, label
):
    in_english(cast)
    deal = stages.STAGES[stage](cast)
    browser = sign_in(cast.amir)
    answer = browser.get(f"/deals/{deal.reference}/letter/")
    assert f'filename="{deal.reference}-{stage}-en.pdf"' in answer["Content-Disposition"]
    words = text_of(answer.content)
    assert "Letter of registration, no longer valid" in words and label in words
    assert "no longer protects" in words and "Do not order on it" in words
    assert "confirms that this deal is registered" not in words and "orders from the distributor" not in words
    page = browser.get(f"/deals/letters/{deal.letter_code}/").content.decode()
    assert label in page and "no longer protects" in page
    assert "Letter, no longer valid" in browser.get(f"/deals/{deal.reference}/").content.decode()


def test_a_letter_of_what_holds_carries_no_such_mark(cast):
    for stage in ("approved", "won"):
        data = letter_data(stages.STAGES[stage](cast, customer_name=f"Mairie {stage}"), LATER)
        assert (data["mark"], data["title"]) == ("", "Letter of registration")


def test_the_letter_of_an_overruled_protection_names_no_revocation_and_no_rival(cast):
    status = letter_status(stages.overruled(cast), LATER)
    assert status.kind == "overruled" and status.label.startswith("Overruled on 24 Nov 2026")
    assert "E5" in status.note


def test_the_code_on_a_letter_leads_on_after_the_deal_was_reopened(cast, sign_in):
    """Who scans the old letter is told that it holds no longer, under review and when refused after it."""
    in_english(cast)
    deal = stages.expired(cast)
    place, at = f"/deals/letters/{deal.letter_code}/", LATER + timedelta(days=95)
    deal = actions.reopen_deal(deal, by=cast.amir, at=at, expected_close_on=at.date() + timedelta(days=30))
    stages.looked_at(deal, at=at)
    page = sign_in(cast.denise).get(place).content.decode()
    assert "No longer valid" in page and "under review again" in page
    assert "3.5%" not in page and "€5,400.00" not in page
    actions.reject_deal(deal, by=cast.denise, at=at, code="no_engagement", text="Nothing has happened.")
    page = sign_in(cast.denise).get(place).content.decode()
    assert "No longer valid" in page and "under review" not in page


def test_the_download_is_a_pdf_in_the_language_asked_for(cast, sign_in):
    in_english(cast)
    deal = stages.approved(cast)
    browser = sign_in(cast.amir)
    for query, words in (("", "Letter of registration"), ("fr", "Lettre d’enregistrement"), ("xx", "Letter")):
        answer = browser.get(f"/deals/{deal.reference}/letter/", {"language": query})
        assert answer["Content-Type"] == "application/pdf"
        assert "attachment" in answer["Content-Disposition"] and "no-store" in answer["Cache-Control"]
        assert words in text_of(answer.content)


@pytest.mark.parametrize("stage", ["draft", "submitted", "rejected", "withdrawn"])
def test_there_is_no_letter_before_an_approval(cast, sign_in, stage):
    deal = stages.STAGES[stage](cast)
    assert sign_in(cast.amir).get(f"/deals/{deal.reference}/letter/").status_code == 404


def test_the_deals_page_offers_it(cast, sign_in):
    deal = stages.approved(cast)
    for person in (cast.amir, cast.denise, cast.karim):
        page = sign_in(person).get(f"/deals/{deal.reference}/").content.decode()
        assert f"/deals/{deal.reference}/letter/" in page


def test_missing_fonts_are_told_to_who_set_up(settings, tmp_path):
    from portal.documents import rendering

    rendering._fonts.cache_clear()
    settings.FONTS_ROOT = tmp_path
    try:
        with pytest.raises(FontsMissing, match="make set-up"):
            render_pdf("deal_letter", {}, language="en", at=LATER)
    finally:
        rendering._fonts.cache_clear()


def test_it_can_be_looked_at(cast):
    deal = stages.approved(cast)
    with translation.override("en"):
        assert render_png("deal_letter", letter_data(deal, LATER), language="en", at=LATER)[:4] == b"\x89PNG"
    assert deal.protected_until == date(2027, 2, 22)
