"""Files of exam results and of existing certificates: preview, bad lines with a reason, nothing twice."""

import io
import zipfile
from datetime import date
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from openpyxl import Workbook

from partners.certification.actions.certificates import issue_certificate
from partners.certification.actions.departures import withdraw_departure
from partners.certification.actions.exams import record_result
from partners.certification.actions.imports import apply_file, discard_file, keep_file
from partners.certification.actions.staff import report_leaver
from partners.certification.models import (
    Attempt,
    Certificate,
    Departure,
    Employment,
    ImportedFile,
    Person,
    Question,
)
from partners.certification.tasks import watch_departures
from portal.accounts.models import User
from portal.audit.models import Event
from portal.core.errors import NotAllowed, RuleViolation, WrongState
from portal.notifications.models import Notification
from tests.cast import make_cast
from tests.partners.certification import school
from tests.partners.certification.papers import certificate, course
from tests.partners.certification.people import specialists_of
from tests.partners.certification.team import AT, ON, employ

pytestmark = pytest.mark.django_db

RESULTS = "partner;employee;course;taken_on;score;passed\n"
HELD = "partner;name;email;track;course;title;number;issued_on;expires_on\n"


def keep(text, by, kind="results", name="file.csv"):
    content = text if isinstance(text, bytes) else text.encode()
    return keep_file(kind=kind, name=name, content=content, by=by, at=AT)


def outcomes(imported):
    return [line["outcome"] for line in imported.lines]


def reason(imported, place=0):
    line = imported.lines[place]
    return line["problem"] % line["params"] if line["params"] else line["problem"]


def applied(text, by, kind="results"):
    imported = keep(text, by, kind)
    apply_file(imported.pk, by=by, at=AT)
    imported.refresh_from_db()
    return imported


def workbook(*rows):
    book = Workbook()
    for row in rows:
        book.active.append(row)
    packed = io.BytesIO()
    book.save(packed)
    return packed.getvalue()


# ---------------------------------------------------------------- results


def test_results_are_looked_at_first_and_bring_certificates_when_applied(cast):
    exam = course()
    eva = employ(cast.alpha, email="eva@alpha.example")
    employ(cast.alpha, "Max Grün")
    imported = keep(
        RESULTS
        + "P-000001;EVA@alpha.example;kt-100;2026-11-20;84;\n"
        + "P-000001; max  grün ;KT-100;20/11/2026;;no\n",
        cast.karim,
    )
    assert outcomes(imported) == ["good", "good"]
    assert not Attempt.objects.exists()
    assert apply_file(imported.pk, by=cast.karim, at=AT) == {"good": 2}
    got = Certificate.objects.get()
    assert (got.person, got.course, got.issued_on) == (eva.person, exam, date(2026, 11, 20))
    assert got.attempt.score_pct == Decimal(84) and got.attempt.recorded_by == cast.karim
    assert Attempt.objects.get(passed=False).score_pct == 0
    assert specialists_of(cast.alpha, ON) == {"technical": 1}


def test_the_same_file_and_the_same_line_twice_change_nothing(cast):
    course()
    employ(cast.alpha)
    line = "P-000001;Eva Lind;KT-100;2026-11-20;;yes\n"
    assert outcomes(applied(RESULTS + line + line, cast.karim)) == ["good", "known"]
    assert outcomes(applied(RESULTS + line, cast.karim)) == ["known"]
    assert Attempt.objects.get().score_pct == 70
    assert Certificate.objects.count() == 1


def test_a_file_that_waits_is_not_kept_twice_and_none_is_applied_twice(cast):
    course()
    employ(cast.alpha)
    text = RESULTS + "P-000001;Eva Lind;KT-100;2026-11-20;80;\n"
    first = keep(text, cast.karim)
    assert keep(text, cast.karim) == first
    apply_file(first.pk, by=cast.karim, at=AT)
    for action in (apply_file, discard_file):
        with pytest.raises(WrongState):
            action(first.pk, by=cast.karim, at=AT)


