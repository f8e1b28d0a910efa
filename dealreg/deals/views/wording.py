"""What a partner reads after a "no": the rule behind it and what to do next. Nothing here tells of
another registration (rule E6)."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from dealreg.deals.models import RejectionCode, RevocationCode
from partners.programme.rulebook import DealRegistrationTerms

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
        "product groups for it. If you have questions, write a comment below."
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
    RejectionCode.OTHER: _("Read the explanation. If something is unclear, write a comment below."),
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
        "product groups for it. If you have questions, write a comment below."
    ),
}


def rule_of_rejection(code: str) -> str:
    return _RULES.get(code, "E9")


def rejection_advice(code: str, terms: DealRegistrationTerms) -> str:
    """In the words of the deal's own edition; "" for an unknown code."""
    advice = str(_ADVICE.get(code, ""))
    if code == RejectionCode.NOT_NEW_BUSINESS:
        return advice % {"months": terms.new_business_lookback_months}
    return advice


def revocation_advice(code: str) -> str | Promise:
    return _REVOCATION_ADVICE.get(code, "")
