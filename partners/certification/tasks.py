"""What happens by date. Each sweep finds ids and hands them in batches to one action: safe to run twice, or
late, or to be cut off in the middle."""

from collections.abc import Callable, Collection
from datetime import date, datetime, timedelta

from celery import shared_task
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from partners.certification.actions import departure_deadlines as deadlines
from partners.certification.actions.erasing import erase_person
from partners.certification.actions.exams import finish_overdue_attempts
from partners.certification.actions.expiring import remind_of_expiry
from partners.certification.actions.sessions import release_places_of_leavers
from partners.certification.actions.staff import end_account_of_leaver
from partners.certification.actions.telling import send_data_link
from partners.certification.actions.transfers import send_transfer_question
from partners.certification.certificates import not_renewed
from partners.certification.models import Certificate, Departure, Employment, Transfer
from partners.certification.personal_data import kept_until_passed
from partners.certification.querysets import CertificateQuerySet, DepartureQuerySet
from partners.organisations.models import Partner
from partners.programme.models import Edition
from partners.programme.selectors import rulebook_of, rulebook_on
from portal.core.calendar import countries_by_date
from portal.core.errors import gettext_noop
from portal.core.link_mails import MAILS_PER_RUN, send_each
from portal.core.sweeps import note_touched, sweep

QUESTIONS_SENT = gettext_noop("questions to employees sent")
QUESTIONS_FAILED = gettext_noop("questions to employees failed")
LINKS_SENT = gettext_noop("links to held data sent")
LINKS_FAILED = gettext_noop("links to held data not sent, to be tried again")
ACCOUNTS_ENDED = gettext_noop("accounts of leavers ended")
REPORTS_DUE = gettext_noop("reminders of departures to report")
REPORTS_LATE = gettext_noop("departures reported late")
REPLACEMENTS_DUE = gettext_noop("reminders of replacements")
LAPSED = gettext_noop("departures lapsed")
BATCH = 500


def _in_batches(
    event: str,
    due: DepartureQuerySet,
    action: Callable[..., list[Departure]],
    at: datetime,
    *,
    order: str,
) -> int:
    done = 0
    ids = list(due.order_by(order, "pk").values_list("pk", flat=True))
    for start in range(0, len(ids), BATCH):
        for departure in action(ids[start : start + BATCH], at=at):
            note_touched(event, departure.reference)
            done += 1
    return done


@sweep("certification.departures", _("Departures: reminders and lapses"), nightly=True)
def watch_departures(at: datetime) -> dict[str, int]:
    """Rules G3, G5 to G7, by the partner's own date: reminders, reports that are late, and lapses. A case
    that was born overdue passes through in one night."""
    done = dict.fromkeys((REPORTS_DUE, REPORTS_LATE, REPLACEMENTS_DUE, LAPSED), 0)
    countries = Departure.objects.open().order_by().values_list("partner__country", flat=True).distinct()
    for today, sharing in countries_by_date(at, list(countries)).items():
        cases = Departure.objects.open().filter(partner__country__in=sharing)
        late = cases.filter(reported_on=None, report_overdue_told_at=None, report_due_on__lt=today)
        done[REPORTS_LATE] += _in_batches(
            REPORTS_LATE, late, deadlines.tell_late_report, at, order="report_due_on"
        )
        lapsing = cases.filter(replacement_due_on__lt=today, departed_on__lt=today)
        done[LAPSED] += _in_batches(
            LAPSED, lapsing, deadlines.lapse_departures, at, order="replacement_due_on"
        )
        for edition in Edition.objects.published():
            terms = rulebook_of(edition).staff
            own = cases.filter(edition=edition)
            to_report = _to_remind(
                own.filter(reported_on=None), "report", terms.notice_reminders_days_before, today
            )
            done[REPORTS_DUE] += _in_batches(
                REPORTS_DUE, to_report, deadlines.remind_of_report, at, order="report_due_on"
            )
            to_replace = _to_remind(own, "replacement", terms.replacement_reminders_days_before, today)
            done[REPLACEMENTS_DUE] += _in_batches(
                REPLACEMENTS_DUE, to_replace, deadlines.remind_of_replacement, at, order="replacement_due_on"
            )
    return done


def _to_remind(cases: DepartureQuerySet, what: str, steps: Collection[int], today: date) -> DepartureQuerySet:
    """Those of which a reminder is due that has not been sent."""
    reached = Q(pk__in=[])
    for days in steps:
        reached |= Q(**{f"{what}_due_on__lte": today + timedelta(days=days)}) & (
            Q(**{f"{what}_reminder": None}) | Q(**{f"{what}_reminder__gt": days})
        )
    return cases.filter(reached, **{f"{what}_due_on__gte": today})


