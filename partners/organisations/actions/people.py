"""People of an organisation: invited, given a role, let go. The account administrator decides (rule A4)."""

from collections.abc import Collection
from datetime import datetime, timedelta

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import IntegrityError, models, transaction
from django.urls import reverse

from partners.organisations.access import require
from partners.organisations.models import (
    Distributor,
    Invitation,
    Membership,
    Organisation,
    Partner,
    VendorOffice,
)
from partners.organisations.selectors import link_name, roles_of
from portal.accounts.actions import end_sessions, note_proven_addresses
from portal.accounts.models import User
from portal.accounts.roles import DISTRIBUTOR_ROLES, PARTNER_ROLES, Role
from portal.audit.actions import record
from portal.celery import app as celery
from portal.core.calendar import COUNTRY_TIME_ZONES
from portal.core.errors import NotAllowed, RuleViolation, WrongState, gettext_noop
from portal.core.languages import language_of
from portal.core.link_mails import link_mail
from portal.core.secret_links import hash_of, new_secret

# The role without which an organisation could no longer look after its own people.
ADMINISTRATOR_OF = {
    Partner: Role.PARTNER_ADMIN,
    Distributor: Role.DISTRIBUTOR_ADMIN,
    VendorOffice: Role.PROGRAMME_ADMIN,
}


def require_to_manage(by: User, organisation: Organisation) -> None:
    """An account administrator manages the people of its own organisation; a programme administrator
    also those of the vendor's offices and of every organisation that it sees. Else NotAllowed."""
    acting_as = require(by, "people.manage")
    if acting_as.role in PARTNER_ROLES or acting_as.role in DISTRIBUTOR_ROLES:
        allowed = acting_as.organisation == organisation
    elif isinstance(organisation, VendorOffice):
        allowed = True
    else:
        allowed = type(organisation).objects.visible_to(by).filter(pk=organisation.pk).exists()
    if not allowed:
        raise NotAllowed(
            "not-your-people", gettext_noop("Only this company's account administrator may do this.")
        )


# ---------------------------------------------------------------- invitations


@transaction.atomic
def invite_person(
    organisation: Organisation,
    *,
    by: User,
    at: datetime,
    email: str,
    full_name: str,
    role: str,
    language: str = "",
) -> Invitation:
    """An invitation to a role, sent by mail after the commit. RuleViolation on `email` when the person
    is there already or an invitation is open, on `role` when the organisation has no such role."""
    require_to_manage(by, organisation)
    _check_role(organisation, role)
    email = email.strip().lower()
    where = {link_name(organisation): organisation}
    if Membership.objects.filter(is_active=True, user__email__iexact=email, **where).exists():
        raise RuleViolation(
            "already-member",
            gettext_noop("This person already works here. Change the role instead."),
            field="email",
        )
    _clear_lapsed(where, email, at)
    invitation = Invitation(
        **where,
        role=role,
        email=email,
        full_name=" ".join(full_name.split()),
        language=language,
        token_hash=hash_of(new_secret()),
        invited_by=by,
        expires_at=_valid_until(at),
    )
    try:
        with transaction.atomic():
            invitation.save()
    except IntegrityError as problem:
        raise RuleViolation(
            "already-invited",
            gettext_noop(
                "An invitation to this address is open already. Send it again from the list of portal users."
            ),
            field="email",
        ) from problem
    record("invitation.sent", invitation, by=by, at=at, email=email, role=role)
    transaction.on_commit(_send_soon, robust=True)
    return invitation


@transaction.atomic
def resend_invitation(invitation_id: int, *, by: User, at: datetime) -> Invitation:
    """Send it once more with a new link and a new term; the link sent before ends."""
    invitation = _open_invitation(invitation_id, by)
    invitation.token_hash = hash_of(new_secret())
    invitation.expires_at = _valid_until(at)
    invitation.sent_at = None
    invitation.save(update_fields=["token_hash", "expires_at", "sent_at"])
    record("invitation.resent", invitation, by=by, at=at, email=invitation.email)
    transaction.on_commit(_send_soon, robust=True)
    return invitation


