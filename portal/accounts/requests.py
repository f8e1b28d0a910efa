from django.http import HttpRequest

from portal.accounts.models import User


class SignedInRequest(HttpRequest):
    """What a view behind LoginRequiredMiddleware receives: for type checkers, never made."""

    user: User
