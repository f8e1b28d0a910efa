"""What makes two spellings the same company: pure functions on what people type."""

from dataclasses import dataclass
from functools import lru_cache

from partners.customers.names import data_lines, name_key
from portal.core.company_numbers import read_company_number
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