@transaction.atomic
def withdraw_invitation(invitation_id: int, *, by: User, at: datetime) -> Invitation:
    invitation = _open_invitation(invitation_id, by)
    invitation.withdrawn_at = at
    invitation.save(update_fields=["withdrawn_at"])
    record("invitation.withdrawn", invitation, by=by, at=at, email=invitation.email)
    return invitation


@transaction.atomic
def send_invitation(invitation_id: int, *, at: datetime) -> bool:
    """Mail an invitation that is due to be sent; False when somebody else has done or is doing it.
    The link's secret is made here and only its hash is stored: a mail that failed goes out again
    with another link. Errors of the mail server leave the invitation unsent."""
    invitation = (
        Invitation.objects.select_for_update(of=("self",), skip_locked=True)
        .to_send(at)
        .select_related("partner", "distributor", "vendor_office", "invited_by")
        .filter(pk=invitation_id)
        .first()
    )
    if invitation is None:
        return False
    token = new_secret()
    invitation.token_hash = hash_of(token)
    invitation.sent_at = at
    invitation.save(update_fields=["token_hash", "sent_at"])
    _mail_of(invitation, token).send()
    return True


def _mail_of(invitation: Invitation, token: str) -> EmailMultiAlternatives:
    organisation = invitation.organisation
    return link_mail(
        "organisations/emails/invitation",
        {
            "invitation": invitation,
            "organisation": settings.VENDOR_NAME if isinstance(organisation, VendorOffice) else organisation,
            "accept_url": settings.PORTAL_URL + reverse("accept_invitation", args=[token]),
        },
        to=invitation.email,
        language=invitation.language or language_of(organisation.country),
        time_zone=organisation.time_zone,
    )


def _send_soon() -> None:
    # The invitation without sent_at is what counts: with Redis away the sweep sends it later.
    celery.send_task("partners.organisations.tasks.send_invitations", retry=False)


def invitation_of(token: str) -> Invitation | None:
    """The invitation whose link holds this secret, in whatever state it is."""
    return (
        Invitation.objects.select_related("partner", "distributor", "vendor_office", "invited_by")
        .filter(token_hash=hash_of(token))
        .first()
    )


@transaction.atomic
def accept_invitation_as_new_person(
    invitation_id: int, *, at: datetime, full_name: str, password: str, language: str = ""
) -> User:
    """The invited person's account and membership. The link proves the address."""
    invitation = _lock_acceptable(invitation_id, at)
    if User.objects.filter(email__iexact=invitation.email).exists():
        raise WrongState(
            "account-exists", gettext_noop("There is an account for this address. Sign in to accept.")
        )
    user = User.objects.create_user(
        email=invitation.email,
        password=password,
        full_name=" ".join(full_name.split()),
        language=language,
    )
    _join(user, invitation, at)
    return user


@transaction.atomic
def accept_invitation(invitation_id: int, *, by: User, at: datetime) -> Membership:
    """Somebody who has an account takes another membership; only the invited address may."""
    invitation = _lock_acceptable(invitation_id, at)
    if invitation.email.lower() != by.email.lower():
        raise NotAllowed("not-invited", gettext_noop("This invitation is for another e-mail address."))
    return _join(by, invitation, at)


def _join(user: User, invitation: Invitation, at: datetime) -> Membership:
    where = {link_name(invitation.organisation): invitation.organisation}
    membership = Membership.objects.filter(user=user, **where).order_by("-is_active", "-pk").first()
    starts = membership is None or not membership.is_active
    if membership is None:
        membership = Membership(user=user, role=invitation.role, **where)
    elif starts:
        membership.role, membership.is_active, membership.ended_at = invitation.role, True, None
    # Whoever accepts wants to see the company that invited them.
    user.memberships.filter(is_current=True).update(is_current=False)
    membership.is_current = True
    membership.save()
    note_proven_addresses([user])
    invitation.accepted_at = at
    invitation.save(update_fields=["accepted_at"])
    user.forget_acting_as()
    record("invitation.accepted", invitation, by=user, at=at)
    if starts:
        record("membership.started", membership, by=user, at=at, role=membership.role)
    return membership


def _lock_acceptable(invitation_id: int, at: datetime) -> Invitation:
    invitation = Invitation.objects.select_for_update(of=("self",)).open(at).filter(pk=invitation_id).first()
    if invitation is None:
        raise WrongState(
            "invitation-over", gettext_noop("This invitation is no longer valid. Ask for a new one.")
        )
    return invitation