def test_two_exams_of_one_track_on_one_day_bring_one_certificate(cast):
    course()
    course("KT-200")
    employ(cast.alpha)
    applied(
        RESULTS + "P-000001;Eva Lind;KT-100;2026-11-20;80;\n" + "P-000001;Eva Lind;KT-200;2026-11-20;80;\n",
        cast.karim,
    )
    assert Attempt.objects.count() == 2 and Certificate.objects.count() == 1


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("P-000099;Eva Lind;KT-100;2026-11-20;80;", "no partner with this number"),
        # Platin is Germany's: for Karim there is no such partner.
        ("P-000005;Eva Lind;KT-100;2026-11-20;80;", "no partner with this number"),
        ("P-000001;Nobody;KT-100;2026-11-20;80;", "Nobody of this name"),
        ("P-000002;Eva Lind;KT-100;2026-11-20;80;", "Nobody of this name"),
        ("P-000001;Eva Lind;KT-100;2020-11-20;80;", "Nobody of this name"),
        ("P-000001;Eva Lind;KT-100;2016-12-31;80;", "No edition"),
        ("P-000001;Eva Lind;XX;2026-11-20;80;", "No course"),
        ("P-000001;Eva Lind;KO-1;2026-11-20;80;", "taken on the portal"),
        ("P-000001;Eva Lind;KT-100;2026-11-28;80;", "not come yet"),
        ("P-000001;Eva Lind;KT-100;soon;80;", "A date is needed"),
        ("P-000001;Eva Lind;KT-100;2026-11-20;101;", "0 to 100"),
        ("P-000001;Eva Lind;KT-100;2026-11-20;NaN;", "0 to 100"),
        ("P-000001;Eva Lind;KT-100;2026-11-20;x;", "0 to 100"),
        ("P-000001;Eva Lind;KT-100;2026-11-20;;", "score is missing"),
        ("P-000001;Eva Lind;KT-100;2026-11-20;;perhaps", "yes or no"),
        ("P-000001;Eva Lind;KT-100;2026-11-20;90;no", "pass mark is 70 %"),
        ("P-000001;Twin;KT-100;2026-11-20;80;", "Several people"),
        (f"P-000001;{'x' * 300};KT-100;2026-11-20;80;", "too long"),
    ],
)
def test_a_bad_line_says_why_and_stays_outside(cast, line, words):
    course()
    course("KO-1", exam_mode="online")
    employ(cast.alpha)
    employ(cast.alpha, "Twin")
    employ(cast.alpha, "Twin")
    imported = applied(RESULTS + line + "\nP-000001;Eva Lind;KT-100;2026-11-19;80;\n", cast.karim)
    assert outcomes(imported) == ["bad", "good"]
    assert words in reason(imported)
    assert Attempt.objects.count() == 1


# ---------------------------------------------------------------- existing certificates


def test_certificates_are_taken_over_and_unknown_people_become_employees(cast):
    course(validity_months=12)
    imported = keep(
        HELD
        + "P-000001;Nina Roux;nina@alpha.example;technical;;Certified engineer;ke-77;2026-05-31;2028-05-31\n"
        + "P-000001;Nina Roux;nina@alpha.example;sales;;;;2026-05-31;2028-05-31\n"
        + "P-000001;Ole Berg;;;KT-100;;;2026-06-30;\n"
        + "P-000001;Pia;;anti-targeted-attack;;;;2026-06-30;\n",
        cast.karim,
        "certificates",
    )
    assert outcomes(imported) == ["new", "new", "new", "new"]
    apply_file(imported.pk, by=cast.karim, at=AT)
    nina = Employment.objects.get(full_name="Nina Roux")
    assert (nina.email, nina.hired_on) == ("nina@alpha.example", date(2026, 5, 31))
    one = Certificate.objects.get(number="KE-77")
    assert (one.person, one.title, one.track) == (nina.person, "Certified engineer", "technical")
    assert nina.person.certificates.count() == 2
    assert Certificate.objects.get(holder_name="Ole Berg").expires_on == date(2027, 6, 30)
    pia = Certificate.objects.get(holder_name="Pia")
    assert (pia.technology, pia.expires_on) == (cast.groups["anti-targeted-attack"], date(2028, 6, 30))
    assert Event.objects.filter(verb="certificate.imported").count() == 4
    assert not [
        event for event in Event.objects.all() if "Nina" in str(event.data) or "nina" in str(event.data)
    ]


