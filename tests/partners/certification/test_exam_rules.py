"""Exams as pure functions: who may start one, and what it is worth."""

import random
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partners.certification.exam_rules import (
    EarlierAttempt,
    ExamTerms,
    answered,
    ask_shuffled,
    check_question,
    may_start_attempt,
    next_attempt_on,
    score,
)
from portal.core.errors import RuleViolation

TERMS = ExamTerms(attempts=3, wait_days=7, pass_mark_pct=70)


def failed(*days: str) -> list[EarlierAttempt]:
    return [EarlierAttempt(date.fromisoformat(day), passed=False) for day in days]


PASSED = EarlierAttempt(date(2026, 2, 1), passed=True)


@pytest.mark.parametrize(
    ("earlier", "on", "renewable_from", "code"),
    [
        ([], "2026-03-01", None, None),
        # Failed on the 1st, seven days of waiting: the 8th is the first good day.
        (failed("2026-03-01"), "2026-03-01", None, "wait"),
        (failed("2026-03-01"), "2026-03-07", None, "wait"),
        (failed("2026-03-01"), "2026-03-08", None, None),
        # Over the end of February, in a leap year too.
        (failed("2027-02-25"), "2027-03-03", None, "wait"),
        (failed("2027-02-25"), "2027-03-04", None, None),
        (failed("2028-02-25"), "2028-03-02", None, "wait"),
        (failed("2028-02-25"), "2028-03-03", None, None),
        # The last one counts, in whatever order they come.
        (failed("2026-03-01", "2026-03-09"), "2026-03-15", None, "wait"),
        (failed("2026-03-09", "2026-03-01"), "2026-03-16", None, None),
        (failed("2026-01-01", "2026-01-09", "2026-01-17"), "2026-12-01", None, "no-attempt-left"),
        # Passed in between: the row begins again.
        ([*failed("2026-01-01", "2026-01-09"), PASSED], "2026-02-02", None, None),
        ([*failed("2026-01-01", "2026-01-09"), PASSED, *failed("2026-03-01")], "2026-03-08", None, None),
        # A certificate that is valid for longer is renewed from its first reminder on.
        ([PASSED], "2026-10-31", "2026-11-01", "certificate-valid"),
        ([PASSED], "2026-11-01", "2026-11-01", None),
    ],
)
def test_an_exam_may_be_begun(earlier, on, renewable_from, code):
    asked = {
        "on": date.fromisoformat(on),
        "renewable_from": date.fromisoformat(renewable_from) if renewable_from else None,
    }
    if code is None:
        may_start_attempt(TERMS, earlier, **asked)
    else:
        with pytest.raises(RuleViolation) as refused:
            may_start_attempt(TERMS, earlier, **asked)
        assert refused.value.code == code


def test_without_a_failed_attempt_nothing_is_waited_for():
    assert next_attempt_on(TERMS, [PASSED]) is None


def asked(right, chosen, answers=4):
    return {"right": right, "chosen": chosen, "answers": ["x"] * answers}


@pytest.mark.parametrize(
    ("sheet", "mark", "right", "pct", "passed"),
    [
        ([], 1, 0, "0.00", False),
        ([asked([0], [0])], 100, 1, "100.00", True),
        ([asked([0], [1])], 1, 0, "0.00", False),
        ([asked([0], [])], 1, 0, "0.00", False),
        # Several right answers: all of them and no other.
        ([asked([0, 2], [0, 2])], 100, 1, "100.00", True),
        ([asked([0, 2], [0])], 100, 0, "0.00", False),
        ([asked([0, 2], [0, 1, 2])], 100, 0, "0.00", False),
        # Two of three are 66.666…: shown rounded down, judged exactly.
        ([asked([0], [0]), asked([0], [0]), asked([0], [1])], 66, 2, "66.66", True),
        ([asked([0], [0]), asked([0], [0]), asked([0], [1])], 67, 2, "66.66", False),
        ([asked([0], [0])] * 7 + [asked([0], [1])] * 3, 70, 7, "70.00", True),
    ],
)
def test_an_exam_is_worth(sheet, mark, right, pct, passed):
    found = score(sheet, mark)
    assert (found.right, found.asked, found.pct, found.passed) == (right, len(sheet), Decimal(pct), passed)


answers_lists = st.lists(st.text(min_size=1, max_size=8), min_size=2, max_size=6, unique=True)


@st.composite
def questions(draw):
    answers = draw(answers_lists)
    right = draw(st.sets(st.integers(0, len(answers) - 1), min_size=1, max_size=len(answers) - 1))
    return answers, sorted(right)


@given(questions(), st.randoms(use_true_random=False))
def test_shuffling_keeps_the_right_answers_right(question, dice):
    answers, right = question
    shown = ask_shuffled(1, "?", answers, right, dice.shuffle)
    assert sorted(shown["answers"]) == sorted(answers)
    assert {shown["answers"][place] for place in shown["right"]} == {answers[place] for place in right}
    assert shown["chosen"] == []


@given(st.lists(questions(), max_size=30), st.data(), st.integers(1, 100))
def test_no_score_lies_outside_of_0_and_100(bank, data, mark):
    dice = random.Random(7)
    sheet = []
    for number, (answers, right) in enumerate(bank):
        shown = ask_shuffled(number, "?", answers, right, dice.shuffle)
        chosen = data.draw(st.lists(st.integers(-3, 10), max_size=8))
        sheet.append(answered(shown, chosen))
    found = score(sheet, mark)
    assert 0 <= found.pct <= 100
    assert found.passed == (bool(sheet) and 100 * found.right >= mark * len(sheet))
    assert score([answered(one, one["right"]) for one in sheet], mark).right == len(sheet)


def test_of_one_right_answer_only_one_can_be_chosen():
    shown = ask_shuffled(1, "?", ["a", "b", "c"], [0], lambda order: None)
    assert answered(shown, [0, 1, 2])["chosen"] == [0]
    assert answered(shown, [7, -1])["chosen"] == []


@pytest.mark.parametrize(
    ("text", "answers", "right", "code"),
    [
        ("?", ["a", "b"], [0], None),
        ("?", ["a", "b", "c"], [0, 1], None),
        ("", ["a", "b"], [0], "no-text"),
        ("?", ["a"], [0], "answers"),
        ("?", list("abcdefg"), [0], "answers"),
        ("?", ["a", ""], [0], "answers"),
        ("?", ["a", "A"], [0], "same-answers"),
        ("?", ["a", "b"], [], "right"),
        ("?", ["a", "b"], [0, 1], "right"),
        ("?", ["a", "b"], [2], "no-such-answer"),
    ],
)
def test_a_question_can_be_asked(text, answers, right, code):
    if code is None:
        check_question(text, answers, right)
    else:
        with pytest.raises(RuleViolation) as refused:
            check_question(text, answers, right)
        assert refused.value.code == code
