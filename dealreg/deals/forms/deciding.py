"""The forms of the moves: what a person fills in before a deal goes on."""

import re
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from dealreg.deals.actions.conversation import EvidenceInput
from dealreg.deals.actions.drafting import DRAFT_FIELDS, LineInput
from dealreg.deals.actions.reviewing import unlocked_fields
from dealreg.deals.actions.submitting import REQUIRED
from dealreg.deals.forms.registering import (
    OneLine,
    describe_as_other,
)
from dealreg.deals.forms.uploads import (
    FILE_AGAIN,
    WithFiles,
    drop_attributes,
    files_field,
    limits_in_words,
)
from dealreg.deals.models import (
    MAX_NODES,
    Deal,
    EvidenceKind,
    LossCode,
    Question,
    RejectionCode,
    RevocationCode,
)
from dealreg.deals.selectors import price_table
from partners.catalogue.models import Product
from portal.core.calendar import date_in
from portal.core.errors import PortalError
from portal.core.form_fields import DayInput
from portal.core.formats import alphabetical, country_name
from portal.core.web import message_of
from portal.core.whole_numbers import WholeNumberField

TEXT_LENGTH = 4000

# What may be unlocked, grouped as the deal's page shows it.
UNLOCKABLE_GROUPS: list[tuple[Any, list[tuple[str, Any]]]] = [
    (
        _("Customer"),
        [
            ("customer_name", _("Name of the customer")),
            ("customer_country", _("Country")),
            ("customer_city", _("Town")),
            ("web_domain", _("Web domain")),
            ("company_number", _("VAT or company number")),
            ("contact", _("Contact at the customer")),
        ],
    ),
    (
        _("Opportunity"),
        [
            ("nodes", _("Number of nodes")),
            ("lines", _("Products and terms")),
            ("expected_close_on", _("Expected closing date")),
        ],
    ),
    (
        _("Proof"),
        [
            ("engagement", _("Engagement so far")),
            ("evidence", _("Files that show the engagement")),
            ("notes", _("Notes")),
        ],
    ),
]


class AmountField(forms.DecimalField):
    """A decimal as people type it: with comma or point, blanks between the thousands, a sign behind."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault(
            "widget",
            forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off", "class": "num-input"}),
        )
        super().__init__(**kwargs)

    def to_python(self, value: Any) -> Decimal | None:
        if isinstance(value, str):
            value = re.sub(r"[\s%€£'’]", "", value)
            whole, mark, rest = value.rpartition("," if value.rfind(",") > value.rfind(".") else ".")
            if mark:
                value = f"{re.sub(r'[.,]', '', whole)}.{rest}"
        return super().to_python(value)

    def prepare_value(self, value: Any) -> Any:
        return f"{value.normalize():f}" if isinstance(value, Decimal) else value

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        return {}


def text_field(
    label: Any, *, required: bool = True, rows: int = 4, help_text: Any = "", **attrs: Any
) -> forms.CharField:
    return forms.CharField(
        label=label,
        required=required,
        max_length=TEXT_LENGTH,
        widget=forms.Textarea(attrs={"rows": rows, **attrs}),
        help_text=help_text,
    )


class MoveForm(forms.Form):
    """Nothing to fill in; the others add their fields. `at` is the instant of the request."""

    def __init__(self, *args: Any, deal: Deal, at: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.deal = deal
        self.at = at

    @property
    def today(self) -> date:
        return date_in(self.deal.partner.country, self.at)

    def arguments(self) -> dict[str, Any]:
        """What the action is called with."""
        return self.cleaned_data


class RequestInformationForm(MoveForm):
    text = text_field(
        _("Your question"),
        rows=5,
        help_text=_("The partner reads it as you write it, by mail and on this page."),
    )
    fields_asked = forms.MultipleChoiceField(
        label=_("What the partner may change"),
        required=False,
        choices=[(name, label) for _group, members in UNLOCKABLE_GROUPS for name, label in members],
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Everything else stays as it was submitted. Without a choice the partner only answers."),
    )

    @property
    def groups(self) -> list[dict[str, Any]]:
        chosen = set(self["fields_asked"].value() or [])
        return [
            {
                "label": label,
                "options": [
                    {"value": name, "label": text, "checked": name in chosen, "id": f"id_asked_{name}"}
                    for name, text in members
                ],
            }
            for label, members in UNLOCKABLE_GROUPS
        ]

    def arguments(self) -> dict[str, Any]:
        return {"text": self.cleaned_data["text"], "fields": self.cleaned_data["fields_asked"]}


class WithdrawForm(MoveForm):
    reason = text_field(
        _("Reason (optional)"),
        required=False,
        rows=3,
        help_text=_("The distributor reads it."),
    )


class GrantForm(MoveForm):
    granted_pct = AmountField(label=_("Additional discount granted, in %"), max_digits=5, decimal_places=2)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["granted_pct"]
        if self.initial.get("granted_pct") is None:
            self.initial["granted_pct"] = self.deal.ceiling_pct
        field.widget.attrs["data-discount-input"] = ""


class ApproveForm(GrantForm):
    """A figure that the distributor has fixed is confirmed as it stands (rule E4)."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.deal.proposed_pct is not None:
            del self.fields["granted_pct"]


