from datetime import date, timedelta
from typing import Any

from django import forms
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from partners.certification.actions.staff import EmployeeFacts
from partners.certification.certificates import soon_days
from partners.certification.models import Employment, Track
from partners.certification.querysets import EmploymentQuerySet
from partners.certification.rules import check_name
from partners.certification.team import (
    account_of,
    colleagues_with_accounts,
    counting_certificates,
    memberships_to_link,
    successors_of,
)
from partners.organisations.actions.people import is_last_administrator
from partners.organisations.models import Membership, Partner
from portal.accounts.models import User
from portal.core.errors import RuleViolation
from portal.core.form_fields import DayInput, staying
from portal.core.list_filters import NarrowingForm
from portal.core.typed import tidy
from portal.core.web import message_of


def _day_field(**options: Any) -> forms.DateField:
    return forms.DateField(widget=DayInput(), **options)


class _AccountField(forms.ModelChoiceField):
    def label_from_instance(self, membership: Membership) -> str:
        return f"{membership.user} · {membership.user.email}"


class EmployeeForm(forms.Form):
    full_name = forms.CharField(label=_("Name"), max_length=120)
    email = forms.EmailField(
        label=_("E-mail"),
        max_length=254,
        required=False,
        help_text=_("Certificates and questions to the person go there."),
    )
    job_title = forms.CharField(label=_("Function"), max_length=120, required=False)
    hired_on = _day_field(label=_("Works for you since"))
    account = _AccountField(
        Membership.objects.none(),
        label=_("Portal account"),
        required=False,
        empty_label=_("By the e-mail address, where there is one"),
        help_text=_("Only needed where the account has another address."),
    )

    def __init__(
        self,
        *args: Any,
        partner: Partner,
        employment: Employment | None = None,
        again: bool = False,
        linkable: bool = True,
        **kwargs: Any,
    ) -> None:
        initial = {}
        if employment is not None:
            initial = {name: getattr(employment, name) for name in ("full_name", "email", "job_title")}
            if not again:
                initial["hired_on"] = employment.hired_on
        super().__init__(*args, initial=initial, **kwargs)
        for name in ("full_name", "email"):
            self.fields[name].widget.attrs["autocomplete"] = "off"
        if not linkable:
            del self.fields["account"]
            return
        choices = memberships_to_link(partner, employment)
        self.fields["account"].queryset = choices
        if employment is not None and employment.person.user_id is not None:
            self.initial["account"] = choices.filter(user=employment.person.user_id).first()

    def clean_full_name(self) -> str:
        name = " ".join(self.cleaned_data["full_name"].split())
        try:
            check_name(name)
        except RuleViolation as refusal:
            raise forms.ValidationError(message_of(refusal)) from None
        return name

    def facts(self) -> EmployeeFacts:
        given = self.cleaned_data
        return EmployeeFacts(given["full_name"], given["email"], given["job_title"], given["hired_on"])


class LeaverForm(forms.Form):
    departed_on = _day_field(
        label=_("Last day"), help_text=_("The true day of departure: both terms run from it.")
    )
    successor = _AccountField(
        Membership.objects.none(),
        label=_("Hand open deals over to"),
        required=False,
        empty_label=_("Nobody: they stay with the company"),
    )
    administrator = _AccountField(
        Membership.objects.none(),
        label=_("New account administrator"),
        required=False,
        empty_label=_("Nobody yet: your channel manager is told"),
        help_text=_("This person is your company’s last account administrator. Name who follows."),
    )
    note = forms.CharField(
        label=_("Note"),
        max_length=1000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=staying(_("For your channel manager, where the person is certified.")),
    )

    def __init__(self, *args: Any, employment: Employment, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        access = account_of(employment)
        if access is not None and is_last_administrator(access):
            colleagues = [membership.pk for membership in colleagues_with_accounts(employment)]
            self.fields["administrator"].queryset = (
                Membership.objects.filter(pk__in=colleagues)
                .select_related("user")
                .order_by("user__full_name")
            )
        else:
            del self.fields["administrator"]
        successors = [membership.pk for membership in successors_of(employment)]
        self.fields["successor"].queryset = (
            Membership.objects.filter(pk__in=successors).select_related("user").order_by("user__full_name")
        )


class TransferForm(forms.Form):
    number = forms.CharField(
        label=_("Number of one of the certificates"),
        max_length=20,
        help_text=_("The person is asked by mail whether the certificates come along."),
    )


class RefusalForm(forms.Form):
    reason = forms.CharField(
        label=_("Reason"),
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=staying(_("The partner reads it.")),
    )


class TeamFilterForm(NarrowingForm):
    q = forms.CharField(label=_("Name, e-mail or function"), max_length=100, required=False)
    state = forms.ChoiceField(
        label=_("State"),
        required=False,
        choices=[("", _("Works here")), ("left", _("Has left")), ("all", _("All"))],
    )
    certified = forms.ChoiceField(
        label=_("Certificates"),
        required=False,
        choices=[
            ("", _("With or without certificate")),
            *Track.choices,
            ("ending", _("Expires soon")),
            ("none", _("Without certificate")),
        ],
    )

    def narrow(self, employees: EmploymentQuerySet, reader: User, day: date) -> EmploymentQuerySet:
        self.is_valid()
        wanted = self.cleaned_data
        if text := tidy(wanted.get("q", "")):
            employees = employees.filter(
                Q(full_name__icontains=text) | Q(email__icontains=text) | Q(job_title__icontains=text)
            )
        state = wanted.get("state", "")
        if state == "left":
            employees = employees.filter(left_on__lt=day)
        elif state != "all":
            employees = employees.filter(Q(left_on=None) | Q(left_on__gte=day))
        match wanted.get("certified", ""):
            case "":
                return employees
            case "none":
                return employees.filter(next_expiry=None)
            case "ending":
                return employees.filter(next_expiry__lte=day + timedelta(days=soon_days(day)))
            case track:
                held = counting_certificates(day, reader).filter(track=track)
                return employees.filter(person__in=held.values("person"))
