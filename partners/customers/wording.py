"""Why two are taken for one company, in words: the same on every page that says so."""

from collections.abc import Iterable
from decimal import Decimal

from django.utils.translation import gettext as _

from partners.customers.matching import Finding
from portal.core.formats import format_number


def reason_of(finding: Finding) -> str:
    """A finding as it is kept with a record: `number`, `name_alike:0.94`."""
    if finding.score is None or finding.code == "name":
        return finding.code
    return f"{finding.code}:{finding.score:.2f}"


def code_of(reason: str) -> str:
    return reason.partition(":")[0]


def reason_words(reasons: Iterable[str]) -> list[str]:
    """What is kept, for people to read; what is not known is passed over."""
    words = {
        "number": _("same company number"),
        "other_number": _("another company number"),
        "domain": _("same web domain"),
        "domain_label": _("same web domain but for its ending"),
        "name": _("same name"),
        "name_alike": _("names alike"),
        "place": _("same town"),
        "record": _("one customer record"),
    }
    told = []
    for reason in reasons:
        code, _colon, score = reason.partition(":")
        if code == "name_alike" and score:
            told.append(_("names %(score)s alike") % {"score": format_number(Decimal(score))})
        elif code in words:
            told.append(words[code])
    return told


def finding_words(findings: Iterable[Finding]) -> list[str]:
    return reason_words(reason_of(finding) for finding in findings)
