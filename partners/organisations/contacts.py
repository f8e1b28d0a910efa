"""Who is told of what concerns a partner, for many partners at once."""

from collections.abc import Collection, Iterable

from partners.organisations.models import Membership, Partner
from portal.accounts.models import User
from portal.accounts.roles import Role


def administrators_of(partners: Collection[int]) -> dict[int, list[User]]:
    """By partner, its account administrators. One query."""
    found: dict[int, list[User]] = {pk: [] for pk in partners}
    administrators = Membership.objects.active().filter(partner__in=partners, role=Role.PARTNER_ADMIN)
    for membership in administrators.order_by("pk"):
        found[membership.partner_id].append(membership.user)
    return found


def programme_administrators_of(partner: Partner) -> list[User]:
    """Those whose office covers the partner's country."""
    office = Membership.objects.active().filter(
        role=Role.PROGRAMME_ADMIN, vendor_office__countries__contains=[partner.country]
    )
    return [membership.user for membership in office.order_by("pk")]


def managers_of(partners: Iterable[Partner]) -> dict[int, list[User]]:
    """By partner, its own channel manager, else those whose office covers its country (rule A1), else the
    programme administrators, so that nothing is told to nobody. One query."""
    office = list(
        Membership.objects.active()
        .filter(vendor_office__isnull=False, role__in=[Role.CHANNEL_MANAGER, Role.PROGRAMME_ADMIN])
        .order_by("pk")
    )
    by_country: dict[str, list[Membership]] = {}
    found: dict[int, list[User]] = {}
    for partner in partners:
        country = partner.country
        if country not in by_country:
            by_country[country] = [one for one in office if country in one.vendor_office.countries]
        region = by_country[country]
        managers = [one.user for one in region if one.role == Role.CHANNEL_MANAGER]
        own = [user for user in managers if user.pk == partner.channel_manager_id]
        found[partner.pk] = own or managers or [one.user for one in region]
    return found
