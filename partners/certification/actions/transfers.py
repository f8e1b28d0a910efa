"""Certificates follow a person to another partner: asked for by the new employer, agreed to by the person,
decided by the new partner's channel manager. Who asks learns nothing from the answer: a number that exists
and one that does not go the same way. Who was the employer before learns of a departure and no more."""

from datetime import date, datetime, timedelta

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import IntegrityError, transaction
from django.urls import reverse

from partners.certification.actions.departures import open_departure
from partners.certification.actions.staff import end_account_of_leaver, tell_without_administrator
from partners.certification.lifecycle import TRANSFER_LIFECYCLE, TransferStatus
from partners.certification.models import Certificate, DepartureOrigin, Employment, Person, Transfer
from partners.certification.team import account_of
from partners.organisations.access import people_who_can, require
from partners.organisations.actions.people import is_last_administrator
from partners.organisations.contacts import managers_of
from partners.organisations.models import Membership
from portal.accounts.models import User
from portal.audit.actions import record
from portal.celery import app as celery
from portal.core.calendar import date_in
from portal.core.errors import RuleViolation, WrongState, gettext_noop
from portal.core.languages import language_of
from portal.core.link_mails import link_mail
from portal.core.secret_links import hash_of, new_secret
from portal.notifications.actions import notify

# ---------------------------------------------------------------- the new employer asks


@transaction.atomic
def ask_transfer(employment_id: int, *, by: User, at: datetime, number: str) -> Transfer:
    """The person is asked by mail. RuleViolation on `number` when that is not possible; never because of the
    number itself."""
    employment = Employment.objects.select_related("partner").get(pk=employment_id)
    require(by, "staff.manage", employment)
    employment = Employment.objects.select_for_update(of=("self",)).get(pk=employment_id)
    if employment.left_on is not None:
        raise WrongState("left", gettext_noop("This person has left or is about to."))
    if not employment.email:
        raise RuleViolation(
            "no-address",
            gettext_noop("Enter the person's e-mail address first: the question goes there."),
            field="number",
        )
    lapsed = employment.transfers.filter(status=TransferStatus.CONSENT_ASKED, token_expires_at__lte=at)
    for one in lapsed.select_for_update():
        _move(one, "withdraw", at=at, verb="transfer.withdrawn", by=None)
    transfer = Transfer(
        employment=employment,
        certificate_number="".join(number.split()).upper(),
        asked_by=by,
        asked_at=at,
        token_hash=hash_of(new_secret()),
        token_expires_at=at + timedelta(days=settings.INVITATION_VALID_DAYS),
    )
    try:
        with transaction.atomic():
            transfer.save()
    except IntegrityError as problem:
        raise RuleViolation(
            "asked-already", gettext_noop("This has been asked for already."), field="number"
        ) from problem
    record("transfer.asked", transfer, by=by, at=at, number=transfer.certificate_number)
    transaction.on_commit(_send_soon, robust=True)
    return transfer


def _send_soon() -> None:
    # The row without sent_at is what counts: with Redis away the sweep sends it later.
    celery.send_task("partners.certification.tasks.send_transfer_questions", retry=False)


@transaction.atomic
def withdraw_transfer(transfer_id: int, *, by: User, at: datetime) -> Transfer:
    transfer = _locked(transfer_id)
    require(by, "staff.manage", transfer)
    return _move(transfer, "withdraw", at=at, verb="transfer.withdrawn", by=by)


# ---------------------------------------------------------------- the person agrees


@transaction.atomic
def send_transfer_question(transfer_id: int, *, at: datetime) -> bool:
    """Mail a question that is due to be sent; False when somebody else has done it. The secret is made here
    and only its hash is stored: a mail that failed goes out again with another link."""
    transfer = (
        Transfer.objects.select_for_update(of=("self",), skip_locked=True)
        .to_send(at)
        .select_related("employment__partner", "employment__person__user")
        .filter(pk=transfer_id)
        .first()
    )
    if transfer is None:
        return False
    token = new_secret()
    transfer.token_hash = hash_of(token)
    transfer.sent_at = at
    transfer.save(update_fields=["token_hash", "sent_at"])
    _mail_of(transfer, token).send()
    return True


