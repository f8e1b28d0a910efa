"""What the lines of an uploaded file of exam results, of existing certificates or of questions would do: each
is good, good with a new employee, known already, or bad with a reason. Reads only; people are looked for at
the partner that the line names and nowhere else."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from functools import cached_property
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db.models.functions import Upper

from partners.catalogue.models import ProductGroup
from partners.catalogue.price_file import Wrong, read_day
from partners.certification.exam_rules import MOST_ANSWERS, check_question
from partners.certification.models import (
    Attempt,
    Certificate,
    Course,
    Employment,
    ExamMode,
    ImportedFile,
    ImportKind,
    Question,
    Track,
)
from partners.certification.rules import check_name, last_valid_day
from partners.certification.selectors import TIER_TRACKS
from partners.organisations.models import Partner
from partners.programme.models import Edition
from partners.programme.selectors import NoEditionInForce, rulebook_on
from portal.accounts.models import User
from portal.core.calendar import date_in, months_after
from portal.core.errors import RuleViolation, gettext_noop
from portal.core.exports import FORMULA_STARTS
from portal.core.uploaded_tables import Line, read_table

MAX_BYTES = 2_000_000
MAX_LINES = 2_000
LONGEST_VALIDITY_MONTHS = 240
COLUMNS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    ImportKind.RESULTS: (("partner", "employee", "course", "taken_on"), ("score", "passed")),
    ImportKind.CERTIFICATES: (
        ("partner", "name", "issued_on"),
        ("email", "track", "course", "title", "number", "expires_on"),
    ),
    ImportKind.QUESTIONS: (
        ("course", "question", "right", "answer_1", "answer_2"),
        (*(f"answer_{number}" for number in range(3, MOST_ANSWERS + 1)), "in_use"),
    ),
}
REASON = "reason"
ANSWERS = [f"answer_{number}" for number in range(1, MOST_ANSWERS + 1)]
LONGEST = {
    "name": 120, "employee": 254, "email": 254, "title": 200, "number": 20, "question": 1_000,
    **dict.fromkeys(ANSWERS, 300),
}  # fmt: skip
GOOD, NEW, KNOWN, BAD = "good", "new", "known", "bad"

_NUMBER = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{2,19}")
_YES = {"yes", "y", "true", "1", "oui", "passed", "x"}
_NO = {"no", "n", "false", "0", "non", "failed"}


@dataclass
class Judged:
    """A line with what it means, as far as it means something."""

    number: int
    cells: dict[str, str]
    outcome: str = GOOD
    problem: str = ""
    params: dict[str, Any] = field(default_factory=dict)
    partner: Any = None
    holder: Any = None
    # None with the outcome `new`: nobody of this name and address has worked at the partner.
    employment: Any = None
    course: Any = None
    track: str = ""
    technology: Any = None
    title: str = ""
    certificate_number: str = ""
    day: Any = None
    expires_on: date | None = None
    score_pct: Any = None
    question: str = ""
    answers: list[str] = field(default_factory=list)
    right: list[int] = field(default_factory=list)
    in_use: bool = True

    def stored(self) -> dict[str, Any]:
        return {
            "line": self.number,
            "cells": self.cells,
            "outcome": self.outcome,
            "problem": self.problem,
            "params": self.params,
        }


def read_lines(kind: str, content: bytes) -> list[Line]:
    """Raises Unreadable."""
    required, optional = COLUMNS[kind]
    # The report of bad lines may come back, mended, with its column of reasons.
    lines = read_table(
        content,
        required=required,
        optional=(*optional, REASON),
        max_bytes=MAX_BYTES,
        max_lines=MAX_LINES,
        max_cell=max(LONGEST.values()),
    )
    for line in lines:
        line.cells.pop(REASON, None)
    return lines


def partners_named(lines: Iterable[Line], reader: User) -> dict[str, Partner]:
    """The partners that the lines name and the reader sees, by number."""
    named = {line.cells.get("partner", "").upper() for line in lines}
    return {
        partner.reference: partner
        for partner in Partner.objects.visible_to(reader).filter(reference__in=named)
    }


def lines_of(imported: ImportedFile) -> list[Line]:
    return [Line(one["line"], one["cells"]) for one in imported.lines]


def judge(kind: str, lines: list[Line], *, reader: User, at: datetime) -> list[Judged]:
    """The number of statements does not grow with the number of lines."""
    check = _checker(kind, lines, reader)
    judged = []
    for line in lines:
        one = Judged(line.number, line.cells)
        try:
            _check_lengths(line.cells)
            check(one, at)
        except Wrong as wrong:
            one.outcome, one.problem, one.params = BAD, wrong.message, wrong.params
        judged.append(one)
    return judged


def _checker(kind: str, lines: list[Line], reader: User) -> Callable[[Judged, datetime], None]:
    if kind == ImportKind.QUESTIONS:
        return _Banks(courses_named(lines, reader)).check_question
    known = _Known(partners_named(lines, reader), {line.cells.get("number", "").upper() for line in lines})
    return known.check_result if kind == ImportKind.RESULTS else known.check_certificate


def courses_named(lines: Iterable[Line], reader: User) -> dict[str, Course]:
    named = {line.cells.get("course", "").upper() for line in lines}
    seen = Course.objects.visible_to(reader).annotate(upper=Upper("code")).filter(upper__in=named)
    return {course.code.upper(): course for course in seen}


def _check_lengths(cells: dict[str, str]) -> None:
    for column, text in cells.items():
        if len(text) > LONGEST.get(column, 100):
            raise Wrong(gettext_noop("The cell “%(column)s” is too long."), column=column)


def _folded(text: str) -> str:
    return " ".join(text.split()).casefold()


class _Known:
    """What the portal holds of the partners that a file names."""

    def __init__(self, partners: dict[str, Partner], numbers: set[str]) -> None:
        self.partners = partners
        ids = [partner.pk for partner in partners.values()]
        self.courses = {course.code.upper(): course for course in Course.objects.select_related("technology")}
        self.groups = {group.code: group for group in ProductGroup.objects.all()}
        self.by_email: dict[tuple[int, str], list[Employment]] = {}
        self.by_name: dict[tuple[int, str], list[Employment]] = {}
        rows = Employment.objects.filter(partner__in=ids, person__erased_at=None).order_by("hired_on", "pk")
        for employment in rows:
            self.by_name.setdefault((employment.partner_id, _folded(employment.full_name)), []).append(
                employment
            )
            if employment.email:
                self.by_email.setdefault((employment.partner_id, employment.email.lower()), []).append(
                    employment
                )
        people = Employment.objects.filter(partner__in=ids).values("person")
        self.attempts = set(
            Attempt.objects.filter(employment__partner__in=ids, ends_at=None).values_list(
                "employment_id", "course_id", "taken_on"
            )
        )
        self.dated = {
            tuple(row)
            for row in Certificate.objects.filter(person__in=people, withdrawn_on=None).values_list(
                "person_id", "track", "technology_id", "issued_on"
            )
        }
        self.numbers: dict[str, Any] = dict(
            Certificate.objects.filter(number__in=numbers).values_list("number", "person_id")
        )
        # New people and certificates of lines above.
        self.planned: set[tuple[Any, ...]] = set()

    @cached_property
    def first_day(self) -> date:
        """Of the first edition: before it nothing says how long a certificate is valid."""
        first = Edition.objects.published().order_by("in_force_from").first()
        return first.in_force_from if first else date.max

    # ------------------------------------------------------------ single cells

    def partner(self, one: Judged) -> Partner:
        partner = self.partners.get(one.cells.get("partner", "").upper())
        if partner is None:
            raise Wrong(gettext_noop("You see no partner with this number."))
        return partner

    def course_of(self, text: str) -> Course:
        course = self.courses.get(text.upper())
        if course is None:
            raise Wrong(gettext_noop("No course has this code."))
        return course

    def past_day(self, text: str, partner: Partner, at: datetime) -> date:
        day = read_day(text)
        if day > date_in(partner.country, at):
            raise Wrong(gettext_noop("This day has not come yet."))
        return day

    def person(self, partner: Partner, email: str, name: str) -> list[Employment]:
        """The employments of the one person meant; by the address where there is one."""
        found = self.by_email.get((partner.pk, email.lower()), []) if email else []
        if not found and name:
            found = [
                employment
                for employment in self.by_name.get((partner.pk, _folded(name)), [])
                # Another address is another person of the same name.
                if not (email and employment.email)
            ]
        if len({employment.person_id for employment in found}) > 1:
            raise Wrong(
                gettext_noop("Several people at this partner bear this name: give the e-mail address.")
            )
        return found

    # ------------------------------------------------------------ results of exams

    def check_result(self, one: Judged, at: datetime) -> None:
        one.partner = partner = self.partner(one)
        one.course = course = self.course_of(one.cells.get("course", ""))
        if course.exam_mode != ExamMode.RECORDED:
            raise Wrong(gettext_noop("The exam of this course is taken on the portal."))
        one.day = self.past_day(one.cells.get("taken_on", ""), partner, at)
        if one.day < self.first_day:
            raise Wrong(gettext_noop("No edition of the programme was in force on this day."))
        one.score_pct = _score(one.cells, course)
        meant = one.cells.get("employee", "")
        email, name = (meant, "") if "@" in meant else ("", meant)
        there = [
            employment for employment in self.person(partner, email, name) if employment.works_on(one.day)
        ]
        if not there:
            raise Wrong(gettext_noop("Nobody of this name or address worked at the partner on that day."))
        one.employment = there[0]
        key = (one.employment.pk, course.pk, one.day)
        if key in self.attempts:
            one.outcome = KNOWN
        self.attempts.add(key)

    # ------------------------------------------------------------ existing certificates

    def check_certificate(self, one: Judged, at: datetime) -> None:
        one.partner = partner = self.partner(one)
        name, email = one.cells.get("name", ""), one.cells.get("email", "")
        if not name:
            raise Wrong(gettext_noop("The name is missing."))
        try:
            check_name(name)
        except RuleViolation as refusal:
            raise Wrong(refusal.message) from None
        if email:
            try:
                validate_email(email)
            except ValidationError:
                raise Wrong(gettext_noop("This is no e-mail address.")) from None
        self._read_what(one)
        one.day = self.past_day(one.cells.get("issued_on", ""), partner, at)
        one.expires_on = self._last_day(one, one.day)
        found = self.person(partner, email, name)
        if found:
            one.employment = found[-1]
            if one.employment.left_on is not None and one.employment.left_on < one.day:
                raise Wrong(gettext_noop("The person had left the partner by then."))
            one.holder = one.employment.person_id
        else:
            one.outcome = NEW
            one.holder = (partner.pk, email.lower() or _folded(name))
        self._check_number(one)
        key = (one.holder, one.track, one.technology.pk if one.technology else None, one.day)
        if key in self.dated or key in self.planned:
            one.outcome = KNOWN
        self.planned.add(key)

    def _read_what(self, one: Judged) -> None:
        code, track = one.cells.get("course", ""), one.cells.get("track", "").lower()
        if code:
            one.course = course = self.course_of(code)
            one.track, one.technology, one.title = course.track, course.technology, course.title
            return
        if track in TIER_TRACKS:
            one.track = track
        elif track in self.groups:
            one.track, one.technology = str(Track.TECHNOLOGY), self.groups[track]
        else:
            raise Wrong(
                gettext_noop("A course, or a track is needed: sales, technical, or the code of a technology.")
            )
        label = one.technology.name if one.technology else Track(one.track).label
        one.title = one.cells.get("title", "") or str(label)

    def _last_day(self, one: Judged, day: date) -> date:
        text = one.cells.get("expires_on", "")
        if not text:
            try:
                terms = rulebook_on(day).staff
            except NoEditionInForce:
                raise Wrong(gettext_noop("Give the last day: no edition tells it for this date.")) from None
            return last_valid_day(day, one.course.validity_months if one.course else None, terms)
        last = read_day(text)
        if last < day:
            raise Wrong(gettext_noop("The last day lies before the first."))
        if day.year < 9_000 and last > months_after(day, LONGEST_VALIDITY_MONTHS):
            raise Wrong(
                gettext_noop("A certificate is valid for %(years)s years at most."),
                years=LONGEST_VALIDITY_MONTHS // 12,
            )
        return last

    def _check_number(self, one: Judged) -> None:
        text = one.cells.get("number", "").upper()
        if not text:
            return
        if not _NUMBER.fullmatch(text):
            raise Wrong(gettext_noop("A number consists of 3 to 20 letters, digits and hyphens."))
        one.certificate_number = text
        taken = self.numbers.get(text)
        if taken is None:
            self.numbers[text] = one.holder
            return
        if taken == one.holder:
            one.outcome = KNOWN
            return
        raise Wrong(gettext_noop("This number belongs to another certificate."))


class _Banks:
    """The questions that the courses of a file have already."""

    def __init__(self, courses: dict[str, Course]) -> None:
        self.courses = courses
        self.answers: dict[tuple[int, str], dict[str, bool]] = {}
        for question in Question.objects.filter(course__in=courses.values()):
            key = (question.course_id, _folded(question.text))
            self.answers[key] = _marked(question.answers, question.right)

    def check_question(self, one: Judged, at: datetime) -> None:
        course = self.courses.get(one.cells.get("course", "").upper())
        if course is None:
            raise Wrong(gettext_noop("No course has this code."))
        one.course, one.question = course, _undefused(one.cells.get("question", ""))
        texts = {number: _undefused(one.cells.get(name, "")) for number, name in enumerate(ANSWERS, start=1)}
        given = [number for number, text in texts.items() if text]
        one.answers = [texts[number] for number in given]
        one.right = [
            given.index(number) if number in given else len(given)
            for number in _numbers(one.cells.get("right", ""))
        ]
        try:
            check_question(one.question, one.answers, one.right)
        except RuleViolation as refusal:
            raise Wrong(refusal.message, **refusal.params) from None
        one.in_use = _said(one.cells.get("in_use", ""), column="in_use") is not False
        key = (course.pk, _folded(one.question))
        before = self.answers.setdefault(key, marked := _marked(one.answers, one.right))
        if before is marked:
            return
        if before != marked:
            raise Wrong(gettext_noop("This question is there already with other answers: edit it there."))
        one.outcome = KNOWN


def _marked(answers: list[str], right: list[int]) -> dict[str, bool]:
    return {_folded(text): place in right for place, text in enumerate(answers)}


def _numbers(text: str) -> list[int]:
    """The numbers of the right answers; a spreadsheet may have made a decimal number of two."""
    parts = [part for part in re.split(r"[\s,;.+/&]+", text) if part]
    if not all(re.fullmatch(r"[0-9]{1,2}", part) for part in parts):
        raise Wrong(gettext_noop("Name the right answers by their numbers, such as 1 or 1, 3."))
    return [int(part) for part in parts]


def _undefused(text: str) -> str:
    """As it was before a file of the portal was made safe for spreadsheets."""
    return text[1:] if text.startswith("'") and text[1:].startswith(FORMULA_STARTS) else text


def _said(text: str, *, column: str) -> bool | None:
    if text and text.lower() not in _YES | _NO:
        raise Wrong(gettext_noop("“%(column)s” is yes or no."), column=column)
    return text.lower() in _YES if text else None


def _score(cells: dict[str, str], course: Course) -> Decimal:
    """The points, or where the file says only passed or not the pass mark or none."""
    points, passed = cells.get("score", "").replace(",", ".").rstrip("% "), cells.get("passed", "").lower()
    said = passed in _YES if passed else None
    if passed and passed not in _YES | _NO:
        raise Wrong(gettext_noop("“Passed” is yes or no."))
    if not points:
        if said is None:
            raise Wrong(gettext_noop("The score is missing, and whether the exam was passed."))
        return Decimal(course.pass_mark_pct if said else 0)
    try:
        score = Decimal(points)
    except InvalidOperation:
        raise Wrong(gettext_noop("A score from 0 to 100 is needed.")) from None
    if not score.is_finite() or not 0 <= score <= 100:
        raise Wrong(gettext_noop("A score from 0 to 100 is needed."))
    score = score.quantize(Decimal("0.01"))
    if said is not None and said != (score >= course.pass_mark_pct):
        raise Wrong(
            gettext_noop("The score and “passed” contradict each other: the pass mark is %(mark)s %%."),
            mark=course.pass_mark_pct,
        )
    return score
