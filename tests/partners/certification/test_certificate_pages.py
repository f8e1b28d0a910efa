"""Pages of certificates: who sees which, the document, and the public answer."""

import csv
import io
import re
from datetime import date, timedelta

import pypdf
import pytest
from django.utils import timezone, translation

from partners.certification.actions.certificates import issue_certificate, withdraw_certificate
from partners.certification.certificate_paper import address_of, paper_data
from partners.certification.models import Certificate
from portal.accounts.models import User
from portal.documents.rendering import render_pdf
from tests.partners.certification.papers import certificate, course
from tests.partners.certification.team import employ
from tests.pdfs import text_of

pytestmark = pytest.mark.django_db

HOSTILE = '#panic("x") $x$ *bold* _it_ @ref `raw` \\ <b>&amp;</b> #include "/etc/passwd"'


@pytest.fixture
def browse(client):
    def to(who, place, **asked):
        User.objects.filter(pk=who.pk).update(language="en")
        client.force_login(who)
        return client.get(place, asked)

    return to


def said(answer):
    return " ".join(re.sub("<[^>]+>", " ", answer.content.decode()).split())


def numbers(answer):
    return {row.record.number for row in answer.context["table"].rows}


# ---------------------------------------------------------------- list


@pytest.fixture
def several(cast):
    today = timezone.localdate()
    return {
        "valid": certificate(employ(cast.alpha, "Ada"), "KC-VALID", expires_on=today + timedelta(days=500)),
        "soon": certificate(
            employ(cast.alpha, "Ben"), "KC-SOON", track="sales", expires_on=today + timedelta(days=20)
        ),
        "expired": certificate(
            employ(cast.alpha, "Cleo"), "KC-EXPIRED", expires_on=today - timedelta(days=1)
        ),
        "withdrawn": certificate(
            employ(cast.alpha, "Dan"), "KC-GONE", withdrawn_on=today, withdrawal_reason="Fraud"
        ),
        "cloud": certificate(
            employ(cast.bravo, "Eve"),
            "KC-CLOUD",
            track="technology",
            technology=cast.groups["anti-targeted-attack"],
        ),
        "german": certificate(employ(cast.platin, "Fritz"), "KC-GERMAN"),
    }


ALPHAS = {"KC-VALID", "KC-SOON", "KC-EXPIRED", "KC-GONE"}


def test_each_sees_the_certificates_of_their_own(cast, several, browse):
    assert numbers(browse(cast.alice, "/certificates/")) == ALPHAS
    assert numbers(browse(cast.bruno, "/certificates/")) == {"KC-CLOUD"}
    assert numbers(browse(cast.karim, "/certificates/")) == ALPHAS | {"KC-CLOUD"}
    assert browse(cast.denise, "/certificates/").status_code == 403


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"state": "valid"}, {"KC-VALID", "KC-SOON", "KC-CLOUD"}),
        ({"state": "expired"}, {"KC-EXPIRED"}),
        ({"state": "withdrawn"}, {"KC-GONE"}),
        ({"within": "30"}, {"KC-SOON"}),
        ({"track": "sales"}, {"KC-SOON"}),
        ({"technology": "anti-targeted-attack"}, {"KC-CLOUD"}),
        ({"country": "BE"}, set()),
        ({"country": "FR", "q": "bravo"}, {"KC-CLOUD"}),
        ({"q": "P-000002"}, {"KC-CLOUD"}),
        ({"q": "cleo"}, {"KC-EXPIRED"}),
        ({"q": "kc-s"}, {"KC-SOON"}),
        ({"q": " \x00 "}, ALPHAS | {"KC-CLOUD"}),
    ],
)
def test_the_vendor_filters(cast, several, browse, asked, found):
    assert numbers(browse(cast.karim, "/certificates/", **asked)) == found


def test_a_partner_filters_by_no_country_and_searches_no_partner(cast, several, browse):
    answer = browse(cast.alice, "/certificates/", country="DE")
    assert numbers(answer) == ALPHAS and "country" not in answer.context["filter"].form.fields
    assert numbers(browse(cast.alice, "/certificates/", q="Alpha")) == set()


def test_the_list_sorts_by_its_columns(cast, several, browse):
    answer = browse(cast.karim, "/certificates/", sort="holder_name")
    assert [row.record.holder_name for row in answer.context["table"].rows][:2] == ["Ada", "Ben"]
    assert browse(cast.karim, "/certificates/", sort="-employer").status_code == 200


