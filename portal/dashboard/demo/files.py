"""Small real files that stand for the evidence partners attach."""

import random
from datetime import date

from django.core.files.uploadedfile import SimpleUploadedFile

from dealreg.deals.models import EvidenceKind

_TITLES = {
    "fr": {
        EvidenceKind.MEETING: ("compte-rendu", "Compte rendu de réunion"),
        EvidenceKind.OFFER: ("offre-technique", "Offre technique"),
        EvidenceKind.CORRESPONDENCE: ("courriel-client", "Courriel du client"),
        EvidenceKind.DEMO: ("demonstration", "Feuille de présence à la démonstration"),
    },
    "de": {
        EvidenceKind.MEETING: ("protokoll", "Besprechungsprotokoll"),
        EvidenceKind.OFFER: ("konzept", "Technisches Konzept"),
        EvidenceKind.CORRESPONDENCE: ("mail-kunde", "E-Mail des Kunden"),
        EvidenceKind.DEMO: ("vorfuehrung", "Teilnehmerliste der Vorführung"),
    },
    "en": {
        EvidenceKind.MEETING: ("minutes", "Minutes of the meeting"),
        EvidenceKind.OFFER: ("technical-offer", "Technical offer"),
        EvidenceKind.CORRESPONDENCE: ("customer-mail", "Mail of the customer"),
        EvidenceKind.DEMO: ("demonstration", "Attendance at the demonstration"),
    },
}


# What delimits a text in a PDF.
_DELIMITERS = (b"(", b")", b"\\")


def evidence_file(
    rng: random.Random, language: str, *, customer: str, day: date, body: str
) -> tuple[SimpleUploadedFile, str]:
    """A file and its kind: a page of PDF, or plain text for mails."""
    kind = rng.choice(list(_TITLES[language]))
    name, title = _TITLES[language][kind]
    stem = f"{name}-{day:%Y-%m-%d}"
    lines = [title, f"{customer}, {day:%d/%m/%Y}", "", *_wrapped(body)]
    if kind == EvidenceKind.CORRESPONDENCE:
        return SimpleUploadedFile(f"{stem}.txt", "\n".join(lines).encode(), "text/plain"), kind
    return SimpleUploadedFile(f"{stem}.pdf", one_page_pdf(lines), "application/pdf"), kind


def _wrapped(text: str, width: int = 84) -> list[str]:
    lines, line = [], ""
    for word in text.split():
        if len(line) + len(word) > width:
            lines.append(line)
            line = ""
        line = f"{line} {word}".strip()
    return [*lines, line]


def one_page_pdf(lines: list[str]) -> bytes:
    """A valid page of A4 in Helvetica; the first line is the title."""
    drawn = [b"BT", b"56 780 Td", b"/F1 16 Tf"]
    for index, line in enumerate(lines):
        if index == 1:
            drawn += [b"/F1 10 Tf"]
        if index:
            drawn += [b"0 -18 Td"]
        text = b"".join(
            b"\\" + sign if sign in _DELIMITERS else sign
            for sign in (bytes([byte]) for byte in line.encode("cp1252", "replace"))
        )
        drawn.append(b"(" + text + b") Tj")
    stream = b"\n".join([*drawn, b"ET"])
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
        b" /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    pdf = b"%PDF-1.4\n"
    offsets = []
    for number, content in enumerate(objects, 1):
        offsets.append(len(pdf))
        pdf += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    start = len(pdf)
    pdf += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    pdf += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    return pdf + b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
