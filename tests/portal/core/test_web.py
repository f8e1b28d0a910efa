"""A refusal reaches the person: on the field, or as a page with its reason."""

from datetime import date
from decimal import Decimal

import pytest
from django import forms
from django.contrib.auth.models import AnonymousUser
from django.test import RequestFactory
from django.utils import translation

from portal.core.errors import NotAllowed, RuleViolation, WrongState
from portal.core.web import RefusalMiddleware, add_violation, message_of


class SmallForm(forms.Form):
    name = forms.CharField()


def bound_form() -> SmallForm:
    form = SmallForm({"name": "x"})
    assert form.is_valid()
    return form


def test_a_violation_stands_on_its_field():
    form = bound_form()
    add_violation(form, RuleViolation("c", "At most %(most)s.", field="name", most=5))
    assert form.errors == {"name": ["At most 5."]}


def test_a_violation_without_such_a_field_stands_above_the_form():
    form = bound_form()
    add_violation(form, RuleViolation("c", "Not 100 %.", field="elsewhere"))
    assert form.errors == {"__all__": ["Not 100 %."]}


def test_messages_are_translated_where_they_are_shown():
    with translation.override("fr"):
        assert message_of(RuleViolation("c", "%(n)s partners", n=3)) == "3 partners"


def test_figures_and_dates_are_written_as_the_reader_does():
    refusal = RuleViolation("c", "%(pct)s until %(day)s", pct=Decimal("7.5"), day=date(2027, 2, 1))
    with translation.override("fr"):
        assert message_of(refusal) == "7,5 until 1 février 2027"
    with translation.override("en"):
        assert message_of(refusal).startswith("7.5 until")


@pytest.mark.parametrize(
    ("refusal", "status"),
    [
        (NotAllowed("c", "Only Nora."), 403),
        (WrongState("c", "Only Nora."), 409),
        (RuleViolation("c", "Only Nora."), 422),
    ],
)
@pytest.mark.django_db
def test_refusals_become_pages_and_never_server_errors(refusal, status):
    request = RequestFactory().get("/")
    request.user = AnonymousUser()
    answer = RefusalMiddleware(lambda r: None).process_exception(request, refusal)
    assert answer.status_code == status
    assert "Only Nora." in answer.content.decode()


def test_other_errors_stay_errors():
    assert RefusalMiddleware(lambda r: None).process_exception(RequestFactory().get("/"), KeyError()) is None
