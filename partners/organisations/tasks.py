import logging
from datetime import datetime
from smtplib import SMTPException

from celery import shared_task
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from partners.organisations.actions.people import send_invitation
from partners.organisations.models import Invitation
from portal.core.errors import gettext_noop
from portal.core.sweeps import sweep

log = logging.getLogger(__name__)

MAILS_PER_RUN = 200
SENT = gettext_noop("invitations sent")
FAILED = gettext_noop("invitations not sent, to be tried again")


@shared_task
def send_invitations() -> None:
    """Safe to run at any time, several at once: each invitation is locked by one of them."""
    send_unsent_invitations(timezone.now())


@sweep("invitations", _("Invitations"))
def send_unsent_invitations(at: datetime) -> dict[str, int]:
    sent = failed = 0
    for invitation_id in Invitation.objects.to_send(at).values_list("pk", flat=True)[:MAILS_PER_RUN]:
        try:
            sent += send_invitation(invitation_id, at=at)
        except (SMTPException, OSError) as problem:
            log.warning("invitation %s not sent: %s", invitation_id, problem)
            failed += 1
    return {SENT: sent, FAILED: failed}