def _mail_of(transfer: Transfer, token: str) -> EmailMultiAlternatives:
    employment = transfer.employment
    account, partner = employment.person.user, employment.partner
    return link_mail(
        "team/emails/transfer",
        {
            "transfer": transfer,
            "employment": employment,
            "partner": partner,
            "consent_url": settings.PORTAL_URL + reverse("team:consent", args=[token]),
        },
        to=employment.email,
        language=(account.language if account else "") or language_of(partner.country),
        time_zone=partner.time_zone,
    )


def transfer_of(token: str) -> Transfer | None:
    """The request whose link holds this secret, in whatever state it is."""
    rows = Transfer.objects.select_related("employment__partner")
    return rows.filter(token_hash=hash_of(token)).first()


@transaction.atomic
def agree_to_transfer(transfer_id: int, *, at: datetime) -> Transfer:
    """The person, by the secret link, which proves the address. The channel manager is told."""
    transfer = _locked(transfer_id)
    _check_asked(transfer, at)
    transfer.consented_at = at
    transfer.save(update_fields=["consented_at"])
    _move(transfer, "consent", at=at, verb="transfer.consented", by=None)
    partner = transfer.employment.partner
    notify(
        "transfer-to-decide",
        to=managers_of([partner])[partner.pk],
        about=transfer,
        key=str(transfer.pk),
        at=at,
        partner=partner.trade_name,
    )
    return transfer


@transaction.atomic
def decline_transfer(transfer_id: int, *, at: datetime) -> Transfer:
    transfer = _locked(transfer_id)
    _check_asked(transfer, at)
    return _move(transfer, "withdraw", at=at, verb="transfer.declined", by=None)


def _check_asked(transfer: Transfer, at: datetime) -> None:
    if transfer.status != TransferStatus.CONSENT_ASKED or transfer.token_expires_at <= at:
        raise WrongState("over", gettext_noop("This question is no longer open."))


# ---------------------------------------------------------------- the vendor decides


@transaction.atomic
def refuse_transfer(transfer_id: int, *, by: User, at: datetime, reason: str) -> Transfer:
    transfer = _locked(transfer_id)
    require(by, "staff.oversee", transfer)
    if not reason.strip():
        raise RuleViolation("reason-needed", gettext_noop("Say why, for the record."), field="reason")
    transfer.decided_by, transfer.decided_at, transfer.reason = by, at, reason.strip()
    transfer.save(update_fields=["decided_by", "decided_at", "reason"])
    _move(transfer, "refuse", at=at, verb="transfer.refused", by=by, reason=transfer.reason)
    _tell_partner(transfer, "transfer-refused", at)
    return transfer


@transaction.atomic
def grant_transfer(transfer_id: int, *, by: User, at: datetime) -> Transfer:
    """The two records of the person become one. An employment at another partner that still runs ends the
    day before the new one starts, with a case that does not say where the person went. RuleViolation when
    the number or the dates do not fit: read by the channel manager alone."""
    transfer = _locked(transfer_id)
    require(by, "staff.oversee", transfer)
    certificate = Certificate.objects.filter(number__iexact=transfer.certificate_number).first()
    if certificate is None:
        raise RuleViolation(
            "no-such-certificate",
            gettext_noop("There is no certificate with this number: refuse the request."),
        )
    TRANSFER_LIFECYCLE.check("grant", transfer.status)
    _join(transfer.employment, certificate.person_id, at=at)
    transfer.decided_by, transfer.decided_at = by, at
    transfer.save(update_fields=["decided_by", "decided_at"])
    _move(transfer, "grant", at=at, verb="transfer.granted", by=by, number=certificate.number)
    _tell_partner(transfer, "transfer-granted", at)
    return transfer