def test_a_known_person_is_found_by_address_or_name_and_never_at_another_partner(cast):
    eva = employ(cast.alpha, email="eva@alpha.example")
    there = employ(cast.bravo, email="eva@alpha.example")
    applied(
        HELD
        + "P-000001;Eva Lind;;sales;;;;2026-05-31;2028-05-31\n"
        + "P-000001;E. Lind;EVA@alpha.example;technical;;;;2026-05-31;2028-05-31\n"
        # Of the same name, with another address: somebody else.
        + "P-000001;Eva Lind;eva.lind@alpha.example;technical;;;;2026-05-31;2028-05-31\n",
        cast.karim,
        "certificates",
    )
    assert eva.person.certificates.count() == 2
    assert there.person.certificates.count() == 0
    assert Person.objects.count() == 3


def test_certificates_that_come_twice_are_known(cast):
    text = (
        HELD
        + "P-000001;Nina;;technical;;;KE-77;2026-05-31;2028-05-31\n"
        + "P-000001;Nina;;sales;;;;2026-05-31;2028-05-31\n"
    )
    again = text + "P-000001;Nina;;sales;;;;2026-05-31;2028-05-31\n"
    assert outcomes(applied(again, cast.karim, "certificates")) == ["new", "new", "known"]
    assert outcomes(applied(text, cast.karim, "certificates")) == ["known", "known"]
    assert (Certificate.objects.count(), Employment.objects.count()) == (2, 1)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("P-000001;;;technical;;;;2026-05-31;2028-05-31", "name is missing"),
        ("P-000001;Nina;x@;technical;;;;2026-05-31;2028-05-31", "no e-mail"),
        ("P-000001;Nina;;magic;;;;2026-05-31;2028-05-31", "or a track is needed"),
        ("P-000001;Nina;;;XX;;;2026-05-31;2028-05-31", "No course"),
        ("P-000001;Nina;;technical;;;;2027-05-31;2028-05-31", "not come yet"),
        ("P-000001;Nina;;technical;;;;2026-05-31;2026-05-30", "before the first"),
        ("P-000001;Nina;;technical;;;;2026-05-31;2099-05-30", "20 years"),
        ("P-000001;Nina;;technical;;;;1999-05-31;", "no edition"),
        ("P-000001;Nina;;technical;;;../x;2026-05-31;2028-05-31", "letters, digits"),
        ("P-000001;Nina;;technical;;;KC-OTHER;2026-05-31;2028-05-31", "another certificate"),
        ("P-000001;Gone;;technical;;;;2026-05-31;2028-05-31", "had left"),
    ],
)
def test_a_bad_certificate_says_why(cast, line, words):
    certificate(employ(cast.bravo, "Other"), "KC-OTHER")
    employ(cast.alpha, "Gone", left_on=date(2026, 5, 30))
    imported = applied(HELD + line + "\n", cast.karim, "certificates")
    assert outcomes(imported) == ["bad"] and words in reason(imported)
    assert Certificate.objects.count() == 1


def test_hundreds_of_lines_are_judged_with_few_statements(cast, django_assert_max_num_queries):
    text = HELD + "".join(f"P-000001;Person {n};;technical;;;;2026-05-31;2028-05-31\n" for n in range(300))
    with django_assert_max_num_queries(16):
        assert outcomes(keep(text, cast.karim, "certificates")) == ["new"] * 300


# ---------------------------------------------------------------- rights and files


