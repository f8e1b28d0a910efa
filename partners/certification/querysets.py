"""Who sees which employee, certificate and departure. Distributors see figures only, never a person."""

from datetime import date, datetime
from typing import TYPE_CHECKING

from django.db.models import Exists, OuterRef, Q

from partners.certification.lifecycle import BOOKING_STANDS, DepartureStatus, GapStatus, TransferStatus
from partners.organisations.querysets import ScopedQuerySet

if TYPE_CHECKING:
    from partners.organisations.models import Membership

NOTHING = Q(pk__in=[])


class PartnerPartQuerySet(ScopedQuerySet):
    """What belongs to a partner: seen by the partner and by the vendor of its country."""

    def _seen_by_partner(self, membership: "Membership") -> Q:
        return Q(partner_id=membership.partner_id)

    def _seen_by_distributor(self, membership: "Membership") -> Q:
        return NOTHING

    def _seen_by_vendor(self, membership: "Membership") -> Q:
        return Q(partner__country__in=membership.vendor_office.countries)


class EmploymentQuerySet(PartnerPartQuerySet):
    def on(self, day: date) -> "EmploymentQuerySet":
        """Those who work at their partner on a day; the last day counts."""
        return self.filter(Q(left_on=None) | Q(left_on__gte=day), hired_on__lte=day)

    def after(self, day: date) -> "EmploymentQuerySet":
        """Those who are still there after a day has ended: whoever leaves on it is not (rule G3)."""
        return self.filter(Q(left_on=None) | Q(left_on__gt=day), hired_on__lte=day)


class EmployeePartQuerySet(ScopedQuerySet):
    """What hangs on an employment: bookings, progress, attempts, transfers."""

    def _seen_by_partner(self, membership: "Membership") -> Q:
        return Q(employment__partner_id=membership.partner_id)

    def _seen_by_distributor(self, membership: "Membership") -> Q:
        return NOTHING

    def _seen_by_vendor(self, membership: "Membership") -> Q:
        return Q(employment__partner__country__in=membership.vendor_office.countries)


class TransferQuerySet(EmployeePartQuerySet):
    """The new employer sees what it asked for; the vendor's office of the new employer decides. The old
    employer sees nothing of it (promise S1)."""

    def to_send(self, at: datetime) -> "TransferQuerySet":
        """Questions to the person that have not gone out yet."""
        return self.filter(
            status=TransferStatus.CONSENT_ASKED, sent_at=None, token_expires_at__gt=at
        ).order_by("asked_at", "pk")

    def to_decide(self) -> "TransferQuerySet":
        return self.filter(status=TransferStatus.TO_DECIDE)


class CertificateQuerySet(ScopedQuerySet):
    """A partner sees the certificates of its people: those that were issued before they left. The vendor
    sees those of everybody who has ever worked at a partner of its countries."""

    def valid_on(self, day: date) -> "CertificateQuerySet":
        """Rule G2: valid on its last day, and not withdrawn by then."""
        return self.filter(
            Q(withdrawn_on=None) | Q(withdrawn_on__gt=day), issued_on__lte=day, expires_on__gte=day
        )

    def in_track(self, track: str, technology_id: int | None) -> "CertificateQuerySet":
        return self.filter(track=track, technology_id=technology_id)

    def _seen_by_partner(self, membership: "Membership") -> Q:
        from partners.certification.models import Employment

        here = Employment.objects.filter(person_id=OuterRef("person_id"), partner_id=membership.partner_id)
        return Q(Exists(here.filter(Q(left_on=None) | Q(left_on__gte=OuterRef("issued_on")))))

    def _seen_by_distributor(self, membership: "Membership") -> Q:
        return NOTHING

    def _seen_by_vendor(self, membership: "Membership") -> Q:
        from partners.certification.models import Employment

        countries = membership.vendor_office.countries
        there = Employment.objects.filter(person_id=OuterRef("person_id"), partner__country__in=countries)
        return Q(Exists(there))


class CourseQuerySet(ScopedQuerySet):
    """The list of courses is for every partner and for the vendor (rule G1); drafts for the vendor alone."""

    def _seen_by_partner(self, membership: "Membership") -> Q:
        return Q(is_published=True)

    def _seen_by_distributor(self, membership: "Membership") -> Q:
        return Q(is_published=True)

    def _seen_by_vendor(self, membership: "Membership") -> Q:
        return Q(pk__isnull=False)


class SessionQuerySet(ScopedQuerySet):
    """Those of the courses on the list; a partner also those in which its people have had places."""

    def _seen_by_partner(self, membership: "Membership") -> Q:
        from partners.certification.models import Booking

        own = Booking.objects.filter(session_id=OuterRef("pk"), employment__partner_id=membership.partner_id)
        return Q(course__is_published=True) | Q(Exists(own))

    def _seen_by_distributor(self, membership: "Membership") -> Q:
        return Q(course__is_published=True)

    def _seen_by_vendor(self, membership: "Membership") -> Q:
        return Q(pk__isnull=False)


class BookingQuerySet(EmployeePartQuerySet):
    def standing(self) -> "BookingQuerySet":
        return self.filter(status__in=BOOKING_STANDS)


class VendorOnlyQuerySet(ScopedQuerySet):
    """Questions of exams and files of results: nobody but the vendor."""

    def _seen_by_partner(self, membership: "Membership") -> Q:
        return NOTHING

    def _seen_by_distributor(self, membership: "Membership") -> Q:
        return NOTHING

    def _seen_by_vendor(self, membership: "Membership") -> Q:
        return Q(pk__isnull=False)


class ImportedFileQuerySet(VendorOnlyQuerySet):
    """Whoever has uploaded a file: it names people of partners that not every office sees."""

    def _seen_by_vendor(self, membership: "Membership") -> Q:
        return Q(uploaded_by_id=membership.user_id)


class DepartureQuerySet(PartnerPartQuerySet):
    def open(self) -> "DepartureQuerySet":
        return self.filter(status=DepartureStatus.OPEN)

    def unreported(self) -> "DepartureQuerySet":
        """Cases that somebody else opened and the partner has not confirmed yet (rule G6)."""
        return self.open().filter(reported_on=None)


class DeparturePartQuerySet(ScopedQuerySet):
    """The tracks, corrections and notes of a departure."""

    def open(self) -> "DeparturePartQuerySet":
        return self.filter(status=GapStatus.OPEN)

    def _seen_by_partner(self, membership: "Membership") -> Q:
        return Q(departure__partner_id=membership.partner_id)

    def _seen_by_distributor(self, membership: "Membership") -> Q:
        return NOTHING

    def _seen_by_vendor(self, membership: "Membership") -> Q:
        return Q(departure__partner__country__in=membership.vendor_office.countries)