def _open_invitation(invitation_id: int, by: User) -> Invitation:
    invitation = Invitation.objects.select_for_update(of=("self",)).get(pk=invitation_id)
    require_to_manage(by, invitation.organisation)
    if invitation.accepted_at or invitation.withdrawn_at:
        raise WrongState(
            "invitation-over", gettext_noop("This invitation has been accepted or withdrawn in the meantime.")
        )
    return invitation


def _clear_lapsed(where: dict[str, Organisation], email: str, at: datetime) -> None:
    """An invitation whose term has passed does not stand in the way of a new one."""
    lapsed = Invitation.objects.filter(
        accepted_at=None, withdrawn_at=None, expires_at__lte=at, email__iexact=email, **where
    )
    for invitation in lapsed.select_for_update():
        invitation.withdrawn_at = at
        invitation.save(update_fields=["withdrawn_at"])
        record("invitation.lapsed", invitation, by=None, at=at, email=email)


def _valid_until(at: datetime) -> datetime:
    return at + timedelta(days=settings.INVITATION_VALID_DAYS)


# ---------------------------------------------------------------- memberships


def check_first_administrator(*, email: str, full_name: str, office: str, country: str) -> None:
    """RuleViolation when there is a programme administrator or an account of this address, or when a
    name or the country means nothing."""
    if administrators_of(VendorOffice()).exists():
        raise RuleViolation(
            "not-first", gettext_noop("There is a programme administrator already: let them invite others.")
        )
    if User.objects.filter(email__iexact=email).exists():
        raise RuleViolation(
            "account-exists", gettext_noop("There is an account of this address already."), field="email"
        )
    if not full_name.strip():
        raise RuleViolation("no-name", gettext_noop("Enter a name."), field="full_name")
    if not office.strip():
        raise RuleViolation("no-name", gettext_noop("Enter a name."), field="office")
    if country not in COUNTRY_TIME_ZONES:
        raise RuleViolation("no-country", gettext_noop("Choose a country."), field="country")


@transaction.atomic
def create_first_administrator(
    *,
    email: str,
    full_name: str,
    password: str,
    office: str,
    country: str,
    territory: Collection[str],
    at: datetime,
) -> User:
    """Nobody could invite the first one: for the command line of a new installation. RuleViolation
    when there is a programme administrator or an account of this address."""
    check_first_administrator(email=email, full_name=full_name, office=office, country=country)
    where, _ = VendorOffice.objects.get_or_create(
        name=office, defaults={"country": country, "countries": sorted(territory)}
    )
    user = User.objects.create_user(email=email, password=password, full_name=full_name)
    note_proven_addresses([user])
    membership = Membership.objects.create(
        user=user, role=Role.PROGRAMME_ADMIN, vendor_office=where, is_current=True
    )
    record("membership.started", membership, by=None, at=at, role=membership.role)
    return user


@transaction.atomic
def change_role(membership_id: int, *, by: User, at: datetime, role: str) -> Membership:
    """RuleViolation on `role` when the organisation has no such role or would be left without an
    administrator."""
    membership = _lock_membership(membership_id, by)
    if not membership.is_active:
        raise WrongState(
            "inactive", gettext_noop("This person no longer works here. Reactivate the access first.")
        )
    _check_role(membership.organisation, role)
    before = membership.role
    if role == before:
        return membership
    _check_another_administrator(membership)
    membership.role = role
    membership.save(update_fields=["role"])
    record("membership.role_changed", membership, by=by, at=at, before=before, after=role)
    return membership


@transaction.atomic
def deactivate_membership(membership_id: int, *, by: User, at: datetime, reason: str) -> Membership:
    """The person's access to this organisation ends at their next request (promise S8); somebody
    left without any membership is signed out everywhere."""
    membership = _lock_membership(membership_id, by)
    if not membership.is_active:
        raise WrongState("inactive", gettext_noop("This access has been ended in the meantime."))
    if membership.user_id == by.pk:
        raise RuleViolation(
            "not-oneself",
            gettext_noop("You cannot end your own access. Another account administrator can do it."),
        )
    if not reason.strip():
        raise RuleViolation("reason-needed", gettext_noop("Say why, for the record."), field="reason")
    _check_another_administrator(membership)
    _end(membership, by=by, at=at, reason=reason.strip())
    return membership


