"""What a partner reads after a "no": the rule behind it and what to do next. Nothing here tells of
another registration (rule E6)."""

from dataclasses import dataclass
from datetime import date

from django.utils.functional import Promise
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from dealreg.deals.lifecycle import DealStatus
from dealreg.deals.models import Appeal, Deal, RejectionCode, RevocationCode
from dealreg.deals.selectors import terms_of
from partners.programme.rulebook import DealRegistrationTerms
from portal.core.calendar import date_in, months_before
from portal.core.formats import format_day, format_pct

_RULES: dict[str, str] = {
    RejectionCode.NOT_NEW_BUSINESS: "E2",
    RejectionCode.NO_ENGAGEMENT: "E1",
    RejectionCode.NOT_ELIGIBLE: "E3",
    RejectionCode.CUSTOMER_OBJECTS: "E1",
}

_ADVICE: dict[str, str | Promise] = {
    RejectionCode.NOT_NEW_BUSINESS: _(
        "The customer may be served all the same, at your tier's recommended discount. If its last purchase "
        "of this product group lies more than %(months)s months back, register again and attach the proof."
    ),
    RejectionCode.ALREADY_TAKEN: _(
        "You can go on selling to this customer at your tier's recommended discount, and register other "
        "product groups for it. If you have questions, write a comment on the deal’s page."
    ),
    RejectionCode.NO_ENGAGEMENT: _(
        "Register again as soon as you can show dated work with the customer: minutes of a meeting, a "
        "demonstration, a proof of concept, a tender."
    ),
    RejectionCode.INCOMPLETE: _("Register again with the information that the explanation asks for."),
    RejectionCode.NOT_ELIGIBLE: _(
        "See on the programme's page what your tier may register and what the next tier asks for. Register "
        "again when the condition is met."
    ),
    RejectionCode.CUSTOMER_OBJECTS: _(
        "Clear it with the customer. With its written agreement attached you can register again."
    ),
    RejectionCode.OTHER: _(
        "Read the explanation. If something is unclear, write a comment on the deal’s page."
    ),
}

_REVOCATION_ADVICE: dict[str, str | Promise] = {
    RevocationCode.CUSTOMER_CHOICE: _(
        "The customer's own choice counts. You can go on selling to it at your tier's recommended discount."
    ),
    RevocationCode.UNTRUE_STATEMENT: _(
        "Speak to your channel manager before you register this customer again, and bring documents for "
        "what was doubted."
    ),
    RevocationCode.AUTHORISATION_ENDED: _(
        "Registrations are open again once your company is authorised. Your contact at the vendor tells how."
    ),
    RevocationCode.EARLIER_OVERRULED: _(
        "You can go on selling to this customer at your tier's recommended discount, and register other "
        "product groups for it. If you have questions, write a comment on the deal’s page."
    ),
}

# Decision record 0006: that rule E5 was applied, and what the partner knows itself; nothing of what else is
# registered.
_OVERRULED = _("Decision of the channel manager on the opportunity")


def rule_of_rejection(code: str) -> str:
    return _RULES.get(code, "E9")


def rejection_advice(code: str, terms: DealRegistrationTerms) -> str:
    """In the words of the deal's own edition; "" for an unknown code."""
    advice = str(_ADVICE.get(code, ""))
    if code == RejectionCode.NOT_NEW_BUSINESS:
        return advice % {"months": terms.new_business_lookback_months}
    return advice


def rule_of_revocation(deal: Deal) -> str:
    """Rule E13; a protection that lost a conflict was overruled, and nobody had to be heard (rule E5)."""
    return "E5" if deal.was_overruled else "E13"


def grounds_of_revocation(deal: Deal) -> str:
    if deal.was_overruled:
        return str(_OVERRULED)
    return str(deal.get_revocation_code_display())


def revocation_advice(code: str) -> str | Promise:
    return _REVOCATION_ADVICE.get(code, "")


@dataclass(frozen=True)
class Refusal:
    """A "no" that explains itself: code, what the reviewer wrote, the facts that the portal can add from
    the registration itself, the rule and the edition, and what the partner can do."""

    kind: str
    code: str
    text: str
    facts: tuple[tuple[str, str], ...]
    rule: str
    edition: str
    advice: str
    appeal_until: date | None

    @property
    def rule_and_edition(self) -> str:
        return rule_and_edition(self.rule, self.edition)


def rule_and_edition(rule: str, edition: str) -> str:
    return gettext("%(rule)s of edition %(edition)s") % {"rule": rule, "edition": edition}


