"""Private files: only what is harmless comes in, and only who sees the record gets it out."""

import io
import zipfile
from hashlib import sha256

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile, TemporaryUploadedFile

from portal.core.errors import RuleViolation
from portal.documents.actions import LONGEST_NAME, check_upload, clean_file_name, store_document
from portal.documents.file_types import MOST_PARTS, extension_of
from portal.documents.models import Document
from tests.portal.notifications.letters import register

PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF"
PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 20
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 500


def zipped(*names, mimetype=""):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        if mimetype:
            archive.writestr("mimetype", mimetype)
        for name in names:
            archive.writestr(name, "x")
    return content.getvalue()


DOCX = zipped("[Content_Types].xml", "word/document.xml")
XLSX = zipped("[Content_Types].xml", "xl/workbook.xml")
PPTX = zipped("[Content_Types].xml", "ppt/presentation.xml")
ODT = zipped("content.xml", mimetype="application/vnd.oasis.opendocument.text")
ODS = zipped("content.xml", mimetype="application/vnd.oasis.opendocument.spreadsheet")
EML = b"Received: from x\r\nFrom: a@b.example\r\nSubject: Hello\r\n\r\nText"


def upload(name, content):
    return SimpleUploadedFile(name, content)


@pytest.mark.parametrize(
    ("name", "content", "media_type"),
    [
        ("offer.pdf", PDF, "application/pdf"),
        ("OFFER.PDF", b"\n\n" + PDF, "application/pdf"),
        ("a.docx", DOCX, "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        ("a.xlsx", XLSX, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        ("a.pptx", PPTX, "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
        ("a.odt", ODT, "application/vnd.oasis.opendocument.text"),
        ("a.ods", ODS, "application/vnd.oasis.opendocument.spreadsheet"),
        ("a.png", PNG, "image/png"),
        ("a.jpg", b"\xff\xd8\xff\xe0rest", "image/jpeg"),
        ("a.jpeg", b"\xff\xd8\xff\xe1rest", "image/jpeg"),
        ("a.txt", "Compte rendu, été".encode(), "text/plain"),
        ("a.txt", "Compte rendu, été".encode("latin-1"), "text/plain"),
        ("a.txt", "Compte rendu".encode("utf-16"), "text/plain"),
        ("a.csv", b"\xef\xbb\xbfname;nodes\r\nx;1\r\n", "text/csv"),
        ("a.eml", EML, "message/rfc822"),
        ("a.msg", OLE, "application/vnd.ms-outlook"),
    ],
)
def test_ordinary_files_are_taken(name, content, media_type):
    assert check_upload(upload(name, content)) == (name, media_type)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.exe", b"MZ\x90"),
        ("a.pdf", b"MZ\x90\x00"),
        ("a.pdf", b"<html>%PDX"),
        ("a.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
        ("a.html", b"<html></html>"),
        ("a.txt", b"  <HTML><script>alert(1)</script>"),
        ("a.txt", "<svg onload=alert(1)>".encode("utf-16")),
        ("a.csv", b"<?xml version='1.0'?><svg/>"),
        ("a.txt", b"MZ\x00\x01\x02"),
        ("a.png", b"GIF89a"),
        ("a.png", b"<svg/>"),
        ("a.jpg", PNG),
        ("a.docx", b"PK\x03\x04 not a zip at all"),
        ("a.docx", XLSX),
        ("a.docx", zipped("x.txt")),
        ("a.docx", b"not a zip"),
        ("a.docm", DOCX),
        ("a.xlsx", zipped("[Content_Types].xml", "xl/workbook.xml", "xl/vbaProject.bin")),
        ("a.docx", zipped("[Content_Types].xml", "word/document.xml", *(f"{n}" for n in range(MOST_PARTS)))),
        ("a.odt", ODS),
        ("a.odt", zipped("content.xml")),
        ("a.ods", zipped(mimetype="application/vnd.oasis.opendocument.spreadsheet")),
        ("a.eml", b"Hello there"),
        ("a.msg", PDF),
        ("a.zip", DOCX),
        ("a.pdf.exe", PDF),
        ("a.pdf\x00.exe", PDF),
        ("exe", PDF),
        (".pdf", PDF),
        ("a.", PDF),
        ("a.pdf", b""),
    ],
)
def test_others_are_refused_on_the_field(name, content):
    with pytest.raises(RuleViolation) as refusal:
        check_upload(SimpleUploadedFile("x", content) if not name else upload_named(name, content))
    assert refusal.value.field == "file"
    assert str(refusal.value)


def upload_named(name, content):
    """The name as a hostile client sends it; Django would have tidied some."""
    sent = SimpleUploadedFile("x", content)
    sent._name = name
    return sent


def test_a_file_that_is_too_big_is_refused_by_its_size_alone(settings):
    settings.UPLOAD_MAX_BYTES = 2_000_000
    with pytest.raises(RuleViolation, match="at most 2 MB"):
        check_upload(upload("a.pdf", PDF + b"\x00" * 2_000_000))


