import pgtrigger
from django.conf import settings
from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Audience(models.TextChoices):
    """Who may read an event on a timeline: rule E6 keeps conflicts from partners."""

    EVERYBODY = "everybody", _("everybody who sees the record")
    REVIEWERS = "reviewers", _("distributor and vendor")
    VENDOR = "vendor", _("vendor only")


class EventQuerySet(models.QuerySet["Event"]):
    def about(self, subject: models.Model) -> "EventQuerySet":
        return self.filter(subject_type=ContentType.objects.get_for_model(subject), subject_id=subject.pk)

    def readable_by(self, audiences: list[str]) -> "EventQuerySet":
        return self.filter(audience__in=audiences)


class Event(models.Model):
    """Who decided what about which record, when, why and with which figures. Append-only: the
    database refuses to change or delete a row and to empty the table."""

    at = models.DateTimeField(default=timezone.now)
    verb = models.CharField(max_length=60)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    # As they were at that moment: people change roles and organisations, the past does not.
    actor_name = models.CharField(max_length=120, blank=True)
    actor_role = models.CharField(max_length=40, blank=True)
    actor_organisation = models.CharField(max_length=200, blank=True)
    subject_type = models.ForeignKey(ContentType, on_delete=models.PROTECT, related_name="+")
    subject_id = models.BigIntegerField()
    subject = GenericForeignKey("subject_type", "subject_id")
    audience = models.CharField(max_length=12, choices=Audience, default=Audience.EVERYBODY)
    reason = models.TextField(blank=True)
    edition = models.CharField(max_length=20, blank=True)
    data = models.JSONField(default=dict, encoder=DjangoJSONEncoder)

    objects = EventQuerySet.as_manager()

    class Meta:
        ordering = ["at", "id"]
        indexes = [models.Index(fields=["subject_type", "subject_id", "at"], name="event_subject")]
        triggers = [
            pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete),
            pgtrigger.Trigger(
                name="never_emptied",
                level=pgtrigger.Statement,
                when=pgtrigger.Before,
                operation=pgtrigger.Truncate,
                # Tests empty the tables between each other; their settings alone say so.
                func="""
                    IF coalesce(current_setting('portal.may_empty', true), '') <> 'yes' THEN
                        RAISE EXCEPTION 'the events are never emptied';
                    END IF;
                    RETURN NULL;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.verb}"
