from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.db import transaction

from dealreg.deals.actions.conflicts import check_tells_no_rival
from dealreg.deals.actions.drafting import discard_file, lock_deal, require_editable
from dealreg.deals.lifecycle import DealStatus
from dealreg.deals.mentions import people_mentioned
from dealreg.deals.models import Comment, Deal, Evidence, EvidenceKind, Mention
from dealreg.deals.selectors import (
    channel_managers_of,
    distributor_reviewers,
    partner_contacts,
    side_of,
    without,
)
from partners.organisations.access import require
from portal.accounts.models import User
from portal.audit.actions import record
from portal.core.calendar import date_in
from portal.core.errors import RuleViolation, WrongState, gettext_noop
from portal.documents.actions import store_document
from portal.notifications.actions import notify


@dataclass(frozen=True)
class EvidenceInput:
    """A file as it comes in from a form."""

    upload: Any
    kind: str
    dated_on: date


@transaction.atomic
def add_comment(deal: Deal, *, by: User, at: datetime, text: str, is_internal: bool = False) -> Comment:
    """A remark for all who see the deal, or, internal, for distributor and vendor alone."""
    membership = require(by, "deals.comment_internally" if is_internal else "deals.comment", deal)
    deal = lock_deal(deal)
    if deal.status == DealStatus.DRAFT:
        raise WrongState("wrong-state", gettext_noop("A draft has nobody to talk to: use the notes."))
    if not text.strip():
        raise RuleViolation("required", gettext_noop("Write something first."), field="text")
    if len(text) > 4000:
        raise RuleViolation("too-long", gettext_noop("At most 4000 characters."), field="text")
    if not is_internal and membership.partner_id is None:
        check_tells_no_rival(deal, text, by=by, field="text")
    mentioned = people_mentioned(text, deal, by=by, internal=is_internal)
    comment = Comment.objects.create(
        deal=deal,
        author=by,
        author_organisation=str(membership.organisation),
        is_internal=is_internal,
        text=text.strip(),
        at=at,
    )
    Mention.objects.bulk_create(
        Mention(comment=comment, person=person, name=name[:120]) for person, name in mentioned.items()
    )
    notify(
        "deal-mentioned",
        to=mentioned,
        about=deal,
        key=f"{deal.reference}:{comment.pk}",
        at=at,
        author=str(by),
        excerpt=text.strip()[:280],
        internal=is_internal,
    )
    told = distributor_reviewers(deal)
    if not is_internal:
        told += partner_contacts(deal)
    if side_of(membership, deal) == "vendor" or deal.needs_vendor or deal.overdue_told_at:
        told += channel_managers_of(deal.partner)
    notify(
        "deal-comment",
        # Whoever is named has been told of it that way.
        to=[person for person in without(told, by) if person not in mentioned],
        about=deal,
        key=f"{deal.reference}:{comment.pk}",
        at=at,
        author=str(by),
        excerpt=text.strip()[:280],
        internal=is_internal,
    )
    return comment


@transaction.atomic
def attach_evidence(
    deal: Deal, *, by: User, at: datetime, upload: Any, kind: str, dated_on: date
) -> Evidence:
    """A file that shows the engagement, with its kind and date; RuleViolation on a bad file."""
    deal = lock_deal(deal)
    require_editable(deal, by, unlocked="evidence")
    if kind not in EvidenceKind.values:
        raise RuleViolation("required", gettext_noop("Choose a type."), field="kind")
    if dated_on > date_in(deal.partner.country, at):
        raise RuleViolation("future", gettext_noop("The date lies in the future."), field="dated_on")
    if deal.evidence.count() >= settings.UPLOAD_MAX_FILES:
        raise RuleViolation(
            "too-many",
            gettext_noop("A deal takes at most %(limit)s files."),
            field="file",
            limit=settings.UPLOAD_MAX_FILES,
        )
    document = store_document(deal, upload, by=by)
    evidence = Evidence.objects.create(deal=deal, document=document, kind=kind, dated_on=dated_on)
    if deal.status != DealStatus.DRAFT:
        record("deal.evidence_added", deal, by=by, at=at, name=document.name, kind=kind)
    return evidence


@transaction.atomic
def remove_evidence(evidence: Evidence, *, by: User) -> None:
    """Only from a draft: what reviewers have seen stays."""
    deal = lock_deal(evidence.deal)
    require_editable(deal, by)
    document = evidence.document
    evidence.delete()
    discard_file(document)