@transaction.atomic
def end_access_of_leaver(membership_id: int, *, at: datetime) -> bool:
    """The portal itself ends the access of somebody whose departure was told before. False when it has
    ended already, and when nobody else could look after the company's people: that is left to a person."""
    membership = Membership.objects.select_related("user", "partner").get(pk=membership_id)
    _lock_people_of(membership.organisation)
    membership.refresh_from_db(fields=["is_active", "role"])
    if not membership.is_active or is_last_administrator(membership):
        return False
    _end(membership, by=None, at=at, reason="")
    return True


def _end(membership: Membership, *, by: User | None, at: datetime, reason: str) -> None:
    membership.is_active, membership.is_current, membership.ended_at = False, False, at
    membership.save(update_fields=["is_active", "is_current", "ended_at"])
    record("membership.deactivated", membership, by=by, at=at, reason=reason)
    if not membership.user.memberships.active().exists():
        end_sessions(membership.user)


@transaction.atomic
def reactivate_membership(membership_id: int, *, by: User, at: datetime, reason: str = "") -> Membership:
    membership = _lock_membership(membership_id, by)
    where = {link_name(membership.organisation): membership.organisation}
    if Membership.objects.filter(user=membership.user, is_active=True, **where).exists():
        raise WrongState("active", gettext_noop("This person has access already."))
    membership.is_active, membership.ended_at = True, None
    membership.save(update_fields=["is_active", "ended_at"])
    record("membership.reactivated", membership, by=by, at=at, reason=reason.strip())
    return membership


@transaction.atomic
def switch_membership(user: User, membership: Membership) -> None:
    """The person acts under another of their memberships from now on."""
    User.objects.select_for_update().get(pk=user.pk)
    user.memberships.filter(is_current=True).update(is_current=False)
    if not user.memberships.filter(pk=membership.pk, is_active=True).update(is_current=True):
        raise WrongState("inactive", gettext_noop("This access has been ended in the meantime."))
    user.forget_acting_as()


def _lock_membership(membership_id: int, by: User) -> Membership:
    with_all = Membership.objects.select_related("user", "partner", "distributor", "vendor_office")
    membership = with_all.get(pk=membership_id)
    require_to_manage(by, membership.organisation)
    _lock_people_of(membership.organisation)
    return with_all.get(pk=membership_id)


def _lock_people_of(organisation: Organisation) -> None:
    """Decisions about the people of one organisation come one after the other: of two administrators
    who let each other go, one stays. The vendor's offices share their administrators."""
    rows = type(organisation)._default_manager.select_for_update(no_key=True).order_by("pk")
    if not isinstance(organisation, VendorOffice):
        rows = rows.filter(pk=organisation.pk)
    list(rows.values_list("pk"))


def _check_role(organisation: Organisation, role: str) -> None:
    if role not in roles_of(organisation):
        raise RuleViolation(
            "foreign-role",
            gettext_noop("This role does not exist in this kind of organisation."),
            field="role",
        )


def administrators_of(organisation: Organisation) -> models.QuerySet[Membership]:
    """The vendor's offices share their programme administrators."""
    everybody = Membership.objects.filter(
        is_active=True, user__is_active=True, role=ADMINISTRATOR_OF[type(organisation)]
    )
    if isinstance(organisation, VendorOffice):
        return everybody.filter(vendor_office__isnull=False)
    return everybody.filter(**{link_name(organisation): organisation})


def is_last_administrator(membership: Membership) -> bool:
    """Whether the organisation would have no account administrator without this one."""
    organisation = membership.organisation
    if membership.role != ADMINISTRATOR_OF[type(organisation)]:
        return False
    return not administrators_of(organisation).exclude(pk=membership.pk).exists()


def _check_another_administrator(membership: Membership) -> None:
    if is_last_administrator(membership):
        raise RuleViolation(
            "last-administrator",
            gettext_noop("This is the last account administrator. Give somebody else this role first."),
            field="role",
        )
