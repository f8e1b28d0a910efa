"""From a place in a session to a certificate, in the browser."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from partners.certification.models import Attempt, Booking, Certificate
from portal.accounts.models import User
from tests.partners.certification import school
from tests.partners.certification.team import employ

pytestmark = [pytest.mark.django_db(transaction=True)]


@pytest.fixture
def tina(cast):
    User.objects.update(language="en")
    return employ(cast.alpha, "Tina Faure", cast.tina)


def test_an_employee_is_booked_and_passes_an_exam(cast, visitor, tina):
    session = school.session(school.course(), seats=1, starts_at=timezone.now() + timedelta(days=30))
    exam = school.online()
    alice = visitor(cast.alice)
    alice.goto(f"{session.get_absolute_url()}")
    alice.check(f"input[name=employees][value='{tina.pk}']")
    alice.click("#book button.btn-primary")
    alice.wait_for_selector("text=1 place is booked.")
    assert Booking.objects.get().status == "booked"

    page = visitor(cast.tina)
    page.goto(f"/training/{exam.code}/")
    page.click("text=I begin the course")
    page.wait_for_selector("text=I have finished the course")
    page.click("text=Begin the exam")
    page.click("#confirm-dialog button.btn-primary")
    page.wait_for_url("**/training/exams/*/")
    attempt = Attempt.objects.get()
    assert re.fullmatch(r"(29|30):\d\d", page.inner_text("[data-clock]"))
    for place, asked in enumerate(attempt.sheet):
        page.check(f"input[name=q{place}][value='{asked['right'][0]}']")
    page.wait_for_selector("#saved:has-text('Answers kept at')")
    # Kept without handing in: they are there after a reload.
    page.reload()
    assert page.locator("#exam input:checked").count() == len(attempt.sheet)
    page.click("text=Hand in")
    page.click("#confirm-dialog button.btn-primary")
    page.wait_for_selector("text=Congratulations!")
    certificate = Certificate.objects.get()
    assert certificate.number in page.inner_text("main")
    assert (certificate.person, certificate.attempt) == (tina.person, attempt)


def test_an_exam_is_taken_without_scripts(cast, visitor, tina):
    exam = school.online()
    page = visitor(cast.tina, java_script_enabled=False)
    page.goto(f"/training/{exam.code}/")
    page.click("text=Begin the exam")
    page.wait_for_url("**/training/exams/*/")
    attempt = Attempt.objects.get()
    page.check(f"input[name=q0][value='{attempt.sheet[0]['right'][0]}']")
    page.click("text=Keep the answers")
    assert page.locator("#exam input:checked").count() == 1
    page.click("text=Hand in")
    assert "Not passed" in page.inner_text("main")
    attempt.refresh_from_db()
    assert attempt.score_pct == 25