def test_only_the_vendor_imports_and_only_the_uploader_sees_the_file(cast):
    course()
    employ(cast.alpha)
    text = RESULTS + "P-000001;Eva Lind;KT-100;2026-11-20;80;\n"
    for person in (cast.alice, cast.denise, cast.august):
        with pytest.raises(NotAllowed):
            keep(text, person)
    imported = keep(text, cast.karim)
    assert not ImportedFile.objects.visible_to(cast.ingrid).exists()
    for action in (apply_file, discard_file):
        with pytest.raises(NotAllowed):
            action(imported.pk, by=cast.ingrid, at=AT)
    discard_file(imported.pk, by=cast.karim, at=AT)
    assert not ImportedFile.objects.exists() and not Attempt.objects.exists()


def test_an_excel_workbook_reads_like_a_csv_file(cast):
    course()
    employ(cast.alpha)
    content = workbook(
        ["Partner", "Employee", "Course", "Taken_on", "Score", "Passed", None],
        [None] * 6,
        ["P-000001", "Eva Lind", "KT-100", date(2026, 11, 20), 84.0, True],
        ["P-000001", "Eva Lind", "KT-100", "2026-11-21", 12.5, None],
    )
    imported = keep(content, cast.karim)
    assert outcomes(imported) == ["good", "good"]
    assert [line["line"] for line in imported.lines] == [3, 4]
    assert imported.lines[1]["cells"]["score"] == "12.5"


def packed(*entries):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return file.getvalue()


