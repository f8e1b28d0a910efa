"""The search of the top bar: over what one may see, and nothing else (promises S1, S2)."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from dealreg.deals.searching import deals_matching
from partners.organisations.access import can
from partners.organisations.models import Distributor, Membership, Partner
from portal.accounts.models import User
from portal.accounts.roles import VENDOR_ROLES
from portal.core.formats import country_name, format_number
from portal.core.name_search import folded, named, searched_words

# Below this a search would find everything.
SHORTEST = 2
# Rows are counted so far and no further.
MOST_COUNTED = 100


@dataclass(frozen=True)
class Hit:
    url: str
    title: str
    hint: str
    status: str = ""
    status_label: str = ""


@dataclass(frozen=True)
class Group:
    name: str
    label: str
    icon: str
    hits: tuple[Hit, ...]
    # The whole of it, where a list shows it.
    url: str = ""
    count: str = ""


def search(user: User, text: str, pages: list[Hit], *, most: int, counted: bool = False) -> list[Group]:
    """Groups that have hits, each with at most `most`; `pages` are those that the menu offers."""
    if len(text) < SHORTEST or user.acting_as is None:
        return []
    groups = (
        _deals(user, text, most, counted),
        _partners(user, text, most, counted),
        _distributors(user, text, most),
        _people(user, text, most),
        _pages(text, pages, most),
    )
    return [group for group in groups if group and group.hits]


def _count(rows: QuerySet[Any]) -> str:
    number = rows.order_by()[: MOST_COUNTED + 1].count()
    return f"{format_number(MOST_COUNTED)}+" if number > MOST_COUNTED else format_number(number)


def _deals(user: User, text: str, most: int, counted: bool) -> Group | None:
    if not can(user, "deals.see"):
        return None
    found = deals_matching(user, text)
    rows = found.select_related("partner", "product_group").order_by("-changed_at", "-pk")[:most]
    own = user.acting_as.partner_id is not None
    hits = tuple(
        Hit(
            deal.get_absolute_url(),
            deal.customer_name or deal.reference,
            " · ".join(
                str(part)
                for part in (deal.reference, "" if own else deal.partner, deal.product_group or "")
                if part
            ),
            deal.status,
            deal.get_status_display(),
        )
        for deal in rows
    )
    return Group("deals", _("Deals"), "briefcase", hits, "/deals/", _count(found) if counted and hits else "")


def _partners(user: User, text: str, most: int, counted: bool) -> Group | None:
    if not can(user, "partners.list"):
        return None
    seen = Partner.objects.visible_to(user)
    found = seen.named_like(text) | seen.filter(reference=text.upper())
    hits = tuple(
        Hit(
            f"/partners/{partner.reference}/",
            partner.trade_name,
            " · ".join((partner.reference, partner.city or country_name(partner.country))),
        )
        for partner in found.order_by("trade_name", "pk")[:most]
    )
    count = _count(found) if counted and hits else ""
    return Group("partners", _("Partners"), "building-store", hits, "/partners/", count)


def _distributors(user: User, text: str, most: int) -> Group | None:
    if not can(user, "distributors.see"):
        return None
    words = searched_words(text)
    found = Distributor.objects.visible_to(user).filter(
        named("name", words, indexed=False) | Q(reference=text.upper())
    )
    hits = tuple(
        Hit(f"/distributors/{one.reference}/", one.name, f"{one.reference} · {country_name(one.country)}")
        for one in found.order_by("name", "pk")[:most]
    )
    return Group("distributors", _("Distributors"), "truck", hits)


def _people(user: User, text: str, most: int) -> Group | None:
    """Colleagues: the people of one's own organisation, and of the vendor's offices for the vendor."""
    if not can(user, "people.see"):
        return None
    acting = user.acting_as
    memberships = Membership.objects.visible_to(user).active()
    if acting.role in VENDOR_ROLES:
        memberships = memberships.filter(vendor_office__isnull=False)
    words = searched_words(text)
    found = memberships.filter(named("user__full_name", words, indexed=False))
    hits = tuple(
        Hit(f"/people/{one.pk}/", one.user.full_name, f"{one.get_role_display()} · {one.organisation}")
        for one in found.order_by("user__full_name", "pk")[:most]
    )
    return Group("people", _("Portal users"), "users", hits)


def _pages(text: str, pages: list[Hit], most: int) -> Group:
    sought = folded(text)
    hits = tuple(page for page in pages if sought in folded(page.title))[:most]
    return Group("pages", _("Pages"), "layout-grid", hits)


def found_words(groups: list[Group]) -> str:
    """For those who hear the page: how much was found."""
    number = sum(len(group.hits) for group in groups)
    if not number:
        return _("Nothing found")
    return ngettext("%(count)d suggestion", "%(count)d suggestions", number) % {"count": number}
