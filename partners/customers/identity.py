"""What makes two spellings the same company: pure functions on what people type."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from partners.customers.names import data_lines, name_key
from portal.core.company_numbers import belong_to_two_companies, read_company_number
from portal.core.web_domains import registrable_domain


@lru_cache(maxsize=1)
def _free_mail_domains() -> frozenset[str]:
    return frozenset(data_lines("free_mail_domains.txt"))


@dataclass(frozen=True)
class CustomerIdentity:
    """A company as typed, and the keys that recognise it. An empty key recognises nothing."""

    name: str
    country: str
    city: str = ""
    company_number: str = ""
    number_key: str = ""
    domain: str = ""
    name_key: str = ""


def is_free_mail(domain: str) -> bool:
    return domain in _free_mail_domains()


def read_identity(
    *, name: str, country: str, city: str = "", company_number: str = "", web_domain: str = ""
) -> CustomerIdentity:
    """The identity behind what was typed; RuleViolation on the field that cannot be read."""
    number = read_company_number(country, company_number) if company_number.strip() else None
    domain = registrable_domain(web_domain) if web_domain.strip() else ""
    return CustomerIdentity(
        name=" ".join(name.split()),
        country=country,
        city=city.strip(),
        company_number=number.value if number else "",
        number_key=number.key if number else "",
        domain="" if is_free_mail(domain) else domain,
        name_key=name_key(name),
    )


def same_because(one: CustomerIdentity, other: CustomerIdentity) -> tuple[str, ...]:
    """The reasons for taking two for the same company: `number`, `domain`, `name`; empty when they
    are not. Equal names of companies with two different numbers are two companies."""
    reasons = []
    if one.number_key and one.number_key == other.number_key:
        reasons.append("number")
    if one.domain and one.domain == other.domain:
        reasons.append("domain")
    numbers_differ = belong_to_two_companies(one.number_key, other.number_key)
    if (
        one.name_key
        and one.name_key == other.name_key
        and one.country == other.country
        and not numbers_differ
    ):
        reasons.append("name")
    return tuple(reasons)


def strongest(reasons: Iterable[str]) -> int:
    """How much a set of reasons weighs, to choose among several records."""
    return sum({"number": 4, "domain": 2, "name": 1}[reason] for reason in reasons)