def test_the_export_holds_what_the_list_shows_and_never_the_code(cast, several, browse):
    answer = browse(cast.karim, "/certificates/export.csv", state="withdrawn")
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    (row,) = csv.DictReader(io.StringIO(text))
    assert row["Number"] == "KC-GONE" and row["Partner number"] == "P-000001" and row["Status"] == "Withdrawn"
    assert several["withdrawn"].code not in text
    assert browse(cast.karim, "/certificates/export.xlsx").status_code == 200
    assert browse(cast.karim, "/certificates/export.pdf").status_code == 404
    page = browse(cast.karim, "/certificates/").content.decode()
    assert not [one for one in several.values() if one.code in page]


def test_an_empty_list_says_what_will_stand_there(cast, browse):
    assert "No certificate yet" in said(browse(cast.alice, "/certificates/"))


# ---------------------------------------------------------------- one certificate


def test_the_page_tells_facts_state_and_history(cast, browse):
    exam = course()
    today = timezone.localdate()
    one = issue_certificate(
        employ(cast.alpha), course=exam, issued_on=today, by=cast.karim, at=timezone.now()
    )
    text = said(browse(cast.karim, one.get_absolute_url()))
    for words in (
        one.number,
        "Eva Lind",
        exam.title,
        "KT-100",
        "Technical",
        "Alpha Sécurité",
        "Certificate issued",
    ):
        assert words in text, words
    assert "Withdraw" in text and "Withdraw" not in said(browse(cast.alice, one.get_absolute_url()))


def test_a_former_employer_learns_neither_where_somebody_went_nor_what_became_of_it(cast, browse):
    today = timezone.localdate()
    eva = employ(cast.alpha, left_on=today - timedelta(days=60))
    one = certificate(eva, "KC-1")
    employ(cast.bravo, person=eva.person, hired_on=today - timedelta(days=40))
    withdraw_certificate(one, by=cast.karim, at=timezone.now(), reason="Sold to Bravo's rival")
    for_alpha = said(browse(cast.alice, "/certificates/KC-1/"))
    assert "Withdrawn" not in for_alpha and "counts for your company no more" in for_alpha
    assert "Bravo" not in for_alpha and "rival" not in for_alpha
    assert "rival" in said(browse(cast.bruno, "/certificates/KC-1/"))
    assert "Bravo IT" in said(browse(cast.karim, "/certificates/KC-1/"))


def test_of_somebody_who_left_it_is_said_that_it_counts_no_more(cast, browse):
    left = timezone.localdate() - timedelta(days=3)
    certificate(employ(cast.alpha, left_on=left), "KC-1")
    assert "counts for your company no more" in said(browse(cast.alice, "/certificates/KC-1/"))


def test_an_expired_one_says_since_when(cast, browse):
    certificate(employ(cast.alpha), "KC-1", expires_on=date(2026, 1, 31))
    assert "Its last day was" in said(browse(cast.alice, "/certificates/KC-1/"))


def test_withdrawing_by_form(cast, client, several):
    place = "/certificates/KC-VALID/withdraw/"
    User.objects.update(language="en")
    client.force_login(cast.karim)
    assert client.get(place).status_code == 200
    assert client.post(place, {"reason": " "}).status_code == 422
    assert client.post(place, {"reason": "Copied answers"}).status_code == 302
    again = client.post(place, {"reason": "Copied answers"})
    assert again.status_code == 422 and "withdrawn already" in again.content.decode()
    client.force_login(cast.alice)
    assert client.get(place).status_code == 403
    client.force_login(cast.ingrid)
    assert client.get(place).status_code == 404


# ---------------------------------------------------------------- document


def paper(one, language="en", day=date(2026, 11, 27)):
    with translation.override(language):
        return render_pdf(
            "certificate", paper_data(one, day), language=language, at=timezone.now().replace(year=2026)
        )


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ("Certificate of competence", "1 December 2027", "Technical", "Valid until")),
        ("fr", ("Certificat de compétence", "décembre 2027", "Technique", "Valable jusqu’au")),
    ],
)
def test_the_document_in_both_languages(cast, language, words):
    one = certificate(employ(cast.alpha), "KC-1")
    pdf = paper(one, language)
    text = text_of(pdf)
    for expected in (*words, "Eva Lind", "KC-1", one.title):
        assert expected in text, expected
    assert "Alpha" not in text
    reader = pypdf.PdfReader(io.BytesIO(pdf))
    catalogue = reader.trailer["/Root"]
    assert len(reader.pages) == 1
    assert catalogue["/Lang"] == language and catalogue["/MarkInfo"]["/Marked"]
    assert b"pdfuaid" in catalogue["/Metadata"].get_object().get_data()


def test_its_code_leads_to_the_public_page(cast, client):
    one = certificate(employ(cast.alpha), "KC-1")
    address = address_of(one)
    assert address.endswith(f"/verify/{one.code}/")
    assert paper_data(one, date(2026, 11, 27))["qr_alt"].endswith(address)
    # Written out too, and a link: not everybody has a camera at hand.
    pdf = paper(one)
    assert address in text_of(pdf)
    links = [mark.get_object()["/A"]["/URI"] for mark in pypdf.PdfReader(io.BytesIO(pdf)).pages[0]["/Annots"]]
    assert links == [address]


