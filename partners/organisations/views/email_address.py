"""The address that a person signs in with: asked for with the password, changed by a link."""

import logging

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from partners.organisations.actions import email_address as actions
from partners.organisations.forms.email_address import EmailAddressForm
from portal.core.errors import RuleViolation, WrongState
from portal.core.throttle import within_limit
from portal.core.web import add_violation, message_of

PASSWORDS_TRIED = 20
PASSWORDS_WITHIN = 60 * 60

log = logging.getLogger(__name__)


@sensitive_post_parameters()
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def change_email_address(request: HttpRequest) -> HttpResponse:
    form = EmailAddressForm(request.POST or None, user=request.user)
    if request.method == "POST" and _may_try(request, form) and form.is_valid():
        new = form.cleaned_data["email"]
        try:
            actions.ask_for_address(by=request.user, new=new)
        except RuleViolation as refusal:
            add_violation(form, refusal)
        except OSError:
            _not_sent(request)
        else:
            messages.success(
                request,
                _("A mail is on its way to %(email)s. Open its link to change your address.")
                % {"email": new},
            )
            return redirect("email_address")
    return render(request, "organisations/email_address.html", {"form": form})


def _may_try(request: HttpRequest, form: EmailAddressForm) -> bool:
    who = str(request.user.pk)
    if within_limit("email-password", who, most=PASSWORDS_TRIED, seconds=PASSWORDS_WITHIN):
        return True
    form.add_error(None, _("You have asked several times. Try again in an hour."))
    return False


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def confirm_email_address(request: HttpRequest, token: str) -> HttpResponse:
    """A look changes nothing: mail scanners open links too."""
    new = actions.address_asked_for(token, request.user)
    if request.method == "POST" and new:
        try:
            user = actions.confirm_address(token, by=request.user, at=timezone.now())
        except WrongState as refusal:
            messages.error(request, message_of(refusal))
        except OSError:
            _not_sent(request)
            return redirect(request.path)
        else:
            user.refresh_from_db(fields=["session_version"])
            update_session_auth_hash(request, user)
            messages.success(request, _("You now sign in with %(email)s.") % {"email": new})
            return redirect("settings")
        new = ""
    return render(
        request, "organisations/confirm_email_address.html", {"new": new}, status=200 if new else 410
    )


def _not_sent(request: HttpRequest) -> None:
    log.exception("mail about a new address not sent")
    messages.error(request, _("The mail could not be sent, and nothing has changed. Try again later."))
