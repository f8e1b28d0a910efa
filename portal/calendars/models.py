from django.conf import settings
from django.db import models

from portal.accounts.models import User


class CalendarAddressQuerySet(models.QuerySet["CalendarAddress"]):
    def for_user(self, user: User) -> "CalendarAddressQuerySet":
        return self.filter(user=user)


class CalendarAddress(models.Model):
    """The secret address of a person's deadlines, for their own calendar. Only its hash is stored: whoever
    reads the database cannot read the calendar."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="calendar_address"
    )
    token_hash = models.CharField(max_length=64, unique=True)
    made_at = models.DateTimeField()
    # To the hour: a calendar that nobody reads any more can be given up.
    read_at = models.DateTimeField(null=True)

    objects = CalendarAddressQuerySet.as_manager()

    def __str__(self) -> str:
        return str(self.user)
