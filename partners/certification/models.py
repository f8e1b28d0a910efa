from datetime import date
from decimal import Decimal

import pgtrigger
from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeOperators
from django.core.serializers.json import DjangoJSONEncoder
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Func, Q, Value
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from partners.catalogue.models import ProductGroup
from partners.certification.lifecycle import (
    BOOKING_LIFECYCLE,
    BOOKING_STANDS,
    DEPARTURE_LIFECYCLE,
    GAP_LIFECYCLE,
    TRANSFER_LIFECYCLE,
    BookingStatus,
    DepartureStatus,
    GapStatus,
    TransferStatus,
)
from partners.certification.querysets import (
    BookingQuerySet,
    CertificateQuerySet,
    CourseQuerySet,
    DeparturePartQuerySet,
    DepartureQuerySet,
    EmployeePartQuerySet,
    EmploymentQuerySet,
    ImportedFileQuerySet,
    SessionQuerySet,
    TransferQuerySet,
    VendorOnlyQuerySet,
)
from partners.organisations.models import Partner
from partners.programme.models import Edition
from portal.core.calendar import time_zone_of


class Track(models.TextChoices):
    """What a certificate counts for: one of the two tracks of the tiers (rule G2), or the technology of a
    specialisation (rule I1)."""

    SALES = "sales", _("Sales")
    TECHNICAL = "technical", _("Technical")
    TECHNOLOGY = "technology", _("Technology")


def technology_fits(name: str) -> models.CheckConstraint:
    return models.CheckConstraint(
        name=name,
        condition=Q(track="technology", technology__isnull=False)
        | (~Q(track="technology") & Q(technology__isnull=True)),
        violation_error_message=_("Name the technology, and only with the track of a technology."),
    )


# ---------------------------------------------------------------- people


class Person(models.Model):
    """Somebody who works or has worked at partners: what certificates hang on. Names are with the
    employments, since each partner knows only what it has entered itself."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="person"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    erased_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"#{self.pk}"


class DateSpan(Func):
    """The days from one column to another, both included; no end while the second is empty."""

    function = "daterange"
    output_field = DateRangeField()


class Employment(models.Model):
    """A person at a partner from the first to the last day there, both included."""

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="employments")
    partner = models.ForeignKey(
        Partner, on_delete=models.PROTECT, related_name="employments", verbose_name=_("partner")
    )
    full_name = models.CharField(_("name"), max_length=120)
    email = models.EmailField(_("e-mail"), blank=True)
    job_title = models.CharField(_("function"), max_length=120, blank=True)
    hired_on = models.DateField(_("hired on"))
    left_on = models.DateField(_("left on"), null=True, blank=True)
    # What was on record of an employment, for rule G4: the earliest first day that was ever entered, where it
    # has been moved, and the day on which the last one was told.
    hired_first_on = models.DateField(null=True)
    left_told_on = models.DateField(null=True)
    entered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    entered_at = models.DateTimeField()
    # The last day of the portal account when a departure was told ahead; empty once the portal has ended it.
    access_until = models.DateField(null=True)
    # The page of what is held about somebody without an account: asked for, and when the mail with the secret
    # link was sent. The link names that moment, so that a newer one replaces it.
    data_asked_at = models.DateTimeField(null=True)
    told_at = models.DateTimeField(null=True)

    objects = EmploymentQuerySet.as_manager()

    class Meta:
        verbose_name = _("employee")
        verbose_name_plural = _("employees")
        ordering = ["full_name", "pk"]
        indexes = [
            models.Index(fields=["partner", "full_name", "id"], name="employment_partner_name"),
            models.Index(fields=["person", "hired_on"], name="employment_person"),
            models.Index(
                fields=["data_asked_at"],
                condition=Q(data_asked_at__isnull=False),
                name="employment_data_asked",
            ),
            models.Index(
                fields=["access_until"],
                condition=Q(access_until__isnull=False),
                name="employment_access_until",
            ),
        ]
        constraints = [
            models.CheckConstraint(
                name="employment_ends_after_start",
                condition=Q(left_on=None) | Q(left_on__gte=F("hired_on")),
                violation_error_message=_("The last day lies before the first."),
            ),
            # One person at one partner at a time. The person is written as a range of one number: core
            # PostgreSQL has no GiST of whole numbers.
            ExclusionConstraint(
                name="employment_one_at_a_time",
                expressions=[
                    (
                        Func(F("person_id"), F("person_id"), Value("[]"), function="int8range"),
                        RangeOperators.OVERLAPS,
                    ),
                    (DateSpan(F("hired_on"), F("left_on"), Value("[]")), RangeOperators.OVERLAPS),
                ],
                violation_error_message=_("This person works at one partner at a time."),
            ),
            models.UniqueConstraint(
                "partner",
                Lower("email"),
                condition=Q(left_on=None) & ~Q(email=""),
                name="employment_email_once",
                violation_error_message=_("Somebody with this e-mail address works here already."),
            ),
        ]

    def __str__(self) -> str:
        return self.full_name

    def get_absolute_url(self) -> str:
        return f"/team/{self.pk}/"

    def works_on(self, day: date) -> bool:
        """The last day counts."""
        return self.hired_on <= day and (self.left_on is None or self.left_on >= day)

    def counts_on(self, day: date) -> bool:
        """On the day of departure no more (rule G3)."""
        return self.hired_on <= day and (self.left_on is None or self.left_on > day)


class Transfer(models.Model):
    """The certificates of an earlier employer, taken along with the person's consent."""

    employment = models.ForeignKey(Employment, on_delete=models.PROTECT, related_name="transfers")
    certificate_number = models.CharField(_("number of one of the certificates"), max_length=20)
    status = models.CharField(
        _("status"), max_length=16, choices=TransferStatus, default=TransferStatus.CONSENT_ASKED
    )
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    # Only the hash of the secret in the mail to the person is stored.
    token_hash = models.CharField(max_length=64, unique=True)
    token_expires_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    consented_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_at = models.DateTimeField(null=True)
    reason = models.TextField(_("reason"), blank=True)

    objects = TransferQuerySet.as_manager()

    class Meta:
        ordering = ["-asked_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["employment"],
                condition=Q(status__in=["consent_asked", "to_decide"]),
                name="transfer_one_open",
                violation_error_message=_("This has been asked for already."),
            ),
            models.CheckConstraint(
                name="transfer_granted_with_consent",
                condition=~Q(status__in=["to_decide", "granted"]) | Q(consented_at__isnull=False),
            ),
        ]
        triggers = [
            pgtrigger.FSM(name="transfer_moves", field="status", transitions=TRANSFER_LIFECYCLE.transitions())
        ]

    def __str__(self) -> str:
        return f"{self.employment}: {self.certificate_number}"

    def get_absolute_url(self) -> str:
        return f"/team/transfers/{self.pk}/"

    @property
    def is_open(self) -> bool:
        return self.status in (TransferStatus.CONSENT_ASKED, TransferStatus.TO_DECIDE)


