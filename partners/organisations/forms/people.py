from django import forms
from django.contrib.auth.password_validation import password_validators_help_text_html, validate_password
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from partners.organisations.models import Membership, Organisation, VendorOffice
from partners.organisations.selectors import offices, roles_of
from portal.accounts.forms import language_choices
from portal.accounts.models import User
from portal.accounts.roles import Role
from portal.core.languages import language_of
from portal.core.list_filters import NarrowingForm

ROLE_HELP: dict[str, object] = {
    Role.PARTNER_ADMIN: _("registers and closes deals, manages the people of the company"),
    Role.PARTNER_SALES: _("registers and closes deals"),
    Role.PARTNER_TECHNICAL: _("reads and comments on deals"),
    Role.PARTNER_READONLY: _("reads"),
    Role.DISTRIBUTOR_ADMIN: _("decides on deals, manages the people of the company"),
    Role.DISTRIBUTOR_APPROVER: _("decides on deals"),
    Role.DISTRIBUTOR_READONLY: _("reads"),
    Role.PROGRAMME_ADMIN: _("runs the programme, partners, distributors and people"),
    Role.CHANNEL_MANAGER: _(
        "looks after the partners of the office's countries, decides on enterprise deals"
    ),
    Role.AUDITOR: _("reads everything of the office's countries"),
}


def role_choices(organisation: Organisation) -> list[tuple[str, str]]:
    return [(role.value, f"{role.label} – {ROLE_HELP[role]}") for role in roles_of(organisation)]


class InvitationForm(forms.Form):
    email = forms.EmailField(label=_("E-mail"), max_length=254)
    full_name = forms.CharField(label=_("Name"), max_length=120)
    role = forms.ChoiceField(label=_("Role"), widget=forms.RadioSelect)
    language = forms.ChoiceField(
        label=_("Language of the invitation"), required=False, help_text=_("The person can change it later.")
    )

    def __init__(self, *args, organisation: Organisation, choose_office: bool = False, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["email"].widget.attrs["autocomplete"] = "off"
        self.fields["full_name"].widget.attrs["autocomplete"] = "off"
        self.fields["role"].choices = role_choices(organisation)
        self.fields["language"].choices = language_choices("")[1:]
        self.fields["language"].initial = language_of(organisation.country)
        if choose_office:
            self.fields["office"] = forms.ModelChoiceField(
                offices(),
                label=_("Office"),
                initial=organisation,
                empty_label=None,
                help_text=_("It says which countries the person sees."),
            )
            self.order_fields(["email", "full_name", "office", "role", "language"])

    def clean_full_name(self) -> str:
        return _a_name(self.cleaned_data["full_name"])


class RoleForm(forms.Form):
    role = forms.ChoiceField(label=_("Role"), widget=forms.RadioSelect)

    def __init__(self, *args, membership: Membership, **kwargs):
        super().__init__(*args, initial={"role": membership.role}, **kwargs)
        self.fields["role"].choices = role_choices(membership.organisation)


class ReasonForm(forms.Form):
    reason = forms.CharField(
        label=_("Reason"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Kept in the history; the person does not read it."),
    )


class AcceptanceForm(forms.Form):
    """An invited person's name and password."""

    full_name = forms.CharField(
        label=_("Your name"), max_length=120, widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
    password1 = forms.CharField(
        label=_("Password"),
        max_length=200,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    password2 = forms.CharField(
        label=_("Password again"),
        max_length=200,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, *args, email: str, **kwargs):
        super().__init__(*args, **kwargs)
        self.email = email
        self.fields["password1"].help_text = password_validators_help_text_html()

    def clean_full_name(self) -> str:
        return _a_name(self.cleaned_data["full_name"])

    def clean(self) -> dict:
        cleaned = super().clean()
        first, second = cleaned.get("password1"), cleaned.get("password2")
        if first and second and first != second:
            self.add_error("password2", _("The two passwords are not the same."))
        elif first:
            person = User(email=self.email, full_name=cleaned.get("full_name", ""))
            try:
                validate_password(first, person)
            except forms.ValidationError as refusal:
                self.add_error("password1", refusal)
        return cleaned


def _a_name(typed: str) -> str:
    name = " ".join(typed.split())
    if not any(character.isalpha() for character in name):
        raise forms.ValidationError(_("Enter a name."))
    return name


class PeopleFilterForm(NarrowingForm):
    q = forms.CharField(label=_("Name or e-mail"), max_length=100, required=False)
    role = forms.ChoiceField(label=_("Role"), required=False)
    status = forms.ChoiceField(label=_("Status"), required=False)
    office = forms.ModelChoiceField(VendorOffice.objects.none(), label=_("Office"), required=False)

    def __init__(self, *args, organisation: Organisation | None, own: Organisation, **kwargs):
        super().__init__(*args, **kwargs)
        kind = organisation or own
        self.fields["role"].choices = [("", _("All roles")), *((r.value, r.label) for r in roles_of(kind))]
        self.fields["status"].choices = [("", _("All")), ("active", _("Active")), ("ended", _("Deactivated"))]
        if organisation is None:
            self.fields["office"].queryset = offices()
            self.fields["office"].empty_label = _("All offices")
        else:
            del self.fields["office"]

    def narrow(self, people):
        self.is_valid()
        wanted = self.cleaned_data
        if text := " ".join(wanted.get("q", "").split()):
            people = people.filter(Q(user__full_name__icontains=text) | Q(user__email__icontains=text))
        if wanted.get("role"):
            people = people.filter(role=wanted["role"])
        if wanted.get("office"):
            people = people.filter(vendor_office=wanted["office"])
        if wanted.get("status"):
            running = Q(is_active=True, user__is_active=True)
            people = people.filter(running if wanted["status"] == "active" else ~running)
        return people
