import uuid
from datetime import datetime

from django.conf import settings
from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.utils import timezone

from portal.accounts.models import User

# About two and a half days with the waits of `actions._wait_after`; then a person has to look.
MOST_TRIES = 18


class NotificationQuerySet(models.QuerySet["Notification"]):
    def visible_to(self, user: User) -> "NotificationQuerySet":
        return self.filter(recipient=user)

    def unread(self) -> "NotificationQuerySet":
        return self.filter(read_at=None)

    def to_mail(self, at: datetime) -> "NotificationQuerySet":
        """Not yet mailed and due for a (further) try."""
        return self.filter(mailed_at=None, dropped_at=None, next_try_at__lte=at)

    def given_up(self) -> "NotificationQuerySet":
        """Every try failed. What nobody may read any more is dropped too, and not meant."""
        return self.filter(dropped_at__isnull=False, tries__gte=MOST_TRIES)


class Notification(models.Model):
    """One thing told to one person: the line of their inbox and the outbox of the mail, written in
    the transaction of the event. The key makes telling twice impossible."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    recipient = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notifications"
    )
    kind = models.CharField(max_length=40)
    key = models.CharField(max_length=120)
    subject_type = models.ForeignKey(ContentType, on_delete=models.PROTECT, related_name="+")
    subject_id = models.BigIntegerField()
    subject = GenericForeignKey("subject_type", "subject_id")
    context = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    created_at = models.DateTimeField(default=timezone.now)
    read_at = models.DateTimeField(null=True)
    mailed_at = models.DateTimeField(null=True)
    # No mail went out and none will: the receiver may no longer see the record or is inactive, or
    # every try failed (last_error says which).
    dropped_at = models.DateTimeField(null=True)
    tries = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField(default=timezone.now)
    last_error = models.TextField(blank=True)

    objects = NotificationQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [models.UniqueConstraint(fields=["recipient", "kind", "key"], name="notification_once")]
        indexes = [
            models.Index(fields=["recipient", "-created_at"], name="notification_inbox"),
            models.Index(fields=["recipient"], condition=models.Q(read_at=None), name="notification_unread"),
            models.Index(
                fields=["next_try_at"],
                condition=models.Q(mailed_at=None, dropped_at=None),
                name="notification_outbox",
            ),
            models.Index(
                fields=["-dropped_at"],
                condition=models.Q(dropped_at__isnull=False, tries__gte=MOST_TRIES),
                name="notification_given_up",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} → {self.recipient_id}"
