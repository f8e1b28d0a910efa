from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest
from django.utils.translation import gettext_noop

# Texts of allauth that the portal words itself: its own catalogue comes first.
WORDED_HERE = (
    gettext_noop("Email"),
    gettext_noop("Two-Factor Authentication"),
)


class AccountAdapter(DefaultAccountAdapter):
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """People come by invitation of their account administrator, never by themselves."""
        return False