HOSTILE = {
    "empty": b"",
    "blank lines": b"\n;;;\n\n",
    "header only": RESULTS.encode(),
    "latin-1": RESULTS.encode() + b"P-000001;\xe9;KT-100;2026-11-20;80;\n",
    "nul": RESULTS.encode() + b"P-000001;\x00;KT-100;2026-11-20;80;\n",
    "column missing": b"partner;employee;course\nx;y;z\n",
    "unknown column": RESULTS.replace("passed", "<script>").encode() + b"x;y;z;a;b;c\n",
    "column twice": RESULTS.replace("passed", "score").encode() + b"x;y;z;a;b;c\n",
    "columns without end": b";".join([b"x"] * 100_000),
    "one endless line": b"x" * 1_900_000,
    "open quote": RESULTS.encode() + b'"P-000001;x\n' * 100,
    "too many lines": RESULTS.encode() + b"x;y;z;a;b;c\n" * 2_001,
    "too large": b"x" * 2_000_001,
    "archive that is none": b"PK\x03\x04" + b"\x00" * 40,
    "no workbook": packed(("a.txt", b"x")),
    "bomb": packed(("[Content_Types].xml", b"<Types/>"), ("xl/worksheets/sheet1.xml", b"0" * 50_000_000)),
    "many parts": packed(*((f"{n}.xml", b"") for n in range(600))),
    "entities": packed(("[Content_Types].xml", b"<!DOCTYPE x [<!ENTITY y SYSTEM 'file:///'>]><x>&y;</x>")),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_file_that_cannot_be_read_says_why_and_leaves_nothing(cast, client, kind):
    client.force_login(cast.karim)
    answer = client.post(
        "/certificates/imports/new/",
        {"kind": "results", "file": SimpleUploadedFile("x.csv", HOSTILE[kind], "text/csv")},
    )
    assert answer.status_code == 422
    assert answer.context["form"].errors["file"]
    assert b"<script>" not in answer.content.split(b"<main")[-1]
    assert not ImportedFile.objects.exists()


def test_a_workbook_whose_rows_lie_far_below_is_refused(cast):
    book = Workbook()
    book.active.append(["partner", "employee", "course", "taken_on"])
    book.active.cell(row=1_000_000, column=1, value="P-000001")
    file = io.BytesIO()
    book.save(file)
    with pytest.raises(RuleViolation):
        keep(file.getvalue(), cast.karim)


# ---------------------------------------------------------------- pages


def test_from_the_upload_to_the_report(cast, client):
    User.objects.update(language="en")
    course()
    employ(cast.alpha)
    client.force_login(cast.karim)
    assert client.get("/certificates/imports/").status_code == 200
    page = client.get("/certificates/imports/new/", {"kind": "certificates"})
    assert b"taken_on" in page.content
    for kind in ("results", "certificates"):
        template = client.get(reverse("certificates:import_template", args=[kind]))
        assert template.status_code == 200
    assert client.get("/certificates/imports/template/x/").status_code == 404
    text = RESULTS + "P-000001;Eva Lind;KT-100;2026-11-20;80;\n" + "P-000001;=1+1;KT-100;2026-11-20;80;\n"
    answer = client.post(
        "/certificates/imports/new/",
        {"kind": "results", "file": SimpleUploadedFile("march.csv", text.encode())},
        follow=True,
    )
    kept = ImportedFile.objects.get()
    assert answer.redirect_chain[-1][0] == kept.get_absolute_url()
    assert "This is a preview" in answer.content.decode()
    bad = b"".join(client.get(f"{kept.get_absolute_url()}bad-lines.csv").streaming_content).decode()
    assert "'=1+1" in bad and "Nobody of this name" in bad and "Eva" not in bad
    # The report comes back, mended.
    mended = bad.replace("'=1+1", "Eva Lind").replace("2026-11-20", "2026-11-19").encode()
    assert outcomes(keep(mended, cast.karim)) == ["good"]
    answer = client.post(f"{kept.get_absolute_url()}apply/", follow=True)
    assert "1 line entered." in answer.content.decode() and "This is the report" in answer.content.decode()
    assert "To enter" not in answer.content.decode()
    assert client.post(f"{kept.get_absolute_url()}discard/").status_code == 302
    assert ImportedFile.objects.filter(pk=kept.pk).exists()
    only = client.get(kept.get_absolute_url(), {"show": "bad"}).content.decode()
    assert "=1+1" in only and "Eva Lind" not in only
    other = ImportedFile.objects.exclude(pk=kept.pk).get()
    client.post(f"{other.get_absolute_url()}discard/")
    assert not ImportedFile.objects.filter(pk=other.pk).exists()


def test_others_see_neither_list_nor_file(cast, client):
    course()
    kept = keep(RESULTS + "P-000001;Eva;KT-100;2026-11-20;80;\n", cast.karim)
    for who, status in ((cast.alice, 403), (cast.denise, 403), (cast.august, 403), (cast.ingrid, 404)):
        client.force_login(who)
        assert client.get(kept.get_absolute_url()).status_code == status
        assert client.post(f"{kept.get_absolute_url()}apply/").status_code == status


# ---------------------------------------------------------------- questions of exams

BANK = "course;question;right;answer_1;answer_2;answer_3;in_use\n"


def test_questions_are_looked_at_first_and_entered_once(cast):
    made = school.online("Q-1", questions=1)
    text = BANK + "q-1;What is EDR?;1;Detection;Recovery;;\nQ-1;Which two?;1, 3;One;Two;Three;no\n"
    kept = keep(text, cast.karim, kind="questions")
    assert outcomes(kept) == ["good", "good"] and made.questions.count() == 1
    apply_file(kept.pk, by=cast.karim, at=AT)
    one, two = made.questions.order_by("pk")[1:]
    assert (one.text, one.answers, one.right, one.is_active) == (
        "What is EDR?", ["Detection", "Recovery"], [0], True,
    )  # fmt: skip
    assert (two.right, two.is_active) == ([0, 2], False)
    assert Event.objects.about(made).filter(verb="course.question_added").count() == 2
    again = applied(text, cast.karim, kind="questions")
    assert outcomes(again) == ["known", "known"] and made.questions.count() == 3


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("NONE;Q?;1;A;B;;", "No course has this code"),
        ("Q-1;;1;A;B;;", "Write the question"),
        ("Q-1;Q?;1;A;;;", "Give from 2 to 6 answers"),
        ("Q-1;Q?;1;A;a;;", "Two answers are the same"),
        ("Q-1;Q?;3;A;B;;", "A right answer has no text"),
        ("Q-1;Q?;0;A;B;;", "A right answer has no text"),
        ("Q-1;Q?;;A;B;;", "Mark the right answers"),
        ("Q-1;Q?;1,2;A;B;;", "Mark the right answers"),
        ("Q-1;Q?;first;A;B;;", "by their numbers"),
        ("Q-1;Q?;1;A;B;;maybe", "“in_use” is yes or no"),
        ("Q-1;question 0?;2;Right;Wrong;Worse;", "there already with other answers"),
        (f"Q-1;{'x' * 1001};1;A;B;;", "“question” is too long"),
        (f"Q-1;Q?;1;{'x' * 301};B;;", "“answer_1” is too long"),
    ],
)
def test_a_bad_question_stays_outside_with_its_reason(cast, line, said):
    school.online("Q-1", questions=1)
    kept = keep(BANK + line + "\nQ-1;Fine?;2;A;B;;\n", cast.karim, kind="questions")
    assert outcomes(kept) == ["bad", "good"] and said in reason(kept)
    apply_file(kept.pk, by=cast.karim, at=AT)
    assert Question.objects.filter(text="Fine?").count() == 1 and Question.objects.count() == 2


