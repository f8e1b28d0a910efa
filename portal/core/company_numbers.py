"""VAT and company numbers of the territory, checked with python-stdnum and brought to one key, so
that the same company is recognised whichever of its numbers was typed."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from stdnum import get_cc_module
from stdnum.ch import uid as ch_uid
from stdnum.exceptions import ValidationError
from stdnum.fr import siren, siret
from stdnum.is_ import kennitala
from stdnum.no import orgnr as no_orgnr
from stdnum.se import orgnr as se_orgnr

from portal.core.errors import RuleViolation, gettext_noop

# Company registers without a check digit, for which there is nothing but the form to check.
_REGISTER_FORMS = {
    "GB": r"\d{8}|(?:SC|NI|OC|SO|NC|R)\d{6,7}",
    "IE": r"\d{5,6}",
    "NL": r"\d{8}",
    "LU": r"B\d{3,6}",
    "MT": r"C\d{4,6}",
    "AT": r"(?:FN)?\d{1,6}[A-Z]",
}

# Where the tax number is no part of the register's: its holder may be a group of companies.
_TAX_APART = frozenset({"AT", "DE", "GB", "IE", "IS", "LU", "MT", "NL"})


@dataclass(frozen=True)
class CompanyNumber:
    """`kind` is `vat` or `register`; `value` the number as one writes it without blanks; `key` the
    same for every number of one company where the country lets us see it (a French VAT number holds
    the SIREN, a Norwegian one the organisation number). Where it does not, the keys of the company
    register begin with R."""

    country: str
    kind: str
    value: str
    key: str


def read_company_number(country: str, text: str) -> CompanyNumber:
    """The number meant by `text` for a company of `country`; RuleViolation on the field
    `company_number` when it is none."""
    compact = re.sub(r"[\s.\-/·]", "", _in_ascii_digits(text)).upper()
    for kind, value, core in _readings(country, compact):
        return CompanyNumber(country, kind, value, f"{country}:{core}")
    raise RuleViolation(
        "bad-company-number",
        gettext_noop(
            "This is not a valid VAT or company number of this country. Check it, or leave it empty."
        ),
        field="company_number",
    )


def belong_to_two_companies(one: str, other: str) -> bool:
    """Whether two keys differ and are of the same kind in the same country: no company has two."""
    if not one or not other or one == other or one[:2] != other[:2]:
        return False
    return one[:2] not in _TAX_APART or _is_of_register(one) == _is_of_register(other)


def may_be_a_groups(key: str) -> bool:
    """Whether several companies may share this number: tax numbers where they stand for themselves."""
    return key[:2] in _TAX_APART and not _is_of_register(key)


def _is_of_register(key: str) -> bool:
    return key[3:4] == "R"


def _in_ascii_digits(text: str) -> str:
    """Full-width and Arabic digits are the same number: a key in another script would find nobody."""
    folded = unicodedata.normalize("NFKC", text)
    return "".join(str(unicodedata.decimal(sign, sign)) for sign in folded)


def _readings(country: str, compact: str) -> Iterator[tuple[str, str, str]]:
    if country == "FR":
        for module, kind in ((siret, "register"), (siren, "register")):
            if module.is_valid(compact):
                yield kind, compact, compact[:9]
    if country == "SE" and se_orgnr.is_valid(compact):
        yield "register", compact, se_orgnr.compact(compact)
    if country == "NO" and no_orgnr.is_valid(compact):
        yield "register", compact, compact
    if country == "CH" and ch_uid.is_valid(compact):
        yield "register", compact, ch_uid.compact(compact)
    if country == "IS" and kennitala.is_valid(compact) and compact[0] in "4567":  # a person's is below
        yield "register", compact, f"R{compact}"
    for kind in ("vat", "businessid"):
        module = get_cc_module(country.lower(), kind)
        if module is None:
            continue
        try:
            number = module.validate(compact)
        except ValidationError:
            continue
        yield (
            ("vat" if kind == "vat" else "register"),
            _written(country, number, kind),
            _core(country, number),
        )
    if re.fullmatch(_REGISTER_FORMS.get(country, r"(?!)"), compact):
        yield "register", compact, f"R{compact.removeprefix('FN')}"


def _written(country: str, number: str, kind: str) -> str:
    prefix = "EL" if country == "GR" else country
    if kind != "vat" or country in {"CH", "NO", "DZ", "MA", "TN", "IL", "IS"} or number.startswith(prefix):
        return number
    return prefix + number


def _core(country: str, number: str) -> str:
    """The part of a VAT number that the company's other numbers share."""
    match country:
        case "FR":
            return number[-9:]
        case "SE":
            return number.removesuffix("01")
        case "NO":
            return number.removesuffix("MVA")
        case "CH":
            return re.sub(r"(MWST|TVA|IVA|TPV)$", "", number)
        case "NL" | "GB" | "MA":  # then B01, a branch, an establishment
            return number.removeprefix(country)[:9]
        case "TN":
            return number[:8]
        case "DZ":
            return number[:15]
        case _:
            return number.removeprefix(country)
