from datetime import datetime

from celery import shared_task
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from partners.organisations.actions.people import send_invitation
from partners.organisations.models import Invitation
from portal.core.errors import gettext_noop
from portal.core.link_mails import MAILS_PER_RUN, send_each
from portal.core.sweeps import sweep

SENT = gettext_noop("invitations sent")
FAILED = gettext_noop("invitations not sent, to be tried again")


@shared_task
def send_invitations() -> None:
    """Safe to run at any time, several at once: each invitation is locked by one of them."""
    send_unsent_invitations(timezone.now())


@sweep("invitations", _("Invitations"))
def send_unsent_invitations(at: datetime) -> dict[str, int]:
    due = Invitation.objects.to_send(at).values_list("pk", flat=True)[:MAILS_PER_RUN]
    return send_each(due, send_invitation, at=at, sent=SENT, failed=FAILED)
