"""May this person do this, to this record? Asked in actions, so that tasks and API obey too."""

from collections.abc import Sequence
from typing import Any

from django.db import models

from partners.organisations.models import Membership
from partners.organisations.querysets import MembershipQuerySet
from portal.accounts.models import User
from portal.accounts.roles import ADMINISTRATORS, CAPABILITIES, VENDOR_ROLES, roles_with
from portal.core.errors import NotAllowed, gettext_noop


def can(user: User, capability: str) -> bool:
    membership = user.acting_as if user.is_authenticated and user.is_active else None
    return membership is not None and capability in CAPABILITIES.get(membership.role, frozenset())


def require(user: User, capability: str, subject: models.Model | None = None) -> Membership:
    """The membership that gives the right; raises NotAllowed (403) without it. A subject that the
    person does not see is refused the same way: views have answered 404 before they come here."""
    allowed = can(user, capability)
    if allowed and subject is not None:
        rows: Any = type(subject)._default_manager
        allowed = rows.visible_to(user).filter(pk=subject.pk).exists()
    if not allowed:
        raise NotAllowed("not-allowed", _whom_to_ask(user))
    return user.acting_as


def require_any(user: User, capabilities: Sequence[str], subject: models.Model | None = None) -> Membership:
    """The same by the first of several capabilities that the person has."""
    held = next((one for one in capabilities if can(user, one)), capabilities[-1])
    return require(user, held, subject)


def _whom_to_ask(user: User) -> str:
    """Who gives roles is not sent to ask who gives roles."""
    membership = user.acting_as if user.is_authenticated and user.is_active else None
    if membership is None or membership.role not in VENDOR_ROLES + ADMINISTRATORS:
        return gettext_noop("Your role does not allow this. Ask your account administrator.")
    return gettext_noop("Your role does not allow this. It is for other roles, or for another company.")


def people_who_can(capability: str, memberships: MembershipQuerySet) -> list[User]:
    """The people among these memberships who hold a capability, to be told of something."""
    wanted = memberships.active().filter(role__in=roles_with(capability))
    return [membership.user for membership in wanted.order_by("pk")]
