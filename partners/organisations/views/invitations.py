"""The link in an invitation: for people who have no account yet, and for those who have one."""

from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods

from partners.organisations.actions import people as actions
from partners.organisations.forms.people import AcceptanceForm
from partners.organisations.models import Invitation, VendorOffice
from partners.organisations.selectors import account_for, invitation_state
from portal.core.errors import WrongState

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


@sensitive_variables("token")
@sensitive_post_parameters()
@never_cache
@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def accept_invitation(request: HttpRequest, token: str) -> HttpResponse:
    invitation = actions.invitation_of(token)
    if invitation is None:
        return _over(request, "unknown", 404)
    state = invitation_state(invitation, timezone.now())
    if state != "open":
        return _over(request, state, 410)
    _speak(request, invitation)
    try:
        if account := account_for(invitation.email):
            return _by_account(request, invitation, account.is_active)
        return _by_new_person(request, invitation)
    except WrongState:
        # Accepted in another window, or withdrawn, between reading and doing.
        return redirect(request.path)


def _by_new_person(request: HttpRequest, invitation: Invitation) -> HttpResponse:
    if request.user.is_authenticated:
        # Whoever it is, it is not the invited person, who has no account yet.
        return _page(request, invitation, other=request.user)
    form = AcceptanceForm(
        request.POST or None, email=invitation.email, initial={"full_name": invitation.full_name}
    )
    if request.method == "POST" and form.is_valid():
        user = actions.accept_invitation_as_new_person(
            invitation.pk,
            at=timezone.now(),
            full_name=form.cleaned_data["full_name"],
            password=form.cleaned_data["password1"],
            language=translation.get_language() or "",
        )
        login(request, user, backend=BACKEND)
        messages.success(request, _("Welcome. You now act for %(name)s.") % {"name": _name(invitation)})
        return redirect("/")
    return _page(request, invitation, form=form)


def _by_account(request: HttpRequest, invitation: Invitation, is_active: bool) -> HttpResponse:
    signed_in = request.user.is_authenticated
    is_invited = signed_in and request.user.email.lower() == invitation.email.lower()
    if request.method == "POST" and is_invited:
        actions.accept_invitation(invitation.pk, by=request.user, at=timezone.now())
        messages.success(request, _("You now act for %(name)s.") % {"name": _name(invitation)})
        return redirect("/")
    return _page(
        request,
        invitation,
        has_account=True,
        blocked=not is_active,
        is_invited=is_invited,
        other=request.user if signed_in and not is_invited else None,
        sign_in_url=f"{reverse('account_login')}?{urlencode({'next': request.path})}",
    )


def _page(request: HttpRequest, invitation: Invitation, **context: object) -> HttpResponse:
    facts = {"invitation": invitation, "organisation_name": _name(invitation)}
    return render(request, "organisations/accept_invitation.html", facts | context)


def _over(request: HttpRequest, state: str, status: int) -> HttpResponse:
    return render(request, "organisations/invitation_over.html", {"state": state}, status=status)


def _speak(request: HttpRequest, invitation: Invitation) -> None:
    """The page continues in the language of the mail, unless the reader has chosen one."""
    chosen = request.user.is_authenticated or settings.LANGUAGE_COOKIE_NAME in request.COOKIES
    if invitation.language and not chosen:
        translation.activate(invitation.language)


def _name(invitation: Invitation) -> str:
    organisation = invitation.organisation
    return settings.VENDOR_NAME if isinstance(organisation, VendorOffice) else str(organisation)
