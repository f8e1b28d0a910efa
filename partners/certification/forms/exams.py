from collections.abc import Sequence
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from partners.certification.exam_rules import MOST_ANSWERS, AskedQuestion
from partners.certification.forms.fields import DayField
from partners.certification.models import Course, Employment, Question
from partners.certification.training import results_proposed
from portal.accounts.models import User
from portal.core.form_fields import OneLine, Paragraphs, staying

MOST_PROPOSED = 100


class QuestionForm(forms.Form):
    """A question with its answers, of which those that are ticked are right."""

    text = Paragraphs(label=_("Question"), max_length=1_000, widget=forms.Textarea(attrs={"rows": 3}))

    def __init__(self, *args: Any, question: Question | None = None, **kwargs: Any) -> None:
        initial: dict[str, Any] = {}
        if question:
            initial["text"] = question.text
            for place, answer in enumerate(question.answers):
                initial |= {f"answer_{place}": answer, f"right_{place}": place in question.right}
        super().__init__(*args, initial=initial, **kwargs)
        for place in range(MOST_ANSWERS):
            self.fields[f"answer_{place}"] = OneLine(
                label=_("Answer %(number)d") % {"number": place + 1}, max_length=300, required=False
            )
            self.fields[f"right_{place}"] = forms.BooleanField(
                label=_("Answer %(number)d is right") % {"number": place + 1}, required=False
            )

    @property
    def rows(self) -> list[dict[str, Any]]:
        return [
            {"answer": self[f"answer_{place}"], "right": self[f"right_{place}"]}
            for place in range(MOST_ANSWERS)
        ]

    def arguments(self) -> dict[str, Any]:
        """Rows without a text count only when they are marked as right, which is then refused."""
        given = self.cleaned_data
        rows = [(given[f"answer_{place}"], given[f"right_{place}"]) for place in range(MOST_ANSWERS)]
        kept = [row for row in rows if row[0] or row[1]]
        return {
            "text": given["text"],
            "answers": [text for text, _right in kept],
            "right": [place for place, (_text, right) in enumerate(kept) if right],
        }


class GrantForm(forms.Form):
    reason = forms.CharField(
        label=_("Reason"),
        max_length=1_000,
        help_text=staying(_("The person reads it.")),
        widget=forms.Textarea(attrs={"rows": 2}),
    )


class ResultForm(forms.Form):
    """The result of one person: one of those who came to a session, or anybody by the e-mail address."""

    employee = forms.ModelChoiceField(
        Employment.objects.none(), label=_("Who came to a session"), required=False, empty_label=_("Choose")
    )
    email = forms.EmailField(
        label=_("Or an e-mail address"),
        required=False,
        max_length=254,
        help_text=_("Of an employee who came to none."),
    )
    taken_on = DayField(label=_("Day of the exam"))
    score_pct = forms.DecimalField(
        label=_("Result (%)"), min_value=0, max_value=100, max_digits=5, decimal_places=2
    )

    def __init__(self, *args: Any, course: Course, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.seen = Employment.objects.visible_to(user).select_related("partner", "person")
        proposed = results_proposed(course, user)
        self.fields["employee"].queryset = Employment.objects.filter(
            pk__in=list(proposed.values_list("pk", flat=True)[:MOST_PROPOSED])
        ).select_related("partner")
        self.fields["employee"].label_from_instance = lambda one: f"{one.full_name} · {one.partner}"

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if self.errors:
            return given
        email = given.get("email", "")
        if bool(given.get("employee")) == bool(email):
            self.add_error("employee", _("Name one person: from the list or by the e-mail address."))
        elif email:
            found = list(self.seen.filter(email__iexact=email).order_by("-hired_on")[:2])
            if not found:
                self.add_error("email", _("No employee that you see has this address."))
            elif len({one.person_id for one in found}) > 1:
                self.add_error("email", _("Several people have this address."))
            else:
                given["employee"] = found[0]
        return given


def answers_of(sheet: Sequence[AskedQuestion], data: QueryDict) -> dict[int, list[int]]:
    """What was chosen on the page of an exam, by the question's place; nothing where the page did not
    send its answers. What is no number of an answer is passed over."""
    if "answers" not in data:
        return {}
    return {
        place: [
            int(value)
            for value in data.getlist(f"q{place}")[:20]
            if value.isascii() and value.isdigit() and len(value) < 4
        ]
        for place in range(len(sheet))
    }