def test_a_question_that_stands_twice_in_a_file_is_entered_once(cast):
    school.online("Q-1", questions=0)
    line = "Q-1;{};{};A;B;;\n"
    text = BANK + line.format("Q?", 1) + line.format("q?", 1) + line.format("Q?", 2)
    kept = keep(text, cast.karim, "questions")
    assert outcomes(kept) == ["good", "known", "bad"]


def test_a_workbook_may_have_made_a_number_of_two_right_answers(cast):
    made = school.online("Q-1", questions=0)
    content = workbook(
        ["course", "question", "right", "answer_1", "answer_2", "answer_3"],
        ["Q-1", "Which two?", 1.3, "One", "Two", "Three"],
        ["Q-1", "'=1+1?", 2, "'-1", "2", None],
    )
    applied(content, cast.karim, kind="questions")
    two, sum_of = made.questions.order_by("pk")
    assert two.right == [0, 2]
    assert (sum_of.text, sum_of.answers) == ("=1+1?", ["-1", "2"])


def test_a_file_of_questions_on_its_pages(client, cast):
    school.online("Q-1", questions=1)
    client.force_login(cast.karim)
    assert client.get("/certificates/imports/template/questions/").status_code == 200
    page = client.get("/certificates/imports/new/", {"kind": "questions"}).content.decode()
    assert "answer_6" in page and 'value="questions" selected' in page
    file = SimpleUploadedFile("q.csv", (BANK + "Q-1;Q?;1;A;B;;\nQ-1;;1;A;B;;\n").encode())
    page = client.post("/certificates/imports/new/", {"kind": "questions", "file": file}, follow=True)
    text = page.content.decode()
    assert "Write the question." in text or "crivez la question" in text
    kept = ImportedFile.objects.get()
    client.post(f"/certificates/imports/{kept.pk}/apply/")
    assert Question.objects.filter(text="Q?").exists()


# ---------------------------------------------------------------- people who have left


def left(cast, name="Eva Lind", left_on=date(2026, 11, 1)):
    """Told by the partner in time, with nothing to be replaced as far as was known."""
    gone = employ(cast.alpha, name)
    assert report_leaver(gone.pk, by=cast.alice, at=AT, departed_on=left_on).departure is None
    return gone


