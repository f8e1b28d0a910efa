from django import forms
from django.utils.translation import gettext_lazy as _

from partners.lists.actions import LONGEST_NAME
from partners.lists.models import LONGEST_QUERY


class NameForm(forms.Form):
    name = forms.CharField(label=_("Name of the view"), max_length=LONGEST_NAME)


class SaveForm(NameForm):
    """What the list shows travels along as the query of its address."""

    query = forms.CharField(required=False, max_length=2 * LONGEST_QUERY, widget=forms.HiddenInput)
