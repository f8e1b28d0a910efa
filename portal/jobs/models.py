from django.db import models

from portal.jobs.labels import job_label
from portal.jobs.querysets import IncidentQuerySet


class Incident(models.Model):
    """A sweep or task that was red, from when the watch saw it until it saw it well again."""

    # sweep:deals.decisions, task:deliver-outbox
    job = models.CharField(max_length=220)
    state = models.CharField(max_length=10)
    error = models.TextField(blank=True)
    opened_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    objects = IncidentQuerySet.as_manager()

    class Meta:
        ordering = ["-opened_at", "job"]
        constraints = [
            models.UniqueConstraint(
                fields=["job"], condition=models.Q(ended_at=None), name="incident_open_once"
            )
        ]

    def __str__(self) -> str:
        return self.job

    def get_absolute_url(self) -> str:
        return "/jobs/"

    @property
    def label(self) -> str:
        return job_label(self.job)

    def together(self) -> list["Incident"]:
        """What turned red in the same moment: told in one mail."""
        return list(type(self).objects.filter(opened_at=self.opened_at))