def test_the_page_leads_to_the_public_page_for_whoever_the_certificate_still_concerns(cast, browse):
    today = timezone.localdate()
    eva = employ(cast.alpha, left_on=today - timedelta(days=60))
    one = certificate(eva, "KC-1")
    employ(cast.bravo, person=eva.person, hired_on=today - timedelta(days=40))
    for who in (cast.bruno, cast.karim):
        assert f'href="{address_of(one)}"' in browse(who, "/certificates/KC-1/").content.decode()
    # The former employer: what becomes of it is no longer its affair.
    assert one.code not in browse(cast.alice, "/certificates/KC-1/").content.decode()


@pytest.mark.parametrize("name", [HOSTILE, "北京公司", "שלום בע״מ", "Łódź Škoda Ünal", "W" * 120])
def test_any_name_makes_a_certificate_of_one_page(cast, name):
    one = certificate(employ(cast.alpha, name[:120]), "KC-1")
    reader = pypdf.PdfReader(io.BytesIO(paper(one)))
    assert len(reader.pages) == 1 and "KC-1" in reader.pages[0].extract_text()


def test_an_expired_one_says_so_on_its_document(cast):
    one = certificate(employ(cast.alpha), "KC-1", expires_on=date(2026, 11, 26))
    assert "has expired" in text_of(paper(one))


def test_the_document_is_for_whoever_sees_the_certificate(cast, several, browse):
    answer = browse(cast.alice, "/certificates/KC-VALID/certificate.pdf", language="fr")
    assert answer["Content-Type"] == "application/pdf" and "KC-VALID-fr.pdf" in answer["Content-Disposition"]
    assert "Certificat" in text_of(answer.content)
    assert browse(cast.alice, "/certificates/KC-VALID/certificate.pdf", language="xx").status_code == 200
    assert browse(cast.bruno, "/certificates/KC-VALID/certificate.pdf").status_code == 404
    assert browse(cast.alice, "/certificates/KC-GONE/certificate.pdf").status_code == 404


# ---------------------------------------------------------------- public


@pytest.mark.parametrize(
    ("which", "answered"), [("valid", "Valid"), ("expired", "Expired"), ("withdrawn", "Withdrawn")]
)
def test_anybody_learns_whether_it_counts_and_nothing_else(cast, several, client, which, answered):
    answer = client.get(f"/verify/{several[which].code}/")
    text = said(answer)
    assert f"This certificate is: {answered}" in text
    for word in ("Ada", "Cleo", "Dan", "Alpha", "KC-", "Fraud", "Technical", "20"):
        assert word not in text.replace("© 20", ""), word
    assert answer["X-Robots-Tag"] == "noindex, nofollow" and "no-store" in answer["Cache-Control"]


@pytest.mark.parametrize("code", ["0" * 31 + "x", "F" * 32, "f" * 32, "x", "%00", "ä" * 32, "1" * 5_000])
def test_a_wrong_code_gets_an_answer_of_the_same_shape(
    cast, several, client, django_assert_num_queries, code
):
    client.get("/verify/warm/")
    right = client.get(f"/verify/{several['valid'].code}/")
    with django_assert_num_queries(1):
        wrong = client.get(f"/verify/{code}/")
    assert wrong.status_code == 200 and "This certificate is: Unknown" in said(wrong)

    def shape(answer):
        text = re.sub(r"[0-9a-zA-Z_-]{20,}", "", answer.content.decode())
        return re.sub(r"st-(ok|warn)|Valid|Unknown|/verify/[^\"&]*", "", text)

    assert shape(wrong) == shape(right)
    with django_assert_num_queries(1):
        client.get(f"/verify/{several['valid'].code}/")


def test_who_asks_too_often_waits(cast, several, client):
    place = f"/verify/{several['valid'].code}/"
    assert {client.get(place).status_code for _ in range(30)} == {200}
    answer = client.get(place)
    assert answer.status_code == 429 and answer["Retry-After"] == "60" and "Valid" not in said(answer)


def test_the_last_day_is_the_employers(cast, client, time_machine):
    one = certificate(employ(cast.alpha), "KC-1", expires_on=date(2026, 11, 27))
    time_machine.move_to("2026-11-27T22:30:00Z")
    assert "Valid" in said(client.get(f"/verify/{one.code}/"))
    time_machine.move_to("2026-11-27T23:30:00Z")
    assert "Expired" in said(client.get(f"/verify/{one.code}/"))
    assert Certificate.objects.get().expires_on == date(2026, 11, 27)