def refusal_of(deal: Deal) -> Refusal | None:
    """None for a deal that was not refused."""
    match deal.status:
        case DealStatus.REJECTED:
            return why_rejected(deal, deal.rejection_code, deal.decision_text)
        case DealStatus.REVOKED if deal.was_overruled:
            return why_overruled(deal, deal.end_text)
        case DealStatus.REVOKED:
            return Refusal(
                "revoked",
                grounds_of_revocation(deal),
                deal.end_text,
                tuple(_how_heard(deal)),
                rule_of_revocation(deal),
                deal.edition.code,
                str(revocation_advice(deal.revocation_code)),
                None,
            )
    return None


def why_overruled(deal: Deal, text: str) -> Refusal:
    """Rules E5, E9: a protection that a channel manager's decision ended, with its own dates as the facts."""
    facts = []
    if deal.protected_until is not None:
        period = gettext("from %(since)s to %(until)s") % {
            "since": format_day(deal.protected_from),
            "until": format_day(deal.protected_until),
        }
        facts = [
            (gettext("Registered on"), format_day(deal.submitted_at)),
            (gettext("It was to be protected"), period),
        ]
    return Refusal(
        "overruled",
        str(_OVERRULED),
        text,
        tuple(facts),
        "E5",
        deal.edition.code,
        str(revocation_advice(RevocationCode.EARLIER_OVERRULED)),
        deal.appeal_until,
    )


def why_appealed(appeal: Appeal) -> Refusal:
    """What an appeal is against."""
    if appeal.against_overruling:
        return why_overruled(appeal.deal, appeal.rejection_text)
    return why_rejected(appeal.deal, appeal.rejection_code, appeal.rejection_text)


def why_rejected(deal: Deal, code: str, text: str) -> Refusal:
    return Refusal(
        "rejected",
        str(dict(RejectionCode.choices).get(code, code)),
        text,
        tuple(facts_behind(deal, code)),
        rule_of_rejection(code),
        deal.edition.code,
        rejection_advice(code, terms_of(deal)),
        deal.appeal_until,
    )


def facts_behind(deal: Deal, code: str) -> list[tuple[str, str]]:
    """What the portal itself can say to the reason: only what stands in this registration, its tier and its
    edition, never anything of another deal (rule E6). So there is nothing for a customer that is taken."""
    match code:
        case RejectionCode.NOT_NEW_BUSINESS:
            day = date_in(deal.partner.country, deal.submitted_at)
            since = months_before(day, terms_of(deal).new_business_lookback_months)
            period = gettext("from %(since)s to %(until)s") % {
                "since": format_day(since),
                "until": format_day(day),
            }
            return [(gettext("Purchases that count"), period)]
        case RejectionCode.NO_ENGAGEMENT:
            return [(gettext("Files with the registration"), _files_in_words(deal))]
        case RejectionCode.INCOMPLETE:
            named = {
                gettext("Web domain"): deal.web_domain,
                gettext("VAT or company number"): deal.company_number,
                gettext("Contact at the customer"): deal.contact_name,
                gettext("Files"): deal.evidence.exists(),
            }
            missing = [label for label, given in named.items() if not given]
            return [(gettext("Not given"), ", ".join(missing))] if missing else []
        case RejectionCode.NOT_ELIGIBLE:
            return [
                (gettext("Tier on submission"), deal.get_tier_display()),
                (gettext("Ceiling of this tier"), format_pct(deal.ceiling_pct)),
            ]
        case RejectionCode.CUSTOMER_OBJECTS:
            contact = ", ".join(part for part in (deal.contact_name, deal.contact_role) if part)
            return [(gettext("Contact named at the customer"), contact or gettext("none"))]
    return []


def _how_heard(deal: Deal) -> list[tuple[str, str]]:
    """Rule E13: when the revocation was announced, and whether the partner has stated its view."""
    notice = deal.revocation_notices.filter(outcome="revoked").first()
    if notice is None or notice.statement_until == notice.announced_at:
        return []
    view = format_day(notice.stated_at) if notice.stated_at else gettext("none in time")
    return [
        (gettext("Announced on"), format_day(notice.announced_at)),
        (gettext("The partner's statement"), view),
    ]


def _files_in_words(deal: Deal) -> str:
    dates = list(deal.evidence.order_by("-dated_on").values_list("dated_on", flat=True))
    if not dates:
        return gettext("none")
    return ngettext("%(n)d, of %(day)s", "%(n)d, the latest of %(day)s", len(dates)) % {
        "n": len(dates),
        "day": format_day(dates[0]),
    }
