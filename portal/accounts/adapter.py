from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest
from django.utils import translation
from django.utils.translation import gettext_noop

from portal.accounts.models import User

# Texts of allauth that the portal words itself: its own catalogue comes first.
WORDED_HERE = (
    gettext_noop("Email"),
    gettext_noop("Two-Factor Authentication"),
)


class AccountAdapter(DefaultAccountAdapter):
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """People come by invitation of their account administrator, never by themselves."""
        return False

    def login(self, request: HttpRequest, user: User) -> None:
        """The greeting is read on pages in the user's language, whatever the browser's was before."""
        super().login(request, user)
        if user.language:
            translation.activate(user.language)
