"""Courses, exams and certificates, for the tests of this app."""

from datetime import date
from typing import Any

from partners.certification.models import Attempt, Certificate, Course, Employment, Track
from tests.partners.certification.team import AT, ON


def course(code: str = "KT-100", track: str = Track.TECHNICAL, **facts: Any) -> Course:
    return Course.objects.create(
        **{
            "code": code,
            "title": "Endpoint Security, administration",
            "track": track,
            "mode": "on_site",
            "language": "en",
            "duration_hours": 16,
            "is_published": True,
        }
        | facts
    )


def passed(employment: Employment, of: Course, taken_on: date = ON, **facts: Any) -> Attempt:
    return Attempt.objects.create(
        **{
            "course": of,
            "employment": employment,
            "started_at": AT,
            "finished_at": AT,
            "score_pct": 84,
            "passed": True,
            "taken_on": taken_on,
        }
        | facts
    )


def certificate(employment: Employment, number: str, **facts: Any) -> Certificate:
    """As it stands in the table, whatever way it came there."""
    return Certificate.objects.create(
        **{
            "number": number,
            "person": employment.person,
            "holder_name": employment.full_name,
            "title": "Endpoint Security, administration",
            "track": Track.TECHNICAL,
            "issued_on": date(2025, 12, 1),
            "expires_on": date(2027, 12, 1),
            "code": number.encode().hex()[:32].zfill(32),
        }
        | facts
    )
