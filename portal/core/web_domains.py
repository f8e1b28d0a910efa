"""Web domains as people type them: addresses, hosts, mail addresses."""

import re

import tldextract

from portal.core.errors import RuleViolation, gettext_noop

# The suffix list that ships with the package: no network, the same answer everywhere. RFC 2606
# keeps .example for documentation and demos; nobody can register it.
_split_host = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None, extra_suffixes=("example",))


def registrable_domain(text: str) -> str:
    """`example.fr` from an address, host or mail address of any depth; RuleViolation on the field
    `web_domain` when it has no public suffix."""
    host = text.strip().lower().rsplit("@", 1)[-1]
    parts = _split_host(host)
    if (
        not parts.domain
        or not parts.suffix
        or not re.fullmatch(r"[\w.-]+", parts.top_domain_under_public_suffix)
    ):
        raise RuleViolation(
            "bad-domain",
            gettext_noop("Enter a web domain such as example.com, or leave it empty."),
            field="web_domain",
        )
    return parts.top_domain_under_public_suffix
