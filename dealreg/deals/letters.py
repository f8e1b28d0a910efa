"""The letter of registration: what stands on it, and on the page that its QR code leads to. One set of
figures for both, in the active language; never a resale price (rule E15)."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from secrets import token_hex
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from dealreg.deals.lifecycle import DealStatus, Step
from dealreg.deals.models import Deal
from dealreg.deals.rules import discount_amount
from partners.programme.rules import recommended_discount_ceiling
from partners.programme.selectors import rulebook_of
from portal.core.calendar import date_in
from portal.core.formats import (
    country_name,
    format_day,
    format_moment,
    format_money,
    format_number,
    format_pct,
)
from portal.documents.rendering import qr_code


def new_letter_code() -> str:
    """128 random bits: nobody guesses the address of a letter."""
    return token_hex(16)


def has_letter(deal: Deal) -> bool:
    """From the approval on, also after the protection has ended."""
    return deal.letter_code is not None and deal.protected_until is not None


def address_of(deal: Deal) -> str:
    return settings.PORTAL_URL + reverse("deals:verify_letter", args=[deal.letter_code])


@dataclass(frozen=True)
class LetterStatus:
    """Whether the granted discount applies now. `kind`: valid, expired, revoked, overruled, won, lost,
    review or ended."""

    kind: str
    tone: str
    label: str
    note: str

    @property
    def is_valid(self) -> bool:
        return self.kind == "valid"

    @property
    def is_over(self) -> bool:
        """The registration gives nothing any more: not only the protection, the granted discount too."""
        return self.kind not in ("valid", "won")


def letter_status(deal: Deal, at: datetime) -> LetterStatus:
    if deal.is_under_review:
        # Re-opened, or its win taken back: what the printed letter says was granted is not any more.
        note = _("The registration is under review again: nothing is granted until it is decided.")
        return LetterStatus("review", "bad", _("No longer valid"), note)
    today = date_in(deal.partner.country, at)
    until = format_day(deal.protected_until, "long") if deal.protected_until else ""
    match deal.status:
        case DealStatus.APPROVED if deal.protection_held and deal.protected_until < today:
            return LetterStatus(
                "valid",
                "ok",
                _("Valid"),
                _(
                    "The last protected day was %(day)s; the protection holds until the extension that was "
                    "asked for is decided."
                )
                % {"day": until},
            )
        case DealStatus.APPROVED if deal.protected_until >= today:
            return LetterStatus(
                "valid",
                "ok",
                _("Valid until %(day)s") % {"day": until},
                _("The last protected day is included."),
            )
        case DealStatus.APPROVED | DealStatus.EXPIRED:
            note = _("The last protected day was %(day)s.") % {"day": until}
            return LetterStatus("expired", "bad", _("Expired, no longer protects"), note)
        case DealStatus.REVOKED if deal.was_overruled:
            label = _ended_with(_("Overruled on %(day)s, no longer protects"), deal)
            note = _("A channel manager has decided otherwise on the opportunity (rule E5).")
            return LetterStatus("overruled", "bad", label, note)
        case DealStatus.REVOKED:
            label = _ended_with(_("Revoked on %(day)s, no longer protects"), deal)
            return LetterStatus("revoked", "bad", label, _("A channel manager has revoked it (rule E13)."))
        case DealStatus.LOST:
            label = _ended_with(_("Lost on %(day)s, no longer protects"), deal)
            return LetterStatus("lost", "bad", label, _("The partner has reported the deal as lost."))
        case DealStatus.WON:
            return LetterStatus(
                "won",
                "neutral",
                _("Closed as won"),
                _("Order of %(day)s. The discount belongs to this order.")
                % {"day": format_day(deal.order_date)},
            )
    return LetterStatus("ended", "bad", _("No longer valid"), _ended(deal.ended_on))


def _ended_with(words: str, deal: Deal) -> str:
    return words % {"day": format_day(deal.ended_on)}


def _ended(on: date | None) -> str:
    return _("Ended on %(day)s.") % {"day": format_day(on)} if on else ""


def decided_by_side(deal: Deal) -> str:
    """Which side approved, and which prepared it; no person is named. What the vendor decided in a silent
    distributor's place (rule E7) stays at the distributor's step."""
    if deal.step != Step.VENDOR and not deal.in_distributors_place:
        return _("the distributor %(name)s") % {"name": deal.distributor}
    if deal.endorsed_at is None:
        return settings.VENDOR_NAME
    return _("%(vendor)s, endorsed by %(name)s") % {"vendor": settings.VENDOR_NAME, "name": deal.distributor}


def _months(term: int) -> str:
    return ngettext("%(n)d month", "%(n)d months", term) % {"n": term}


def _money(deal: Deal, amount: Decimal | None) -> str:
    return format_money(amount or Decimal(0), deal.currency)


def letter_facts(deal: Deal, status: LetterStatus) -> list[tuple[str, str, str]]:
    """Label, value and a line below it."""
    rulebook = rulebook_of(deal.edition)
    recommended = recommended_discount_ceiling(rulebook, deal.tier, deal.product_group.code)
    where = ", ".join(part for part in (deal.customer_city, country_name(deal.customer_country)) if part)
    return [
        (_("Partner"), str(deal.partner), f"{deal.partner.legal_name} · {deal.partner.reference}"),
        (_("End customer"), deal.customer_name, where),
        (_("Distributor"), str(deal.distributor), deal.distributor.reference),
        (
            _("Additional discount granted"),
            format_pct(deal.granted_pct),
            _("of at most %(ceiling)s") % {"ceiling": format_pct(deal.ceiling_pct)},
        ),
        (
            _("Protection was to last until") if status.is_over else _("Protected until"),
            format_day(deal.protected_until, "long"),
            _("from %(day)s") % {"day": format_day(deal.protected_from)},
        ),
        (
            _("Recommended discount"),
            _("up to %(pct)s") % {"pct": format_pct(recommended)},
            _("%(tier)s tier") % {"tier": deal.get_tier_display()},
        ),
        (_("Product group"), str(deal.product_group), ""),
        (
            _("Approved by"),
            decided_by_side(deal),
            format_day(deal.decided_at),
        ),
        (
            _("Programme"),
            _("Edition %(code)s") % {"code": deal.edition.code},
            _("rules E4, E8 and %(rule)s")
            % {"rule": "B4" if rulebook.line_of(deal.product_group.code) == "enterprise" else "B2"},
        ),
    ]


def letter_lines(deal: Deal) -> dict[str, Any]:
    """The products with their article numbers at list price; with a discount for the end customer, that
    and the net basis (rule C13)."""
    discounted = deal.end_user_discount > 0
    head = [_("Product"), _("Nodes"), _("Term"), _("List price")]
    if discounted:
        head += [_("End customer's discount"), _("Net basis")]
    rows = []
    for line in deal.lines.select_related("product"):
        row = [
            line.product.name,
            line.product.sku,
            format_number(line.nodes),
            _months(line.term_months),
            _money(deal, line.list_amount),
        ]
        if discounted:
            row += [_money(deal, line.end_user_discount), _money(deal, line.net_amount)]
        rows.append(row)
    return {"title": _("Products"), "head": head, "rows": rows}


def letter_totals(deal: Deal, status: LetterStatus) -> list[tuple[str, str, str, bool]]:
    """Label, per cent, amount, and whether it stands out: what was granted, as long as it is."""
    totals = [(_("List price in all"), "", _money(deal, deal.list_amount), False)]
    if deal.end_user_discount > 0:
        totals += [
            (_("End customer's discount (rule E14)"), "", _money(deal, deal.end_user_discount), False),
            (_("Net basis of the sales amount (rule C13)"), "", _money(deal, deal.net_amount), False),
        ]
    for label, pct, stands_out in (
        (_("Ceiling of the additional discount"), deal.ceiling_pct, False),
        (_("Additional discount granted"), deal.granted_pct, not status.is_over),
    ):
        amount = discount_amount(deal.list_amount, pct)
        totals.append((label, format_pct(pct), _money(deal, amount), stands_out))
    return totals


def letter_data(deal: Deal, at: datetime) -> dict[str, Any]:
    """All that templates/documents/deal_letter.typ shows. Of a registration that is over a letter is still
    handed out, as a record; it says so in its title, across each page and in what it is good for."""
    status = letter_status(deal, at)
    address = address_of(deal)
    return {
        "title": _("Letter of registration, no longer valid")
        if status.is_over
        else _("Letter of registration"),
        "mark": _("No longer valid") if status.is_over else "",
        "description": _("Deal registration %(reference)s") % {"reference": deal.reference},
        "vendor": settings.VENDOR_NAME,
        "reference": deal.reference,
        "lead": _(
            "This registration no longer gives any discount. The letter is a record of what was granted."
        )
        if status.is_over
        else _("%(vendor)s confirms that this deal is registered under its partner programme.")
        % {"vendor": settings.VENDOR_NAME},
        "status": {
            "tone": status.tone,
            "label": status.label,
            "note": " ".join(
                [status.note, _("As of %(moment)s.") % {"moment": format_moment(at, zone=True)}]
            ),
        },
        "facts": letter_facts(deal, status),
        "lines": letter_lines(deal),
        "totals": letter_totals(deal, status),
        "notes": {
            "title": _("How to use this letter"),
            "points": [
                _(
                    "The distributor scans the code, signs in and sees the live status. What stands there "
                    "counts, not this printout."
                ),
                _("Do not order on it: neither protection nor additional discount apply any more.")
                if status.is_over
                else _(
                    "The partner orders from the distributor named above, and names the number of the deal."
                ),
                _(
                    "All amounts are official list prices of the price region without VAT, and discounts on "
                    "them. The price to the end customer is the partner's own affair."
                ),
            ],
        },
        "footer": f"{settings.VENDOR_NAME} · {settings.PORTAL_NAME} · {address}",
        "qr": qr_code(address),
        "qr_alt": _("QR code that leads to %(address)s") % {"address": address},
        "qr_note": _("Verify the live status"),
    }
