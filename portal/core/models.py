from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class LastRun(models.Model):
    """When something that runs by itself last ran, when it last succeeded, and what it did then."""

    name = models.CharField(max_length=200, unique=True)
    # Since when it was to run: what has never run is late as well, some day.
    known_since = models.DateTimeField(default=timezone.now)
    ran_at = models.DateTimeField(null=True)
    seconds = models.FloatField(default=0)
    succeeded_at = models.DateTimeField(null=True)
    done = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    error = models.TextField(blank=True)

    class Meta:
        abstract = True
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class SweepRun(LastRun):
    """The last runs of one sweep."""

    # The instant that the last successful run was asked for; not now when run for another date.
    swept_for = models.DateTimeField(null=True)


class TaskRun(LastRun):
    """The last runs of one scheduled task, by its name in the schedule."""


class Cause(models.TextChoices):
    SCHEDULE = "schedule", _("by the schedule")
    NOW = "now", _("asked for on the page")
    COMMAND = "command", _("by the command line")


class PastRun(models.Model):
    """One run of one sweep; the last ones of each are kept (KEPT_RUNS in portal.core.actions)."""

    name = models.CharField(max_length=200)
    ran_at = models.DateTimeField()
    swept_for = models.DateTimeField()
    seconds = models.FloatField()
    cause = models.CharField(max_length=10, choices=Cause)
    done = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    error = models.TextField(blank=True)

    class Meta:
        ordering = ["-ran_at", "-pk"]
        indexes = [models.Index(fields=["name", "-ran_at", "-id"], name="past_run_name")]

    def __str__(self) -> str:
        return f"{self.name} {self.ran_at:%Y-%m-%d %H:%M}"
