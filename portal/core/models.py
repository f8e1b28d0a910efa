from django.core.serializers.json import DjangoJSONEncoder
from django.db import models


class SweepRun(models.Model):
    """The last runs of one sweep: when it ran, when it last succeeded, and what it did then."""

    name = models.CharField(max_length=80, unique=True)
    ran_at = models.DateTimeField()
    succeeded_at = models.DateTimeField(null=True)
    # The instant that the last successful run was asked for; not now when run for another date.
    swept_for = models.DateTimeField(null=True)
    done = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    error = models.TextField(blank=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
