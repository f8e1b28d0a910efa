"""Deals in every stage of their life, brought there by the actions."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from dealreg.deals import actions
from dealreg.deals.actions.drafting import LineInput
from dealreg.deals.models import Conflict, Deal, RevocationNotice
from dealreg.deals.rules import ExtensionAsked, Happened
from partners.specialisations.models import Specialisation
from portal.accounts.models import User
from tests.cast import Cast

# A Monday, ten past two in the afternoon in Paris.
MONDAY = datetime(2026, 11, 23, 13, 10, tzinfo=UTC)
LATER = MONDAY + timedelta(hours=20)


def in_english(cast: Cast) -> Cast:
    """Everybody reads English, for tests that compare what stands on pages."""
    User.objects.update(language="en")
    for person in cast.people.values():
        person.language = "en"
    return cast


def draft(
    cast: Cast, by: Any = None, *, at: datetime = MONDAY, enterprise: bool = False, **customer: Any
) -> Deal:
    by = by or cast.amir
    deal = actions.start_draft(by=by, at=at)
    group, sku = ("anti-targeted-attack", "ATA-01") if enterprise else ("endpoint-security", "EPS-ADV")
    changes = {
        "customer_name": "Hôpital Saint-Roch",
        "customer_country": deal.partner.country,
        "product_group": cast.groups[group],
        "nodes": 100,
        "expected_close_on": at.date() + timedelta(days=60),
        "engagement": "Two meetings with the head of IT, proof of concept agreed.",
    } | customer
    actions.save_draft(deal, by=by, changes=changes)
    return actions.set_lines(deal, by=by, lines=[LineInput(cast.products[sku], 100, 12)], at=at)


def submitted(cast: Cast, by: Any = None, *, at: datetime = MONDAY, **customer: Any) -> Deal:
    by = by or cast.amir
    deal = actions.submit_deal(draft(cast, by, at=at, **customer), by=by, at=at)
    return looked_at(deal, at=at)


def looked_at(deal: Deal, *, at: datetime = LATER) -> Deal:
    """What the portal does right after the commit of a partner's step."""
    actions.look_for_conflicts(deal, at=at)
    deal.refresh_from_db()
    return deal


def enterprise(cast: Cast, at: datetime = MONDAY) -> Deal:
    """Alpha holds the specialisation, so that the same people meet enterprise deals."""
    Specialisation.objects.get_or_create(
        partner=cast.alpha,
        product_group=cast.groups["anti-targeted-attack"],
        defaults={"awarded_on": date(2024, 1, 15), "valid_until": date(2099, 12, 31)},
    )
    return submitted(cast, at=at, enterprise=True)


def asked(cast: Cast, fields: tuple[str, ...] = ("nodes", "engagement"), **customer: Any) -> Deal:
    deal = submitted(cast, **customer)
    actions.request_information(
        deal, by=cast.denise, at=LATER, text="Which sites are covered?", fields=list(fields)
    )
    deal.refresh_from_db()
    return deal


def endorsed(cast: Cast) -> Deal:
    return actions.endorse_deal(enterprise(cast), by=cast.denise, at=LATER, granted_pct=Decimal("12.5"))


def approved(cast: Cast, **customer: Any) -> Deal:
    deal = submitted(cast, **customer)
    return actions.approve_deal(deal, by=cast.denise, at=LATER, granted_pct=Decimal("3.5"))


def overruled(cast: Cast) -> Deal:
    """Amir's deal was protected until 22 February; Karim settled its conflict with Bruno's for the later."""
    deal = approved(cast)
    submitted(cast, cast.bruno, at=LATER)
    actions.settle_conflict(
        Conflict.objects.get(),
        by=cast.karim,
        at=LATER,
        outcome="later_prevails",
        reason="Their framework agreement.",
        message="We have looked at it again.",
    )
    return Deal.objects.get(pk=deal.pk)


def silent(cast: Cast, **customer: Any) -> Deal:
    """Submitted a week ago, and its distributor has not decided."""
    return submitted(cast, at=MONDAY - timedelta(days=7), **customer)


def silent_enterprise(cast: Cast) -> Deal:
    return enterprise(cast, at=MONDAY - timedelta(days=7))


def extension(at: datetime, days: int = 90) -> ExtensionAsked:
    """What a partner asks for, with what happened on that day."""
    return ExtensionAsked(
        days, at.date() + timedelta(days=30), (Happened(at.date(), "The board has agreed to the test."),)
    )


def held(cast: Cast, at: datetime = LATER, days: int = 90, **customer: Any) -> Deal:
    """Approved, and an extension asked for."""
    deal = approved(cast, **customer)
    actions.ask_extension(deal, by=cast.amir, at=at, asked=extension(at, days))
    deal.refresh_from_db()
    return deal


def rejected(cast: Cast) -> Deal:
    return actions.reject_deal(
        submitted(cast), by=cast.denise, at=LATER, code="no_engagement", text="One call is not enough."
    )


def withdrawn(cast: Cast) -> Deal:
    return looked_at(actions.withdraw_deal(submitted(cast), by=cast.amir, at=LATER))


def won(cast: Cast, **customer: Any) -> Deal:
    return actions.report_won(
        approved(cast, **customer),
        by=cast.amir,
        at=LATER + timedelta(days=10),
        order_reference="DN-118842",
        order_date=date(2026, 12, 1),
        order_amount=Decimal("5211.00"),
    )


def confirmed(cast: Cast) -> Deal:
    return actions.confirm_order(won(cast), by=cast.denise, at=LATER + timedelta(days=12))


def lost(cast: Cast) -> Deal:
    deal = actions.report_lost(approved(cast), by=cast.amir, at=LATER + timedelta(days=5), code="price")
    return looked_at(deal)


def expired(cast: Cast) -> Deal:
    deal = approved(cast)
    assert actions.expire_deal(deal, at=LATER + timedelta(days=92))
    deal.refresh_from_db()
    return deal


def letter() -> SimpleUploadedFile:
    return SimpleUploadedFile("letter.pdf", b"%PDF-1.4\nletter\n%%EOF\n", "application/pdf")


def announced(cast: Cast, deal: Deal | None = None, **more: Any) -> RevocationNotice:
    said = {"code": "untrue_statement", "text": "The minutes are not recognised by the customer."}
    return actions.announce_revocation(
        deal or approved(cast), by=cast.karim, at=LATER + timedelta(days=3), **said | more
    )


def revoked(cast: Cast) -> Deal:
    notice = announced(cast, code="customer_choice", text="Their letter.", at_once=True, files=[letter()])
    return Deal.objects.get(pk=notice.deal_id)


STAGES: dict[str, Callable[[Cast], Deal]] = {
    "draft": draft,
    "submitted": submitted,
    "enterprise": enterprise,
    "endorsed": endorsed,
    "asked": asked,
    "silent": silent,
    "silent_enterprise": silent_enterprise,
    "approved": approved,
    "held": held,
    "rejected": rejected,
    "withdrawn": withdrawn,
    "won": won,
    "confirmed": confirmed,
    "lost": lost,
    "expired": expired,
    "revoked": revoked,
}