def test_a_result_of_somebody_who_has_left_since_opens_the_case(cast):
    course()
    left(cast)
    applied(RESULTS + "P-000001;Eva Lind;KT-100;2026-10-20;84;\n", cast.karim)
    case = Departure.objects.get()
    assert (case.departed_on, case.origin, case.reported_on, case.reported_late) == (
        date(2026, 11, 1),
        "partner",
        date(2026, 11, 27),
        False,
    )
    assert (case.report_due_on, case.replacement_due_on) == (date(2026, 12, 1), date(2027, 1, 30))
    assert [gap.track for gap in case.gaps.all()] == ["technical"]
    told = Notification.objects.filter(kind="departure-opened").values_list("recipient", flat=True)
    assert list(told) == [cast.alice.pk]


@pytest.mark.parametrize(
    ("issued_on", "expires_on", "opens"),
    [
        ("2025-11-01", "2026-11-01", True),  # the last day of both
        ("2025-11-01", "2026-10-31", False),
        ("2026-11-01", "2028-11-01", True),
    ],
)
def test_an_existing_certificate_opens_the_case_if_it_was_valid_on_the_last_day(
    cast, issued_on, expires_on, opens
):
    left(cast)
    line = f"P-000001;Eva Lind;;technical;;Expert;K-1;{issued_on};{expires_on}\n"
    assert outcomes(applied(HELD + line, cast.karim, "certificates")) == ["good"]
    assert Departure.objects.exists() == opens


def test_files_with_people_who_have_left_ask_once_for_all_lines(cast):
    def queries(number):
        lines = "".join(
            f"P-000001;Worker {number}-{line};;technical;;Expert;K-{number}-{line};2026-01-01;2027-01-01\n"
            for line in range(number)
        )
        imported = keep(HELD + lines, cast.karim, "certificates")
        with CaptureQueriesContext(connection) as done:
            apply_file(imported.pk, by=cast.karim, at=AT)
        return sum("left_on" in one["sql"] and "FOR UPDATE" in one["sql"] for one in done)

    assert queries(2) == queries(12) == 1


def test_a_late_certificate_adds_its_track_to_the_case_and_it_lapses_in_the_same_night(cast):
    gone = employ(cast.alpha)
    certificate(gone, "K-9")
    case = report_leaver(gone.pk, by=cast.alice, at=AT, departed_on=date(2026, 3, 1)).departure
    watch_departures(AT)
    case.refresh_from_db()
    assert case.lapsed_on == date(2026, 5, 31)
    line = "P-000001;Eva Lind;;sales;;Seller;K-1;2026-01-10;2028-01-10\n"
    applied(HELD + line, cast.karim, "certificates")
    case.refresh_from_db()
    assert {gap.track: gap.status for gap in case.gaps.all()} == {"technical": "lapsed", "sales": "open"}
    event = Event.objects.about(case).get(verb="departure.track_added")
    assert (event.data["track"], event.data["certificate"]) == ("sales", "K-1")
    told = Notification.objects.filter(kind="departure-track-added").values_list("recipient", flat=True)
    assert set(told) == {cast.alice.pk, cast.karim.pk}
    watch_departures(AT)
    case.refresh_from_db()
    assert (case.status, case.lapsed_on) == ("settled", date(2026, 5, 31))
    assert {gap.status for gap in case.gaps.all()} == {"lapsed"}


def test_a_second_certificate_of_the_same_track_asks_for_nothing_more(cast):
    gone = employ(cast.alpha)
    certificate(gone, "K-9")
    case = report_leaver(gone.pk, by=cast.alice, at=AT, departed_on=date(2026, 11, 1)).departure
    line = "P-000001;Eva Lind;;technical;;Expert;K-1;2026-01-10;2028-01-10\n"
    applied(HELD + line, cast.karim, "certificates")
    assert case.gaps.get().certificate.number == "K-9"
    assert not Event.objects.filter(verb="departure.track_added").exists()


def test_what_the_vendor_has_called_a_mistake_stays_one(cast):
    gone = employ(cast.alpha)
    certificate(gone, "K-9")
    case = report_leaver(gone.pk, by=cast.alice, at=AT, departed_on=date(2026, 11, 1)).departure
    withdraw_departure(case, by=cast.karim, at=AT, reason="Never certified.", still_here=False)
    applied(HELD + "P-000001;Eva Lind;;sales;;Seller;K-1;2026-01-10;2028-01-10\n", cast.karim, "certificates")
    assert Departure.objects.get() == case


