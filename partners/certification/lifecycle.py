"""States of training and of departures, each with its one table of moves."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from portal.core.lifecycle import Lifecycle, Move


class DepartureStatus(models.TextChoices):
    """Of the whole case: open while a track of it waits for a replacement."""

    OPEN = "open", _("Open")
    SETTLED = "settled", _("Settled")
    WITHDRAWN = "withdrawn", pgettext_lazy("departure", "Withdrawn")


DEPARTURE_LIFECYCLE = Lifecycle(
    [
        Move("settle", (DepartureStatus.OPEN,), DepartureStatus.SETTLED),
        # An earlier date can take a replacement's ground away: the case goes on.
        Move("reopen", (DepartureStatus.SETTLED,), DepartureStatus.OPEN),
        Move("withdraw", (DepartureStatus.OPEN, DepartureStatus.SETTLED), DepartureStatus.WITHDRAWN),
    ]
)


class GapStatus(models.TextChoices):
    """Of one track that a departed person was certified in (rules G3, G5)."""

    OPEN = "open", _("To be replaced")
    REPLACED = "replaced", _("Replaced")
    LAPSED = "lapsed", _("Not replaced in time")
    WITHDRAWN = "withdrawn", _("Withdrawn")


GAP_LIFECYCLE = Lifecycle(
    [
        Move("replace", (GapStatus.OPEN,), GapStatus.REPLACED),
        Move("lapse", (GapStatus.OPEN,), GapStatus.LAPSED),
        # A corrected date, or a replacement that no longer counts.
        Move("reopen", (GapStatus.REPLACED, GapStatus.LAPSED), GapStatus.OPEN),
        Move("withdraw", (GapStatus.OPEN, GapStatus.REPLACED, GapStatus.LAPSED), GapStatus.WITHDRAWN),
        # The corrected date is one on which the person was certified in the track after all.
        Move("restore", (GapStatus.WITHDRAWN,), GapStatus.OPEN),
    ]
)


class BookingStatus(models.TextChoices):
    BOOKED = "booked", _("Booked")
    WAITING = "waiting", _("On the waiting list")
    CANCELLED = "cancelled", _("Cancelled")
    ATTENDED = "attended", _("Attended")
    ABSENT = "absent", _("Did not come")


BOOKING_LIFECYCLE = Lifecycle(
    [
        Move("promote", (BookingStatus.WAITING,), BookingStatus.BOOKED),
        Move("cancel", (BookingStatus.BOOKED, BookingStatus.WAITING), BookingStatus.CANCELLED),
        Move("attend", (BookingStatus.BOOKED, BookingStatus.ABSENT), BookingStatus.ATTENDED),
        Move("miss", (BookingStatus.BOOKED, BookingStatus.ATTENDED), BookingStatus.ABSENT),
    ]
)

PLACE_HELD = (BookingStatus.BOOKED, BookingStatus.ATTENDED, BookingStatus.ABSENT)
BOOKING_STANDS = (*PLACE_HELD, BookingStatus.WAITING)


class TransferStatus(models.TextChoices):
    """Certificates that follow a person to another partner."""

    CONSENT_ASKED = "consent_asked", _("Consent asked for")
    TO_DECIDE = "to_decide", _("To be decided")
    GRANTED = "granted", _("Taken along")
    REFUSED = "refused", _("Refused")
    WITHDRAWN = "withdrawn", _("Withdrawn")


TRANSFER_LIFECYCLE = Lifecycle(
    [
        Move("consent", (TransferStatus.CONSENT_ASKED,), TransferStatus.TO_DECIDE),
        Move("grant", (TransferStatus.TO_DECIDE,), TransferStatus.GRANTED),
        Move("refuse", (TransferStatus.TO_DECIDE,), TransferStatus.REFUSED),
        Move("withdraw", (TransferStatus.CONSENT_ASKED, TransferStatus.TO_DECIDE), TransferStatus.WITHDRAWN),
    ]
)
