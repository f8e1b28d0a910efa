"""Whole numbers in forms."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from portal.core.formats import format_number


class WholeNumberField(forms.IntegerField):
    """An integer whose limits are told as the reader writes numbers: 1 000 000 and not 1000000."""

    def run_validators(self, value: Any) -> None:
        try:
            super().run_validators(value)
        except ValidationError as refusal:
            for error in refusal.error_list:
                limit = (error.params or {}).get("limit_value")
                if isinstance(limit, int):
                    error.params = {**(error.params or {}), "limit_value": format_number(limit)}
            raise
