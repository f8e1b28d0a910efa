"""Who may do what: one table of roles and capabilities, asked by actions, menus and buttons alike."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    """The roles of a membership; the prefix names the kind of organisation (rules A1 to A4)."""

    PARTNER_ADMIN = "partner_admin", _("Account administrator")
    PARTNER_SALES = "partner_sales", _("Sales")
    PARTNER_TECHNICAL = "partner_technical", _("Technical")
    PARTNER_READONLY = "partner_readonly", _("Read-only")
    DISTRIBUTOR_ADMIN = "distributor_admin", _("Distributor administrator")
    DISTRIBUTOR_APPROVER = "distributor_approver", _("Approver")
    DISTRIBUTOR_READONLY = "distributor_readonly", _("Distributor, read-only")
    PROGRAMME_ADMIN = "programme_admin", _("Programme administrator")
    CHANNEL_MANAGER = "channel_manager", _("Channel manager")
    AUDITOR = "auditor", _("Auditor, read-only")


PARTNER_ROLES = (Role.PARTNER_ADMIN, Role.PARTNER_SALES, Role.PARTNER_TECHNICAL, Role.PARTNER_READONLY)
DISTRIBUTOR_ROLES = (Role.DISTRIBUTOR_ADMIN, Role.DISTRIBUTOR_APPROVER, Role.DISTRIBUTOR_READONLY)
VENDOR_ROLES = (Role.PROGRAMME_ADMIN, Role.CHANNEL_MANAGER, Role.AUDITOR)
# Who gives the others of their company their roles (rule A4).
ADMINISTRATORS = (Role.PARTNER_ADMIN, Role.DISTRIBUTOR_ADMIN, Role.PROGRAMME_ADMIN)

_PARTNER_SEES = {
    "deals.see",
    "programme.see",
    "catalogue.see",
    "people.see",
    "partners.see",
    "staff.see",
    "training.see",
    "tiers.see",
}
_PARTNER_SELLS = {
    "deals.register",
    "deals.close",
    "deals.appeal",
    "deals.ask_discounts",
    "deals.state_view",
    "deals.comment",
}
_DISTRIBUTOR_SEES = {
    "deals.see",
    "deals.see_queue",
    "deals.see_internal",
    "programme.see",
    "catalogue.see",
    "people.see",
    "partners.see",
    "partners.list",
    "staff.count",
    "training.see",
}
_VENDOR_SEES = {
    "deals.see",
    "deals.see_internal",
    "deals.see_conflicts",
    "deals.see_appeals",
    "customers.see",
    "programme.see",
    "catalogue.see",
    "people.see",
    "partners.see",
    "partners.list",
    "distributors.see",
    "offices.see",
    "staff.see",
    "training.see",
    "tiers.see",
    "jobs.see",
}

CAPABILITIES: dict[str, frozenset[str]] = {
    Role.PARTNER_ADMIN: frozenset(
        _PARTNER_SEES | _PARTNER_SELLS | {"people.manage", "staff.manage", "training.book"}
    ),
    Role.PARTNER_SALES: frozenset(_PARTNER_SEES | _PARTNER_SELLS | {"training.book_oneself"}),
    Role.PARTNER_TECHNICAL: frozenset(_PARTNER_SEES | {"deals.comment", "training.book_oneself"}),
    Role.PARTNER_READONLY: frozenset(_PARTNER_SEES),
    Role.DISTRIBUTOR_ADMIN: frozenset(
        _DISTRIBUTOR_SEES
        | {
            "deals.decide_as_distributor",
            "deals.register_on_behalf",
            "deals.confirm_order",
            "deals.comment",
            "deals.comment_internally",
            "people.manage",
        }
    ),
    Role.DISTRIBUTOR_APPROVER: frozenset(
        _DISTRIBUTOR_SEES
        | {
            "deals.decide_as_distributor",
            "deals.register_on_behalf",
            "deals.confirm_order",
            "deals.comment",
            "deals.comment_internally",
        }
    ),
    Role.DISTRIBUTOR_READONLY: frozenset(_DISTRIBUTOR_SEES),
    Role.PROGRAMME_ADMIN: frozenset(
        _VENDOR_SEES
        | {
            "deals.decide_as_vendor",
            "deals.settle_conflicts",
            "customers.manage",
            "deals.revoke",
            "deals.decide_appeals",
            "deals.grant_discounts",
            "deals.comment",
            "deals.comment_internally",
            "people.manage",
            "partners.manage",
            "distributors.manage",
            "offices.manage",
            "programme.manage",
            "catalogue.manage",
            "staff.oversee",
            "training.manage",
            "tiers.decide",
            "jobs.manage",
        }
    ),
    Role.CHANNEL_MANAGER: frozenset(
        _VENDOR_SEES
        | {
            "deals.decide_as_vendor",
            "deals.settle_conflicts",
            "customers.manage",
            "deals.revoke",
            "deals.decide_appeals",
            "deals.grant_discounts",
            "deals.comment",
            "deals.comment_internally",
            "partners.manage",
            "staff.oversee",
            "training.manage",
            "tiers.decide",
        }
    ),
    Role.AUDITOR: frozenset(_VENDOR_SEES),
}


def roles_with(capability: str) -> list[str]:
    return [str(role) for role, held in CAPABILITIES.items() if capability in held]