@shared_task
def send_transfer_questions() -> dict[str, int]:
    """Sent after each request; safe to run at any time, several at once."""
    return send_unsent_questions(timezone.now())


@sweep("certification.transfers", _("Certificates taken along: questions to the person"))
def send_unsent_questions(at: datetime) -> dict[str, int]:
    due = Transfer.objects.to_send(at).values_list("pk", flat=True)[:MAILS_PER_RUN]
    return send_each(due, send_transfer_question, at=at, sent=QUESTIONS_SENT, failed=QUESTIONS_FAILED)


@shared_task
def send_data_links() -> dict[str, int]:
    """Sent after each request; safe to run at any time, several at once."""
    return send_unsent_links(timezone.now())


@sweep("certification.links", _("Personal data: links to people without an account"))
def send_unsent_links(at: datetime) -> dict[str, int]:
    asked = Employment.objects.filter(data_asked_at__isnull=False).order_by("data_asked_at", "pk")
    due = asked.values_list("pk", flat=True)[:MAILS_PER_RUN]
    return send_each(due, send_data_link, at=at, sent=LINKS_SENT, failed=LINKS_FAILED)


@sweep("certification.leavers", _("Leavers: portal accounts"))
def end_accounts(at: datetime) -> dict[str, int]:
    """Portal accounts whose last day is over where the partner is. Not only at night: that of the last
    account administrator ends as soon as there is another one."""
    ended = 0
    told = Employment.objects.filter(access_until__isnull=False)
    countries = Partner.objects.filter(pk__in=told.values("partner")).values_list("country", flat=True)
    for today, there in countries_by_date(at, set(countries)).items():
        due = told.filter(partner__country__in=there, access_until__lt=today)
        for employment_id in due.order_by("access_until", "pk").values_list("pk", flat=True):
            ended += end_account_of_leaver(employment_id, at=at)
    return {ACCOUNTS_ENDED: ended}


@sweep("certification.exams", _("Exams whose time is over"))
def exams(at: datetime) -> dict[str, int]:
    """Exams whose time is over are judged by what was answered in time."""
    return finish_overdue_attempts(at=at)


@sweep("certification.places", _("Places of leavers in sessions"))
def places(at: datetime) -> dict[str, int]:
    """Places of people who will have left by the day of the session go to those who wait."""
    return release_places_of_leavers(at=at)


# ---------------------------------------------------------------- certificates

EXPIRING = gettext_noop("reminders of certificates that expire")
CERTIFICATES_AT_ONCE = 2_000


@sweep("certification.certificates", _("Certificates that expire"), nightly=True)
def warn_of_expiry(at: datetime) -> dict[str, int]:
    """The reminders of the edition by the date of the partner where the holder works; late, only the
    nearest of those missed."""
    done = 0
    countries = Partner.objects.order_by().values_list("country", flat=True).distinct()
    for today, sharing in countries_by_date(at, list(countries)).items():
        steps = rulebook_on(today).staff.certificate_reminders_days_before
        for step, due in expiring_by_step(today, sharing, steps):
            ids = list(due.order_by("pk").values_list("pk", flat=True))
            for start in range(0, len(ids), CERTIFICATES_AT_ONCE):
                batch = ids[start : start + CERTIFICATES_AT_ONCE]
                for number in remind_of_expiry(batch, step=step, today=today, at=at):
                    note_touched(EXPIRING, number)
                    done += 1
    return {EXPIRING: done}


def expiring_by_step(
    today: date, countries: Collection[str], steps: Collection[int]
) -> list[tuple[int, CertificateQuerySet]]:
    """What rules.next_reminder says of one certificate, asked of all: for each step those whose nearest
    reminder it is, and who have not been reminded of it or a nearer one."""
    found = []
    nearer = -1
    for step in sorted(steps):
        employed = Employment.objects.after(today).filter(
            person_id=OuterRef("person_id"), partner__country__in=countries
        )
        due = Certificate.objects.filter(
            not_renewed(),
            Q(expiry_reminder=None) | Q(expiry_reminder__gt=step),
            Exists(employed),
            withdrawn_on=None,
            expires_on__gt=today + timedelta(days=nearer),
            expires_on__lte=today + timedelta(days=step),
        )
        found.append((step, due))
        nearer = step
    return found


# ---------------------------------------------------------------- personal data

ERASED = gettext_noop("people erased")
ERASED_A_NIGHT = 2_000


@sweep("certification.erasing", _("Personal data whose period has passed"), nightly=True)
def erase_forgotten(at: datetime) -> dict[str, int]:
    """People who have worked nowhere for the period of the settings; one of whom something is still open
    is left for another night."""
    done = 0
    for person_id in kept_until_passed(at.date()).values_list("pk", flat=True)[:ERASED_A_NIGHT]:
        erase_person(person_id, by=None, at=at, reason="")
        done += 1
    return {ERASED: done}