def _join(employment: Employment, person_id: int, *, at: datetime) -> None:
    ids = sorted({employment.person_id, person_id})
    people = {one.pk: one for one in Person.objects.select_for_update().filter(pk__in=ids).order_by("pk")}
    known, entered = people[person_id], people[employment.person_id]
    if known.erased_at is not None:
        raise RuleViolation("erased", gettext_noop("The holder of this certificate has been erased."))
    if known.pk == entered.pk:
        return
    _check_left_before(known, employment)
    _end_elsewhere(known, employment, at=at)
    account = entered.user_id
    if account is not None:
        entered.user = None
        entered.save(update_fields=["user"])
        known.user_id = account
        known.save(update_fields=["user"])
    try:
        with transaction.atomic():
            Employment.objects.filter(person=entered).update(person=known)
            Certificate.objects.filter(person=entered).update(person=known)
    except IntegrityError as problem:
        raise RuleViolation(
            "does-not-fit",
            gettext_noop("The dates or certificates of the two records contradict each other."),
        ) from problem
    entered.delete()


def _check_left_before(person: Person, employment: Employment) -> None:
    """The dates that two employers have entered contradict each other: whose is wrong corrects it."""
    later = (
        Employment.objects.filter(
            person=person, left_on__gte=employment.hired_on, hired_on__lte=employment.left_on or date.max
        )
        .order_by("-left_on")
        .first()
    )
    if later is not None:
        raise RuleViolation(
            "left-later",
            gettext_noop(
                "The person worked elsewhere until %(left_on)s, and here the first day is %(hired_on)s. If "
                "the first day is wrong, refuse and ask the partner to correct it on the employee's page. If "
                "the last day elsewhere is wrong, that employer corrects the date of departure; then grant."
            ),
            field="reason",
            left_on=later.left_on,
            hired_on=employment.hired_on,
        )


def _end_elsewhere(person: Person, employment: Employment, *, at: datetime) -> None:
    starts = employment.hired_on
    running = (
        Employment.objects.select_for_update(of=("self",))
        .select_related("partner", "person")
        .filter(person=person, left_on=None)
        .exclude(partner=employment.partner_id)
        .first()
    )
    if running is None:
        return
    if running.hired_on >= starts:
        raise RuleViolation(
            "started-later",
            gettext_noop(
                "The person started elsewhere on %(hired_on)s, and here on %(starts)s, which is not later. "
                "Ask the partner to check the first day with the person, and refuse if they work elsewhere "
                "now."
            ),
            field="reason",
            hired_on=running.hired_on,
            starts=starts,
        )
    access = account_of(running)
    running.left_on = starts - timedelta(days=1)
    running.left_told_on = date_in(running.partner.country, at)
    running.access_until = None if access is None else running.left_on
    running.save(update_fields=["left_on", "left_told_on", "access_until"])
    departure = open_departure(
        running, by=None, at=at, origin=DepartureOrigin.TRANSFER, reported_on=None, note=""
    )
    if access is not None and is_last_administrator(access):
        tell_without_administrator(running, at=at)
    end_account_of_leaver(running.pk, at=at)
    record(
        "employment.moved_on",
        running,
        by=None,
        at=at,
        departed_on=running.left_on,
        departure=departure.reference if departure else "",
    )


def _tell_partner(transfer: Transfer, kind: str, at: datetime) -> None:
    there = Membership.objects.filter(partner=transfer.employment.partner_id)
    notify(kind, to=people_who_can("staff.manage", there), about=transfer, key=str(transfer.pk), at=at)


def _locked(transfer_id: int) -> Transfer:
    return (
        Transfer.objects.select_for_update(of=("self",))
        .select_related("employment__partner", "employment__person")
        .get(pk=transfer_id)
    )


def _move(
    transfer: Transfer,
    move: str,
    *,
    at: datetime,
    verb: str,
    by: User | None,
    reason: str = "",
    **figures: str,
) -> Transfer:
    transfer.status = TRANSFER_LIFECYCLE.check(move, transfer.status)
    transfer.save(update_fields=["status"])
    record(verb, transfer, by=by, at=at, reason=reason, **figures)
    return transfer