# ---------------------------------------------------------------- training


class CourseMode(models.TextChoices):
    ONLINE = "online", _("Online")
    ON_SITE = "on_site", _("On site")


class ExamMode(models.TextChoices):
    ONLINE = "online", _("Questions on the portal")
    RECORDED = "recorded", _("Results entered or imported")


class Course(models.Model):
    """A course and its exam (rule G1): data of the vendor, not of the programme."""

    code = models.CharField(_("code"), max_length=20, unique=True)
    title = models.CharField(_("title"), max_length=200)
    description = models.TextField(_("description"), blank=True)
    track = models.CharField(_("track"), max_length=12, choices=Track)
    technology = models.ForeignKey(
        ProductGroup,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("technology"),
    )
    mode = models.CharField(_("kind"), max_length=8, choices=CourseMode)
    language = models.CharField(_("language"), max_length=8)
    duration_hours = models.DecimalField(
        _("duration in hours"),
        max_digits=5,
        decimal_places=1,
        validators=[MinValueValidator(Decimal("0.5")), MaxValueValidator(Decimal(400))],
    )
    # None: free. The price of a place, without VAT.
    price = models.DecimalField(_("price"), max_digits=8, decimal_places=2, null=True, blank=True)
    currency = models.CharField(_("currency"), max_length=3, default="EUR")
    # None: what the edition says (rule G2).
    validity_months = models.PositiveSmallIntegerField(
        _("certificate valid for (months)"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(240)],
    )
    link = models.URLField(_("address of the online course"), blank=True, max_length=500)
    is_published = models.BooleanField(_("published"), default=False)

    exam_mode = models.CharField(_("exam"), max_length=8, choices=ExamMode, default=ExamMode.RECORDED)
    exam_questions = models.PositiveSmallIntegerField(
        _("questions in an exam"),
        default=20,
        validators=[MinValueValidator(1), MaxValueValidator(200)],
    )
    exam_minutes = models.PositiveSmallIntegerField(
        _("time for an exam (minutes)"),
        default=45,
        validators=[MinValueValidator(1), MaxValueValidator(480)],
    )
    pass_mark_pct = models.PositiveSmallIntegerField(
        _("pass mark (%)"), default=70, validators=[MinValueValidator(1), MaxValueValidator(100)]
    )
    # So many attempts in a row; after each failed one the next waits.
    exam_attempts = models.PositiveSmallIntegerField(
        _("attempts"), default=3, validators=[MinValueValidator(1), MaxValueValidator(20)]
    )
    exam_wait_days = models.PositiveSmallIntegerField(
        _("waiting time after a failed attempt (days)"), default=7, validators=[MaxValueValidator(366)]
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = CourseQuerySet.as_manager()

    class Meta:
        verbose_name = _("course")
        verbose_name_plural = _("courses")
        ordering = ["track", "title", "pk"]
        constraints = [
            technology_fits("course_technology_fits"),
            models.CheckConstraint(
                name="course_price_not_negative", condition=Q(price=None) | Q(price__gte=0)
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return f"/training/{self.code}/"


class Session(models.Model):
    """A course on certain dates at a certain place, with so many seats."""

    course = models.ForeignKey(Course, on_delete=models.PROTECT, related_name="sessions")
    country = models.CharField(_("country"), max_length=2)
    place = models.CharField(_("place"), max_length=200)
    starts_at = models.DateTimeField(_("starts"))
    ends_at = models.DateTimeField(_("ends"))
    seats = models.PositiveSmallIntegerField(
        _("seats"), validators=[MinValueValidator(1), MaxValueValidator(1000)]
    )
    # Until then a place can be booked or given back.
    closes_at = models.DateTimeField(_("booking closes"))
    cancelled_at = models.DateTimeField(null=True)
    cancel_reason = models.TextField(blank=True)

    objects = SessionQuerySet.as_manager()

    class Meta:
        verbose_name = _("session")
        verbose_name_plural = _("sessions")
        ordering = ["starts_at", "pk"]
        indexes = [models.Index(fields=["starts_at", "id"], name="session_start")]
        constraints = [
            models.CheckConstraint(
                name="session_ends_after_start",
                condition=Q(ends_at__gt=F("starts_at")),
                violation_error_message=_("The session ends before it starts."),
            ),
            models.CheckConstraint(
                name="session_booking_closes_before_start",
                condition=Q(closes_at__lte=F("starts_at")),
                violation_error_message=_("Booking closes before the session starts."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.course} · {self.place}"

    def get_absolute_url(self) -> str:
        return f"/training/sessions/{self.pk}/"

    @property
    def time_zone(self) -> str:
        return time_zone_of(self.country).key


class Booking(models.Model):
    """An employee's place in a session, or their turn on its waiting list."""

    session = models.ForeignKey(Session, on_delete=models.PROTECT, related_name="bookings")
    employment = models.ForeignKey(Employment, on_delete=models.PROTECT, related_name="bookings")
    status = models.CharField(_("status"), max_length=12, choices=BookingStatus)
    booked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    booked_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    objects = BookingQuerySet.as_manager()

    class Meta:
        ordering = ["booked_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["session", "employment"],
                condition=Q(status__in=BOOKING_STANDS),
                name="booking_once",
                violation_error_message=_("This person has a place in this session already."),
            )
        ]
        triggers = [
            pgtrigger.FSM(name="booking_moves", field="status", transitions=BOOKING_LIFECYCLE.transitions())
        ]

    def __str__(self) -> str:
        return f"{self.employment} → {self.session}"

    def get_absolute_url(self) -> str:
        return self.session.get_absolute_url()


class CourseProgress(models.Model):
    """How far an employee is in an online course, by their own word."""

    course = models.ForeignKey(Course, on_delete=models.PROTECT, related_name="progress")
    employment = models.ForeignKey(Employment, on_delete=models.PROTECT, related_name="progress")
    percent = models.PositiveSmallIntegerField(default=0, validators=[MaxValueValidator(100)])
    started_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    objects = EmployeePartQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["course", "employment"], name="progress_once"),
            models.CheckConstraint(name="progress_to_hundred", condition=Q(percent__lte=100)),
        ]

    def __str__(self) -> str:
        return f"{self.employment}: {self.course} {self.percent} %"


class Question(models.Model):
    """One of the bank that a course's online exam draws from."""

    course = models.ForeignKey(Course, on_delete=models.PROTECT, related_name="questions")
    text = models.TextField(_("question"))
    # The answers in the order in which they were entered; `right` holds the places of the right ones.
    answers = models.JSONField(_("answers"))
    right = models.JSONField(_("right answers"))
    is_active = models.BooleanField(_("in use"), default=True)

    objects = VendorOnlyQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.text[:80]


class Attempt(models.Model):
    """An exam taken: online with its questions as they were asked, or a result that was told."""

    course = models.ForeignKey(Course, on_delete=models.PROTECT, related_name="attempts")
    employment = models.ForeignKey(Employment, on_delete=models.PROTECT, related_name="attempts")
    started_at = models.DateTimeField()
    # Online: no answer is taken after it.
    ends_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    # [{"question", "text", "answers", "right", "chosen"}] in the order in which they were shown.
    sheet = models.JSONField(default=list)
    score_pct = models.DecimalField(max_digits=5, decimal_places=2, null=True)
    passed = models.BooleanField(null=True)
    # The day of the exam that counts for the certificate.
    taken_on = models.DateField(null=True)
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    # Of a failed one: when another was granted, whatever the attempts and the waiting time say.
    another_granted_at = models.DateTimeField(null=True)

    objects = EmployeePartQuerySet.as_manager()

    class Meta:
        ordering = ["-started_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["course", "employment"],
                condition=Q(finished_at=None),
                name="attempt_one_running",
            ),
            # The same file of results twice changes nothing.
            models.UniqueConstraint(
                fields=["course", "employment", "taken_on"],
                condition=Q(ends_at=None),
                name="attempt_recorded_once",
                violation_error_message=_("This result has been recorded already."),
            ),
            models.CheckConstraint(
                name="attempt_finished_is_judged",
                condition=Q(finished_at=None)
                | Q(score_pct__isnull=False, passed__isnull=False, taken_on__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.employment}: {self.course}"

    def get_absolute_url(self) -> str:
        return f"/training/exams/{self.pk}/"


# ---------------------------------------------------------------- certificates


class Certificate(models.Model):
    """A certificate of competence (rule G1): it belongs to the person and counts for their employer."""

    number = models.CharField(_("number"), max_length=20, unique=True)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="certificates")
    holder_name = models.CharField(_("holder"), max_length=120)
    course = models.ForeignKey(
        Course, null=True, blank=True, on_delete=models.PROTECT, related_name="certificates"
    )
    attempt = models.OneToOneField(Attempt, null=True, on_delete=models.PROTECT, related_name="certificate")
    title = models.CharField(_("title"), max_length=200)
    track = models.CharField(_("track"), max_length=12, choices=Track)
    technology = models.ForeignKey(
        ProductGroup, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    issued_on = models.DateField(_("issued on"))
    # The last day on which it counts.
    expires_on = models.DateField(_("valid until"))
    withdrawn_on = models.DateField(_("withdrawn on"), null=True)
    withdrawn_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    withdrawal_reason = models.TextField(_("reason"), blank=True)
    # 128 random bits: what the public page is asked with.
    code = models.CharField(max_length=32, unique=True)
    # The smallest number of days before the end of which the partner has been reminded.
    expiry_reminder = models.PositiveSmallIntegerField(null=True)
    issued_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = CertificateQuerySet.as_manager()

    class Meta:
        verbose_name = _("certificate")
        verbose_name_plural = _("certificates")
        ordering = ["-expires_on", "pk"]
        indexes = [
            models.Index(fields=["person", "track", "expires_on"], name="certificate_person"),
            models.Index(
                fields=["expires_on", "expiry_reminder"],
                condition=Q(withdrawn_on=None),
                name="certificate_expiry",
            ),
        ]
        constraints = [
            technology_fits("certificate_technology_fits"),
            # Rule G2: nobody counts twice; the same file of results twice changes nothing.
            models.UniqueConstraint(
                fields=["person", "track", "technology", "issued_on"],
                condition=Q(withdrawn_on=None),
                nulls_distinct=False,
                name="certificate_once_a_day",
                violation_error_message=_(
                    "The person holds a certificate of this track with the same date already."
                ),
            ),
            models.CheckConstraint(
                name="certificate_expires_after_issue",
                condition=Q(expires_on__gte=F("issued_on")),
                violation_error_message=_("The certificate would end before it starts."),
            ),
            models.CheckConstraint(
                name="certificate_withdrawn_with_reason",
                condition=Q(withdrawn_on=None, withdrawal_reason="")
                | (Q(withdrawn_on__isnull=False) & ~Q(withdrawal_reason="")),
            ),
        ]

    def __str__(self) -> str:
        return self.number

    def get_absolute_url(self) -> str:
        return f"/certificates/{self.number}/"

    @property
    def track_label(self) -> str:
        """The track, or the technology where it is one."""
        return str(self.technology) if self.technology else self.get_track_display()


class ImportKind(models.TextChoices):
    RESULTS = "results", _("Exam results")
    CERTIFICATES = "certificates", _("Existing certificates")
    QUESTIONS = "questions", _("Questions of an exam")


class ImportedFile(models.Model):
    """A file of results, certificates or questions that was read in, with what became of each line."""

    kind = models.CharField(max_length=12, choices=ImportKind)
    name = models.CharField(max_length=200)
    sha256 = models.CharField(max_length=64)
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    uploaded_at = models.DateTimeField()
    # None: only looked at so far.
    applied_at = models.DateTimeField(null=True)
    # [{"line", "cells", "outcome", "problem", "params"}]
    lines = models.JSONField(default=list, encoder=DjangoJSONEncoder)

    objects = ImportedFileQuerySet.as_manager()

    class Meta:
        ordering = ["-uploaded_at"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return f"/certificates/imports/{self.pk}/"


# ---------------------------------------------------------------- departures


class DepartureOrigin(models.TextChoices):
    PARTNER = "partner", _("Reported by the partner")
    VENDOR = "vendor", _("Found by the vendor")
    TRANSFER = "transfer", _("The person has changed employer")


class Departure(models.Model):
    """A certified person leaves a partner (rules G3 to G6). Both clocks run from `clock_from`, the true
    day of departure; their last days are stored, and never move later without the vendor's consent."""

    reference = models.CharField(_("number"), max_length=12, unique=True)
    partner = models.ForeignKey(
        Partner, on_delete=models.PROTECT, related_name="departures", verbose_name=_("partner")
    )
    employment = models.ForeignKey(Employment, on_delete=models.PROTECT, related_name="departures")
    status = models.CharField(
        _("status"), max_length=12, choices=DepartureStatus, default=DepartureStatus.OPEN
    )
    origin = models.CharField(_("origin"), max_length=12, choices=DepartureOrigin)
    edition = models.ForeignKey(Edition, on_delete=models.PROTECT, related_name="+")
    departed_on = models.DateField(_("departure"))
    # The day of departure, or an earlier one: whoever comes back for a short time does not restart it.
    clock_from = models.DateField()
    report_due_on = models.DateField(_("report by"))
    replacement_due_on = models.DateField(_("replace by"))
    # In the partner's country; empty until the partner itself has told or confirmed it.
    reported_on = models.DateField(_("reported on"), null=True)
    opened_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    opened_at = models.DateTimeField()
    note = models.TextField(_("note"), blank=True)
    # The smallest number of days before each due date of which the partner has been reminded.
    report_reminder = models.PositiveSmallIntegerField(null=True)
    replacement_reminder = models.PositiveSmallIntegerField(null=True)
    # The vendor reminds by hand once a day at most.
    reminded_by_hand_on = models.DateField(null=True)
    report_overdue_told_at = models.DateTimeField(null=True)
    # What the tier asked and what was left, as counted on the first day after the last one of the term.
    lapsed_on = models.DateField(null=True)
    lapse_facts = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    # "" while not lapsed or without an effect; else the highest tier whose specialists were still there.
    carried_tier = models.CharField(max_length=16, blank=True)
    settled_at = models.DateTimeField(null=True)
    # Withdrawn by the vendor: a new case of this person starts on a clock of its own. A case that the
    # partner withdraws keeps its clock for the next one.
    clock_released = models.BooleanField(default=False)

    objects = DepartureQuerySet.as_manager()

    class Meta:
        verbose_name = _("departure")
        verbose_name_plural = _("departures")
        ordering = ["replacement_due_on", "pk"]
        indexes = [
            models.Index(
                fields=["replacement_due_on", "replacement_reminder"],
                condition=Q(status="open"),
                name="departure_replacement_due",
            ),
            models.Index(
                fields=["report_due_on", "report_reminder"],
                condition=Q(status="open", reported_on=None),
                name="departure_report_due",
            ),
            models.Index(fields=["partner", "status"], name="departure_partner"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["employment"],
                condition=~Q(status="withdrawn"),
                name="departure_once",
                violation_error_message=_("There is a case for this departure already."),
            ),
            models.CheckConstraint(
                name="departure_clock_not_later",
                condition=Q(clock_from__lte=F("departed_on")),
            ),
            models.CheckConstraint(
                name="departure_dues_follow_clock",
                condition=Q(report_due_on__gte=F("clock_from"), replacement_due_on__gte=F("clock_from")),
            ),
        ]
        triggers = [
            pgtrigger.FSM(
                name="departure_moves", field="status", transitions=DEPARTURE_LIFECYCLE.transitions()
            )
        ]

    def __str__(self) -> str:
        return self.reference

    def get_absolute_url(self) -> str:
        return f"/departures/{self.reference}/"

    @property
    def reported_late(self) -> bool:
        """Rule G6: told after the last day of the term."""
        return self.reported_on is not None and self.reported_on > self.report_due_on


class DepartureGap(models.Model):
    """One track that the departed person was certified in, and who takes their place (rule G4)."""

    departure = models.ForeignKey(Departure, on_delete=models.CASCADE, related_name="gaps")
    track = models.CharField(_("track"), max_length=12, choices=Track)
    technology = models.ForeignKey(
        ProductGroup, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    status = models.CharField(_("status"), max_length=12, choices=GapStatus, default=GapStatus.OPEN)
    # The certificate of the departed person that counted.
    certificate = models.ForeignKey(Certificate, on_delete=models.PROTECT, related_name="+")
    replacement = models.ForeignKey(
        Employment,
        null=True,
        on_delete=models.PROTECT,
        related_name="replaces",
        verbose_name=_("replacement"),
    )
    replacement_certificate = models.ForeignKey(
        Certificate, null=True, on_delete=models.PROTECT, related_name="+"
    )
    replaced_on = models.DateField(_("replaced on"), null=True)
    replaced_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    lapsed_on = models.DateField(_("lapsed on"), null=True)

    objects = DeparturePartQuerySet.as_manager()

    class Meta:
        ordering = ["track", "pk"]
        constraints = [
            technology_fits("gap_technology_fits"),
            models.UniqueConstraint(
                fields=["departure", "track", "technology"], nulls_distinct=False, name="gap_once"
            ),
            # Rule G4: one person replaces one person per track.
            models.UniqueConstraint(
                fields=["replacement", "track", "technology"],
                condition=Q(status="replaced"),
                nulls_distinct=False,
                name="gap_replacement_once",
                violation_error_message=_("This person already replaces somebody in this track."),
            ),
            models.CheckConstraint(
                name="gap_replaced_by_somebody",
                condition=~Q(status="replaced")
                | Q(
                    replacement__isnull=False,
                    replacement_certificate__isnull=False,
                    replaced_on__isnull=False,
                ),
            ),
            models.CheckConstraint(
                name="gap_lapsed_on_a_day", condition=~Q(status="lapsed") | Q(lapsed_on__isnull=False)
            ),
        ]
        triggers = [pgtrigger.FSM(name="gap_moves", field="status", transitions=GAP_LIFECYCLE.transitions())]

    def __str__(self) -> str:
        return f"{self.departure} · {self.get_track_display()}"


class CorrectionStatus(models.TextChoices):
    APPLIED = "applied", _("Applied")
    ASKED = "asked", _("Waits for the channel manager's consent")
    REFUSED = "refused", _("Refused")
    WITHDRAWN = "withdrawn", _("Withdrawn")


class DateCorrection(models.Model):
    """A changed date of departure: the earlier value, who and why (rule G6). A later date than the one
    that the clock runs from waits for the channel manager's consent."""

    departure = models.ForeignKey(Departure, on_delete=models.CASCADE, related_name="corrections")
    before = models.DateField()
    after = models.DateField()
    reason = models.TextField(_("reason"))
    status = models.CharField(max_length=12, choices=CorrectionStatus)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_at = models.DateTimeField(null=True)
    decision_text = models.TextField(blank=True)

    objects = DeparturePartQuerySet.as_manager()

    class Meta:
        ordering = ["asked_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["departure"],
                condition=Q(status="asked"),
                name="correction_one_open",
                violation_error_message=_("A correction of this date waits for consent already."),
            ),
            models.CheckConstraint(
                name="correction_decided_by_another",
                condition=Q(decided_by=None)
                | Q(status="applied", after__lt=F("before"))
                | ~Q(decided_by=F("asked_by")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.departure}: {self.before} → {self.after}"