def test_a_certificate_entered_by_hand_opens_the_case_of_somebody_moved_away_unreported(cast):
    made = course()
    gone = employ(cast.alpha, left_on=date(2026, 11, 1))
    issue_certificate(gone, course=made, issued_on=date(2026, 10, 1), by=cast.karim, at=AT)
    case = Departure.objects.get()
    assert (case.origin, case.reported_on) == ("transfer", None)


def test_a_result_entered_by_hand_opens_the_case_and_a_failed_one_does_not(cast):
    made = course()
    gone = left(cast)
    for day, score in ((date(2026, 10, 1), 10), (date(2026, 10, 2), 90)):
        assert not Departure.objects.exists()
        record_result(made, gone, by=cast.karim, at=AT, taken_on=day, score_pct=Decimal(score))
    assert Departure.objects.get().departed_on == date(2026, 11, 1)


def test_a_certificate_after_the_return_counts_for_the_departure_before_it(cast):
    gone = left(cast)
    employ(cast.alpha, person=gone.person, hired_on=date(2026, 11, 10))
    applied(HELD + "P-000001;Eva Lind;;sales;;Seller;K-1;2026-01-10;2028-01-10\n", cast.karim, "certificates")
    assert Departure.objects.get().employment == gone


def test_another_partners_departure_of_the_person_is_not_touched(cast):
    gone = left(cast)
    employ(cast.bravo, person=gone.person, hired_on=date(2026, 11, 10))
    code = cast.bravo.reference
    applied(HELD + f"{code};Eva Lind;;sales;;Seller;K-1;2026-10-10;2028-01-10\n", cast.karim, "certificates")
    assert Certificate.objects.exists() and not Departure.objects.exists()


@pytest.mark.parametrize(
    "name", ['"=HYPERLINK(""http://x.example"")"', "+49 1", "-Eva", "@Eva", "7 of 9", "(x)"]
)
def test_a_name_that_a_spreadsheet_would_run_is_a_bad_line(cast, name):
    imported = keep(
        f"partner;name;track;issued_on\nP-000001;{name};sales;2026-01-05\n", cast.karim, "certificates"
    )
    assert outcomes(imported) == ["bad"] and "it starts with a letter" in reason(imported)


@pytest.mark.parametrize("name", ["’t Hooft", "'t Hart", "Éva", "李雷", "Øystein", "d’Arc"])
def test_names_of_people_are_names(cast, name):
    imported = keep(
        f"partner;name;track;issued_on\nP-000001;{name};sales;2026-01-05\n", cast.karim, "certificates"
    )
    assert outcomes(imported) == ["new"]


def test_a_file_that_is_too_large_is_refused_on_its_field(cast, client):
    User.objects.update(language="en")
    client.force_login(cast.karim)
    upload = SimpleUploadedFile("big.csv", b"x" * 2_000_001)
    answer = client.post("/certificates/imports/new/", {"kind": "results", "file": upload})
    assert answer.status_code == 422 and "The file is larger than 2 MB." in answer.content.decode()
    assert not ImportedFile.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_only_the_chosen_kind_of_file_is_explained(transactional_db, page, live_server, sign_in):
    cast = make_cast()
    User.objects.update(language="en")
    session = sign_in(cast.karim).cookies["sessionid"].value
    page.context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
    page.goto("/certificates/imports/new/?kind=certificates")
    explained = page.locator(".kinds")
    for kind, shown, hidden in (
        ("certificates", "expires_on", "taken_on"),
        ("results", "taken_on", "answer_1"),
        ("questions", "answer_1", "expires_on"),
    ):
        page.select_option("#id_kind", kind)
        assert shown in explained.inner_text() and hidden not in explained.inner_text(), kind
        assert "2027-01-31" in explained.inner_text()
