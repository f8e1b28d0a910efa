import re
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.conf import settings
from django.forms.utils import flatatt
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _

from portal.accounts.models import User
from portal.core.preferences import own_name

PHONE = re.compile(r"\+?[\d\s().\-/]{5,38}(?:\s?(?:x|ext\.?)\s?\d{1,6})?", re.IGNORECASE)


def language_choices(empty: str) -> list[tuple[str, str]]:
    return [("", empty), *((code, own_name(code)) for code, _name in settings.LANGUAGES)]


@cache
def _places() -> list[tuple[str, str]]:
    """Zones named by place; the aliases without a place (EST, Etc/GMT-3) are left out."""
    zones = (
        zone for zone in available_timezones() if "/" in zone and not zone.startswith(("Etc/", "SystemV/"))
    )
    return [(zone, zone.replace("_", " ")) for zone in sorted(zones)]


def time_zone_choices(empty: str) -> list[tuple[str, str]]:
    return [("", empty), ("UTC", "UTC"), *_places()]


SELECTED = mark_safe(" selected")


class LongSelect(forms.Select):
    """For hundreds of choices: Django's own would take two templates to write each of them."""

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        chosen = "" if value is None else str(value)
        options = format_html_join(
            "\n",
            '<option value="{}"{}>{}</option>',
            ((key, SELECTED if key == chosen else "", label) for key, label in self.choices),
        )
        return format_html(
            "<select{}>{}</select>", flatatt(self.build_attrs(self.attrs, attrs) | {"name": name}), options
        )


class SettingsForm(forms.ModelForm):
    class Meta:
        model = User
        fields = ["full_name", "phone", "language", "time_zone", "theme", "keyboard_shortcuts"]

    language = forms.ChoiceField(label=_("Language"), required=False)
    time_zone = forms.ChoiceField(label=_("Time zone"), required=False, widget=LongSelect)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        home = self.instance.home_time_zone
        self.fields["full_name"].label = _("Name")
        self.fields["phone"].label = _("Telephone")
        self.fields["phone"].widget.attrs["autocomplete"] = "tel"
        self.fields["full_name"].widget.attrs["autocomplete"] = "name"
        self.fields["theme"].label = _("Appearance")
        self.fields["keyboard_shortcuts"].label = _("Keyboard shortcuts of a single key")
        self.fields["keyboard_shortcuts"].help_text = _(
            "For instance / for the search. Press ? for all of them."
        )
        self.fields["language"].choices = language_choices(_("As the browser"))
        self.fields["language"].help_text = _("Pages and mails.")
        place = f" ({home.replace('_', ' ')})" if home else ""
        self.fields["time_zone"].choices = time_zone_choices(str(_("As your organisation")) + place)
        self.fields["time_zone"].help_text = _("Hours on pages and in mails. Type to search.")
        self.fields["time_zone"].widget.attrs["data-combobox"] = ""

    def clean_full_name(self) -> str:
        name = " ".join(self.cleaned_data["full_name"].split())
        if not any(character.isalpha() for character in name):
            raise forms.ValidationError(_("Enter your name."))
        return name

    def clean_phone(self) -> str:
        phone = " ".join(self.cleaned_data["phone"].split())
        if phone and not PHONE.fullmatch(phone):
            raise forms.ValidationError(
                _("Enter a telephone number such as +33 1 23 45 67 89, or leave it empty.")
            )
        return phone