class RejectForm(MoveForm):
    code = forms.ChoiceField(
        label=_("Reason"),
        choices=[("", _("Choose a reason")), *RejectionCode.choices],
        error_messages={"required": _("Choose a reason.")},
    )
    text = text_field(
        _("Explanation for the partner"),
        rows=5,
        help_text=_("What was missing or does not fit, and what the partner can do. Name no other company."),
    )


class ReportWonForm(MoveForm):
    order_reference = forms.CharField(
        label=_("Order number at the distributor"),
        max_length=60,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    order_date = forms.DateField(label=_("Order date"), widget=DayInput())
    order_amount = AmountField(
        label=_("Order amount"),
        max_digits=14,
        decimal_places=2,
        help_text=_("What the distributor charges you, without VAT. Never the price at which you resell."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["order_amount"].label = _("Order amount in %(currency)s") % {
            "currency": self.deal.currency
        }
        self.fields["order_date"].widget.attrs["max"] = self.today.isoformat()
        self.fields["order_date"].widget.attrs["min"] = date_in(
            self.deal.partner.country, self.deal.submitted_at
        ).isoformat()
        self.initial.setdefault("order_date", self.today)


class ReportLostForm(MoveForm):
    code = forms.ChoiceField(
        label=_("Why was it lost?"),
        choices=[("", _("Choose a reason")), *LossCode.choices],
        error_messages={"required": _("Choose a reason.")},
    )
    lost_to = OneLine(
        label=_("Competitor"),
        max_length=120,
        required=False,
        help_text=_("Whose product the customer chose, as far as you know. Optional."),
        widget=forms.TextInput(attrs={"list": "competitors", "autocomplete": "off"}),
    )
    retry_on = forms.DateField(
        label=_("Try again on"),
        required=False,
        help_text=_("For instance when the contract that was signed runs out. You are reminded on that day."),
        widget=DayInput(),
    )
    text = text_field(_("What happened (optional)"), required=False, rows=3)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["retry_on"].widget.attrs["min"] = (self.today + timedelta(days=1)).isoformat()


class DisputeOrderForm(MoveForm):
    text = text_field(
        _("What is wrong?"),
        help_text=_(
            "The partner reads it and corrects the order: say which number, date or amount you find."
        ),
    )


class CorrectOrderForm(ReportWonForm):
    """The order as it was told of, to be put right."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("order_reference", "order_date", "order_amount"):
            self.initial[name] = getattr(self.deal, name)


class TakeBackWinForm(MoveForm):
    reason = text_field(_("Reason"), rows=3, help_text=_("The distributor reads it."))


class RevokeForm(WithFiles, MoveForm):
    code = forms.ChoiceField(
        label=_("Grounds"),
        choices=[
            ("", _("Choose a reason")),
            *[
                (code, label)
                for code, label in RevocationCode.choices
                if code != RevocationCode.EARLIER_OVERRULED
            ],
        ],
        error_messages={"required": _("Choose a reason.")},
    )
    text = text_field(
        _("The facts"),
        rows=5,
        help_text=_("The partner and the distributor read them. Name no other company."),
    )
    file = files_field(_("Read by the vendor alone: a letter may name another company."), label=_("Evidence"))
    at_once = forms.BooleanField(
        label=_("The customer has chosen in writing, its letter is attached: revoke at once"),
        required=False,
    )

    def arguments(self) -> dict[str, Any]:
        given = {name: self.cleaned_data[name] for name in ("code", "text", "at_once")}
        return given | {"files": self.cleaned_data["file"]}


# --- the partner's answer: only what was asked about ------------------------------------------------


class LineForm(forms.Form):
    product = forms.ModelChoiceField(
        label=_("Product"), queryset=Product.objects.none(), empty_label=_("Choose a product")
    )
    nodes = WholeNumberField(label=_("Nodes"), min_value=1, max_value=MAX_NODES)
    term_months = forms.TypedChoiceField(label=_("Term"), coerce=int)

    def __init__(self, *args: Any, products: Any, terms: Sequence[tuple[int, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["product"].queryset = products
        self.fields["term_months"].choices = terms
        if self.empty_permitted and not self.has_changed():
            # The further row that nobody has begun: nothing of it is asked for.
            for field in self.fields.values():
                field.required = False

    def has_changed(self) -> bool:
        """The term always has a value: a further row counts once it names a product or a number."""
        return bool({"product", "nodes", "DELETE"} & set(self.changed_data)) or not self.empty_permitted


class BaseLineFormSet(forms.BaseFormSet):
    def __init__(self, *args: Any, deal: Deal, at: datetime, **kwargs: Any) -> None:
        table = price_table(deal.product_group, deal.partner.country, date_in(deal.partner.country, at))
        kept = deal.lines.values_list("product_id", "nodes", "term_months")
        kwargs.setdefault(
            "initial",
            [{"product": product, "nodes": nodes, "term_months": term} for product, nodes, term in kept],
        )
        kwargs["form_kwargs"] = {
            "products": Product.objects.filter(pk__in=[product.pk for product in table.products]),
            "terms": [(term, _("%(months)s months") % {"months": term}) for term in table.terms],
        }
        super().__init__(*args, **kwargs)

    def clean(self) -> None:
        if not any(self.errors) and not self.lines():
            raise ValidationError(_("Add at least one product."))

    def lines(self) -> list[LineInput]:
        return [
            LineInput(
                form.cleaned_data["product"], form.cleaned_data["nodes"], form.cleaned_data["term_months"]
            )
            for form in self.forms
            if form not in self.deleted_forms and form.cleaned_data.get("product")
        ]


LineFormSet = cast(
    type[BaseLineFormSet],
    forms.formset_factory(
        LineForm,
        formset=BaseLineFormSet,
        extra=1,
        can_delete=True,
        can_delete_extra=False,
        max_num=30,
        absolute_max=31,
        validate_max=True,
    ),
)


class EvidenceForm(forms.Form):
    file = forms.FileField(label=_("File"), required=False)
    kind = forms.ChoiceField(
        label=_("Type"), choices=[("", _("Choose a type")), *EvidenceKind.choices], required=False
    )
    dated_on = forms.DateField(label=_("Date"), required=False, widget=DayInput())

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = today
        self.fields["dated_on"].initial = today
        self.fields["file"].widget.attrs |= drop_attributes(1)
        self.fields["file"].help_text = limits_in_words()

    def ask_for_file_again(self) -> None:
        """No browser keeps a chosen file on a page that comes back."""
        if self.files.get(self.add_prefix("file")) and "file" not in self.errors:
            self.add_error("file", FILE_AGAIN)

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        if data.get("file"):
            describe_as_other(data, self.errors, self.today)
        elif (data.get("kind") or data.get("dated_on")) and "file" not in self.errors:
            self.add_error("file", _("Choose a file."))
        return data


class BaseEvidenceFormSet(forms.BaseFormSet):
    def inputs(self) -> list[EvidenceInput]:
        return [
            EvidenceInput(form.cleaned_data["file"], form.cleaned_data["kind"], form.cleaned_data["dated_on"])
            for form in self.forms
            if form.cleaned_data.get("file")
        ]


EvidenceFormSet = cast(
    type[BaseEvidenceFormSet],
    forms.formset_factory(EvidenceForm, formset=BaseEvidenceFormSet, extra=2, max_num=10, absolute_max=11),
)


class AnswerForm(MoveForm):
    """The answer, and those of the registration's fields that the question unlocked."""

    answer = text_field(_("Your answer"), rows=5)

    def __init__(self, *args: Any, question: Question, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.question = question
        asked = unlocked_fields(question)
        self.unlocked = [name for name in DRAFT_FIELDS if name in asked]
        for name in self.unlocked:
            self.fields[name] = self._field(name)
            self.initial.setdefault(name, getattr(self.deal, name))
        if self.is_bound:
            data, files = self.data, self.files
        else:
            data = files = None
        self.lines = (
            LineFormSet(data, prefix="lines", deal=self.deal, at=self.at)
            if "lines" in question.fields
            else None
        )
        self.evidence = (
            EvidenceFormSet(data, files, prefix="evidence", form_kwargs={"today": self.today})
            if "evidence" in question.fields
            else None
        )

    def _field(self, name: str) -> forms.Field:
        required = name in REQUIRED
        if name == "customer_country":
            countries = sorted(
                ((code, country_name(code)) for code in self.deal.partner.authorised_countries),
                key=lambda choice: alphabetical(choice[1]),
            )
            return forms.ChoiceField(label=_("Country"), choices=countries)
        if name == "nodes":
            return WholeNumberField(label=_("Nodes"), min_value=1, max_value=MAX_NODES, required=required)
        field = Deal._meta.get_field(name).formfield(required=required)
        label = str(field.label)
        field.label = label[:1].upper() + label[1:]
        if name == "expected_close_on":
            field.widget = DayInput()
        return field

    @property
    def unlocked_bound(self) -> list[forms.BoundField]:
        return [self[name] for name in self.unlocked]

    def is_valid(self) -> bool:
        parts = [super().is_valid()]
        parts += [formset.is_valid() for formset in (self.lines, self.evidence) if formset is not None]
        if not all(parts):
            self._ask_for_files_again()
        return all(parts)

    def _ask_for_files_again(self) -> None:
        for row in self.evidence.forms if self.evidence is not None else ():
            row.ask_for_file_again()

    def arguments(self) -> dict[str, Any]:
        return {
            "answer": self.cleaned_data["answer"],
            "changes": {name: self.cleaned_data[name] for name in self.unlocked},
            "lines": self.lines.lines() if self.lines is not None else None,
            "evidence": self.evidence.inputs() if self.evidence is not None else (),
        }

    def refuse(self, refusal: PortalError) -> bool:
        """Put a refusal about lines or files there; returns whether it was one."""
        put = self._refuse(refusal)
        self._ask_for_files_again()
        return put

    def _refuse(self, refusal: PortalError) -> bool:
        if self.lines is not None and refusal.field in ("lines", "product"):
            self.lines.forms[0].add_error(None, message_of(refusal))
            return True
        if self.evidence is not None and refusal.field in ("file", "kind", "dated_on"):
            rows = [row for row in self.evidence.forms if row.cleaned_data.get("file")]
            if len(rows) == 1:
                rows[0].add_error(refusal.field, message_of(refusal))
                return True
        return False

    @property
    def formsets(self) -> list[forms.BaseFormSet]:
        return [formset for formset in (self.lines, self.evidence) if formset is not None]


class CommentForm(forms.Form):
    text = text_field(_("Comment"), rows=3)
    is_internal = forms.BooleanField(label=_("Internal: only distributor and vendor read it"), required=False)

    def __init__(self, *args: Any, internal_allowed: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not internal_allowed:
            del self.fields["is_internal"]


def unlockable_label(name: str) -> Any:
    return next(label for _group, members in UNLOCKABLE_GROUPS for code, label in members if code == name)