@pytest.mark.parametrize(
    ("given", "clean"),
    [
        ("Compte rendu été.pdf", "Compte rendu été.pdf"),
        ("../../etc/passwd.txt", "passwd.txt"),
        ("C:\\Users\\x\\offer.pdf", "offer.pdf"),
        ("a\r\nSet-Cookie: x.pdf", "aSet-Cookie_ x.pdf"),
        ("invoice\u202efdp.txt", "invoicefdp.txt"),
        ("zero\u200bwidth.txt", "zerowidth.txt"),
        ("  .hidden.pdf ", "hidden.pdf"),
        ('a"b<c>|d?.pdf', "a_b_c__d_.pdf"),
        ("e\u0301te\u0301.pdf", "été.pdf"),
        ("two   spaces\u00a0and\u2028more.pdf", "two spaces and more.pdf"),
        ("", ""),
    ],
)
def test_names_are_cleaned(given, clean):
    assert clean_file_name(given) == clean


def test_long_names_keep_their_extension():
    assert clean_file_name("x" * 300 + ".pdf") == "x" * (LONGEST_NAME - 4) + ".pdf"
    assert len(clean_file_name("x" * 300)) == LONGEST_NAME
    assert extension_of("a.b.PDF") == "pdf"


@pytest.fixture
def deal(cast, db):
    return register(cast, cast.amir)


def test_a_file_is_kept_with_its_fingerprint_under_a_random_name(cast, deal):
    document = store_document(deal, upload("Été.pdf", PDF), by=cast.amir)
    kept = Document.objects.get()
    assert kept == document
    assert (kept.name, kept.size, kept.subject, kept.uploaded_by) == ("Été.pdf", len(PDF), deal, cast.amir)
    assert kept.sha256 == sha256(PDF).hexdigest()
    assert kept.file.read() == PDF
    assert kept.id.hex in kept.file.name and "t" + "é" not in kept.file.name
    assert str(kept) == "Été.pdf"


def test_big_uploads_on_disk_are_kept_too(cast, deal):
    sent = TemporaryUploadedFile("a.pdf", "application/pdf", len(PDF), None)
    sent.write(PDF)
    sent.seek(0)
    assert store_document(deal, sent, by=cast.amir).file.read() == PDF
    sent.close()


def test_so_many_files_and_no_more(cast, deal, settings):
    settings.UPLOAD_MAX_FILES = 2
    for number in range(2):
        store_document(deal, upload(f"{number}.pdf", PDF), by=cast.amir)
    with pytest.raises(RuleViolation, match="already 2 files") as refusal:
        store_document(deal, upload("3.pdf", PDF), by=cast.amir)
    assert refusal.value.field == "file"


def test_so_many_in_an_hour_and_no_more(cast, deal, settings):
    settings.UPLOADS_PER_HOUR = 1
    store_document(deal, upload("1.pdf", PDF), by=cast.amir)
    with pytest.raises(RuleViolation, match="try again later"):
        store_document(deal, upload("2.pdf", PDF), by=cast.amir)
    store_document(deal, upload("2.pdf", PDF), by=cast.alice)


@pytest.mark.parametrize(
    ("person", "seen"),
    [
        ("amir", True),
        ("alice", True),
        ("adam", True),
        ("denise", True),
        ("karim", True),
        ("nora", True),
        ("bruno", False),
        ("carla", False),
        ("dieter", False),
        ("eve", False),
        ("ingrid", False),
        ("stranger", False),
    ],
)
def test_who_sees_the_deal_gets_the_file_and_nobody_else(cast, deal, client, person, seen):
    document = store_document(deal, upload("Été & co.pdf", PDF), by=cast.amir)
    client.force_login(getattr(cast, person))
    answer = client.get(document.get_absolute_url())
    assert answer.status_code == (200 if seen else 404)
    if seen:
        assert b"".join(answer.streaming_content) == PDF
        assert answer["Content-Disposition"].startswith("attachment; ")
        assert "%C3%89t%C3%A9" in answer["Content-Disposition"]
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert answer["Cache-Control"] == "private, no-store"
        assert answer["Content-Type"] == "application/pdf"
        assert "sandbox" in answer["Content-Security-Policy"]


def test_visitors_sign_in_first(cast, deal, client):
    document = store_document(deal, upload("a.pdf", PDF), by=cast.amir)
    assert client.get(document.get_absolute_url()).status_code == 302
    client.force_login(cast.amir)
    assert client.post(document.get_absolute_url()).status_code == 405


def test_unseen_missing_and_lost_files_answer_the_same(cast, deal, client):
    document = store_document(deal, upload("a.pdf", PDF), by=cast.amir)
    client.force_login(cast.bruno)
    unseen = client.get(document.get_absolute_url())
    missing = client.get("/documents/00000000-0000-4000-8000-000000000000/")
    assert (unseen.status_code, missing.status_code) == (404, 404)
    document.file.storage.delete(document.file.name)
    client.force_login(cast.amir)
    assert client.get(document.get_absolute_url()).status_code == 404


def test_asking_costs_the_same_for_many_files(cast, deal, django_assert_num_queries):
    store_document(deal, upload("a.pdf", PDF), by=cast.amir)
    list(Document.objects.visible_to(cast.amir))
    with django_assert_num_queries(2):
        assert len(Document.objects.visible_to(cast.amir)) == 1
    for number in range(5):
        store_document(deal, upload(f"{number}.pdf", PDF), by=cast.amir)
    with django_assert_num_queries(2):
        assert len(Document.objects.visible_to(cast.amir)) == 6
