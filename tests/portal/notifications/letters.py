"""Deals and what is told about them, for the tests of mails and inbox."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from dealreg.deals.actions import look_for_conflicts, save_draft, set_lines, start_draft, submit_deal
from dealreg.deals.actions.drafting import LineInput
from dealreg.deals.models import Deal
from portal.notifications.actions import notify

# A Monday, ten past two in the afternoon in Paris.
MONDAY = datetime(2026, 11, 23, 13, 10, tzinfo=UTC)
DUE = datetime(2026, 11, 25, 13, 10, tzinfo=UTC)
UNTIL = date(2027, 2, 22)

AMOUNTS = {
    "before_amount": Decimal("5400.00"),
    "after_amount": Decimal("10800.00"),
    "currency": "EUR",
    "currency_before": "EUR",
}

# What the deals' actions tell with each kind.
TOLD: dict[str, dict[str, Any]] = {
    "deal-submitted": {"due_at": DUE},
    "deal-to-decide": {"step": "distributor", "due_at": DUE, "conflict": False},
    "deal-half-time": {"due_at": DUE},
    "deal-overdue": {"due_at": DUE},
    "deal-silence": {"due_at": DUE, "since_at": DUE},
    "extension-asked": {"days": 90, "due_at": DUE, "protected_until": UNTIL},
    "extension-to-decide": {"days": 90, "due_at": DUE, "protected_until": UNTIL},
    "extension-half-time": {"due_at": DUE},
    "extension-overdue": {"due_at": DUE, "step": "distributor"},
    "extension-silence": {"due_at": DUE, "since_at": DUE},
    "extension-decided": {
        "granted": False,
        "days": None,
        "protected_until": UNTIL,
        "text": "The progress cannot be recognised.",
        "in_place": True,
    },
    "deal-probing": {
        "person": "Amir Haddad",
        "found": "in_vain",
        "at_once": 3,
        "registered": 14,
        "in_vain": 9,
        "days": 30,
    },
    "deal-information-requested": {"question": "Which sites are meant?\nAnd by when?"},
    "deal-answered": {},
    "deal-approved": {"granted_pct": Decimal("3.50"), "protected_until": UNTIL},
    "deal-rejected": {
        "text": "The customer renews what it has.",
        "code": "not_new_business",
        "appeal_until": date(2026, 12, 4),
    },
    "deal-appealed": {"text": "The customer has bought nothing since 2021.", "due_at": DUE},
    "appeal-half-time": {"due_at": DUE},
    "appeal-overdue": {"due_at": DUE},
    "deal-appeal-decided": {
        "outcome": "facts_wrong",
        "text": "The purchase was another company's.",
        "overturned": True,
        "due_at": DUE,
    },
    "discount-asked": {
        "asked_amount": Decimal("400.00"),
        "currency": "EUR",
        "due_at": DUE,
        "text": "The customer compares us with another product.",
    },
    "discount-half-time": {"due_at": DUE},
    "discount-overdue": {"due_at": DUE},
    "discount-decided": {
        "outcome": "partly",
        "granted_amount": Decimal("250.00"),
        "asked_amount": Decimal("400.00"),
        "currency": "EUR",
        "text": "Half of it is in line with the region.",
    },
    "revocation-announced": {
        "code": "untrue_statement",
        "text": "The minutes are not recognised by the customer.",
        "statement_at": DUE,
    },
    "revocation-to-decide": {"stated": True, "text": "They were signed on site."},
    "revocation-dropped": {"text": "The signature is genuine.", "protected_until": UNTIL},
    "deal-on-behalf": {"due_at": DUE},
    "deal-order-disputed": {"text": "There is no order of this number."},
    "deal-order-reminder": {"due_at": DUE},
    "deal-win-taken-back": {
        "text": "Reported on the wrong deal.",
        "order_reference": "DN-118842",
        "due_at": DUE,
    },
    "deal-try-again": {"retry_on": UNTIL},
    "deal-amendment-asked": {"step": "distributor", "due_at": DUE, "text": "A second site.", **AMOUNTS},
    "deal-amendment-half-time": {"due_at": DUE},
    "deal-amendment-overdue": {"due_at": DUE},
    "deal-amendment-silence": {"due_at": DUE, "since_at": DUE},
    "deal-amended": {"text": "", "decided": False, **AMOUNTS},
    "deal-amendment-refused": {"text": "The site is another company's.", **AMOUNTS},
    "deal-distributor-changed": {"distributor": "Distri Ouest", "due_at": DUE},
    "deal-moved-away": {"partner": "Alpha Sécurité", "customer": "Hôpital Saint-Roch"},
    "deal-withdrawn": {},
    "deal-revoked": {"text": "The customer has written to us."},
    "deal-expiring": {"days": 14, "protected_until": UNTIL},
    "deal-expired": {"protected_until": UNTIL},
    "deal-won": {},
    "deal-comment": {"author": "Denise Carlier", "excerpt": "Do you know the date of the tender?"},
    "deal-handed-over": {"of": "Amir Haddad", "number": 2},
    "deal-mentioned": {"author": "Denise Carlier", "excerpt": "@Alice, do you know the date?"},
}


def register(cast: Any, by: Any, *, at: datetime = MONDAY, **customer: Any) -> Deal:
    """A standard deal of 100 nodes, submitted; tells Alice and Amir, and Denise, as a side effect."""
    deal = start_draft(by=by, at=at)
    changes = {
        "customer_name": "Hôpital Saint-Roch",
        "customer_country": deal.partner.country,
        "product_group": cast.groups["endpoint-security"],
        "nodes": 100,
        "expected_close_on": date(2027, 2, 1),
        "engagement": "Two meetings with the head of IT, proof of concept agreed.",
    } | customer
    save_draft(deal, by=by, changes=changes)
    set_lines(deal, by=by, lines=[LineInput(cast.products["EPS-ADV"], 100, 12)], at=at)
    deal = submit_deal(deal, by=by, at=at)
    look_for_conflicts(deal, at=at)
    deal.refresh_from_db()
    return deal


def tell(kind: str, deal: Deal, *people: Any, key: str = "test", **told: Any) -> None:
    if kind == "deal-moved-away":
        told |= {"later": deal.reference}
    notify(kind, to=people, about=deal, key=key, at=MONDAY, **(TOLD.get(kind, {}) | told))
