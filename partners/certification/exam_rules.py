"""Exams as pure functions (rule G1): who may start one, what is asked, what it is worth."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_DOWN, Decimal
from typing import Any, TypedDict

from portal.core.errors import RuleViolation, gettext_noop

MOST_ANSWERS = 6


class AskedQuestion(TypedDict):
    """A question as it was shown: the places of the right answers and of those that were chosen."""

    question: int
    text: str
    answers: list[str]
    right: list[int]
    chosen: list[int]


@dataclass(frozen=True)
class ExamTerms:
    """What a course says of its exam."""

    attempts: int
    wait_days: int
    pass_mark_pct: int


@dataclass(frozen=True)
class EarlierAttempt:
    taken_on: date
    passed: bool
    another_granted: bool = False


def failures_in_a_row(earlier: Sequence[EarlierAttempt]) -> list[EarlierAttempt]:
    """Those that were failed since the exam was last passed, the last first; one day's in order."""
    failed: list[EarlierAttempt] = []
    # Not sorted backwards, which would leave those of one day in their order.
    for attempt in sorted(earlier, key=lambda one: one.taken_on)[::-1]:
        if attempt.passed:
            break
        failed.append(attempt)
    return failed


def next_attempt_on(terms: ExamTerms, earlier: Sequence[EarlierAttempt]) -> date | None:
    """The first day on which the exam may be taken again; None where nothing has to be waited for."""
    failed = failures_in_a_row(earlier)
    return failed[0].taken_on + timedelta(days=terms.wait_days) if failed else None


def may_start_attempt(
    terms: ExamTerms,
    earlier: Sequence[EarlierAttempt],
    *,
    on: date,
    renewable_from: date | None = None,
) -> None:
    """So many attempts in a row, and after each failed one the next waits, unless another was granted after
    the last. Whoever holds a certificate of the course takes the exam again when it has to be renewed
    (`renewable_from`), not before."""
    if renewable_from is not None and on < renewable_from:
        raise RuleViolation(
            "certificate-valid",
            gettext_noop(
                "Your certificate is valid for longer: you can take the exam again from %(day)s on."
            ),
            day=renewable_from,
        )
    failed = failures_in_a_row(earlier)
    if failed and failed[0].another_granted:
        return
    if len(failed) >= terms.attempts:
        raise RuleViolation(
            "no-attempt-left",
            gettext_noop(
                "All %(attempts)s attempts at this exam have been used. Ask your channel manager what to do."
            ),
            attempts=terms.attempts,
        )
    first_day = next_attempt_on(terms, earlier)
    if first_day is not None and on < first_day:
        raise RuleViolation(
            "wait", gettext_noop("You can take this exam again from %(day)s on."), day=first_day
        )


def check_question(text: str, answers: Sequence[str], right: Sequence[int]) -> None:
    """A question that can be asked: at least two different answers, at least one right and one wrong."""
    if not text:
        raise RuleViolation("no-text", gettext_noop("Write the question."), field="text")
    if not 2 <= len(answers) <= MOST_ANSWERS or "" in answers:
        raise RuleViolation(
            "answers", gettext_noop("Give from 2 to %(most)s answers."), field="answers", most=MOST_ANSWERS
        )
    if len({answer.casefold() for answer in answers}) < len(answers):
        raise RuleViolation("same-answers", gettext_noop("Two answers are the same."), field="answers")
    if not set(right) <= set(range(len(answers))):
        raise RuleViolation("no-such-answer", gettext_noop("A right answer has no text."), field="right")
    if not 0 < len(set(right)) < len(answers):
        raise RuleViolation(
            "right",
            gettext_noop("Mark the right answers: at least one is right and at least one is wrong."),
            field="right",
        )


def ask_shuffled(
    number: int, text: str, answers: Sequence[str], right: Sequence[int], shuffle: Callable[[list[Any]], None]
) -> AskedQuestion:
    """The question with its answers in another order; the right ones stay right."""
    order = list(range(len(answers)))
    shuffle(order)
    return AskedQuestion(
        question=number,
        text=text,
        answers=[answers[place] for place in order],
        right=sorted(new for new, old in enumerate(order) if old in right),
        chosen=[],
    )


def answered(asked: AskedQuestion, chosen: Sequence[int]) -> AskedQuestion:
    """The question with what was chosen; places that it does not have are passed over."""
    kept = sorted({place for place in chosen if 0 <= place < len(asked["answers"])})
    if len(asked["right"]) == 1:
        kept = kept[:1]
    return AskedQuestion(**{**asked, "chosen": kept})


@dataclass(frozen=True)
class Score:
    right: int
    asked: int
    pct: Decimal
    passed: bool


def score(sheet: Sequence[Mapping[str, Any]], pass_mark_pct: int) -> Score:
    """A question counts when exactly its right answers were chosen. The percentage is rounded down, so
    that nobody reads a pass mark that was not reached."""
    right = sum(bool(one["chosen"]) and set(one["chosen"]) == set(one["right"]) for one in sheet)
    if not sheet:
        return Score(0, 0, Decimal("0.00"), passed=False)
    pct = (Decimal(100 * right) / len(sheet)).quantize(Decimal("0.01"), ROUND_DOWN)
    return Score(right, len(sheet), pct, passed=100 * right >= pass_mark_pct * len(sheet))
