"""Courses and sessions for the tests of training."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from partners.certification.actions.courses import CourseFacts
from partners.certification.actions.sessions import SessionFacts
from partners.certification.models import Course, Question, Session
from portal.accounts.models import User
from portal.core.errors import RuleViolation, WrongState

STARTS = datetime(2026, 12, 14, 8, tzinfo=UTC)


def course(code: str = "EPS-1", **facts: Any) -> Course:
    return Course.objects.create(
        **{
            "code": code,
            "title": "Endpoint Security in practice",
            "track": "technical",
            "mode": "on_site",
            "language": "en",
            "duration_hours": Decimal(8),
            "is_published": True,
        }
        | facts
    )


def online(code: str = "SALES-1", questions: int = 4, **facts: Any) -> Course:
    """An online course with an exam on the portal: of each question the first answer is right."""
    made = course(
        code,
        **{
            "title": "Selling Endpoint Security",
            "track": "sales",
            "mode": "online",
            "link": "https://learn.example/sales",
            "exam_mode": "online",
            "exam_questions": questions,
            "exam_minutes": 30,
            "exam_attempts": 2,
            "exam_wait_days": 7,
        }
        | facts,
    )
    Question.objects.bulk_create(
        Question(course=made, text=f"Question {n}?", answers=["Right", "Wrong", "Worse"], right=[0])
        for n in range(questions)
    )
    return made


def session(of: Course, seats: int = 2, **facts: Any) -> Session:
    starts = facts.get("starts_at", STARTS)
    return Session.objects.create(
        **{
            "course": of,
            "country": "FR",
            "place": "Paris",
            "starts_at": starts,
            "ends_at": starts + timedelta(hours=8),
            "closes_at": starts - timedelta(days=3),
            "seats": seats,
        }
        | facts
    )


def course_facts(**changed: Any) -> CourseFacts:
    return CourseFacts(
        **{
            "title": "Endpoint Security in practice",
            "description": "Two days.",
            "track": "technical",
            "technology": None,
            "mode": "on_site",
            "language": "en",
            "duration_hours": Decimal(16),
            "price": Decimal(900),
            "currency": "EUR",
            "validity_months": None,
            "link": "",
            "exam_mode": "recorded",
            "exam_questions": 20,
            "exam_minutes": 45,
            "pass_mark_pct": 70,
            "exam_attempts": 3,
            "exam_wait_days": 7,
        }
        | changed
    )


def session_facts(**changed: Any) -> SessionFacts:
    return SessionFacts(
        **{
            "country": "FR",
            "place": "Paris",
            "starts_at": STARTS,
            "ends_at": STARTS + timedelta(hours=8),
            "closes_at": STARTS - timedelta(days=3),
            "seats": 2,
        }
        | changed
    )


def right_answers(attempt: Any) -> dict[int, list[int]]:
    return {place: asked["right"] for place, asked in enumerate(attempt.sheet)}


def wrong_answers(attempt: Any) -> dict[int, list[int]]:
    return {
        place: [next(n for n in range(len(asked["answers"])) if n not in asked["right"])]
        for place, asked in enumerate(attempt.sheet)
    }


def acting(cast: Any, name: str) -> User:
    return cast.again(getattr(cast, name))


def code_of(refusing: Callable[..., Any], *args: Any, **more: Any) -> str:
    with pytest.raises((RuleViolation, WrongState)) as refused:
        refusing(*args, **more)
    return refused.value.code
