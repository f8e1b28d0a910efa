from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from partners.customers.identity import CustomerIdentity
from partners.customers.names import fold
from partners.customers.querysets import CustomerChangeQuerySet, CustomerPartQuerySet, CustomerQuerySet


class Customer(models.Model):
    """An end customer, as the portal recognises it across all partners. Partners never see this
    record, only what they typed themselves (rule E6). What stands here is what the record is called;
    everything that was ever observed of it stands in its observations."""

    reference = models.CharField(_("number"), max_length=12, unique=True)
    name = models.CharField(_("name"), max_length=200)
    country = models.CharField(_("country"), max_length=2)
    city = models.CharField(_("town"), max_length=120, blank=True)
    company_number = models.CharField(_("company number"), max_length=40, blank=True)
    number_key = models.CharField(max_length=60, blank=True)
    domain = models.CharField(_("web domain"), max_length=253, blank=True)
    name_key = models.CharField(max_length=200, blank=True)
    # Its own countries and those of the partners who named it: whose channel managers see it.
    markets = ArrayField(models.CharField(max_length=2), default=list)
    created_at = models.DateTimeField(auto_now_add=True)
    # Always the record that counts in the end, also after merges of merges.
    merged_into = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="absorbed"
    )

    objects = CustomerQuerySet.as_manager()

    class Meta:
        verbose_name = _("end customer")
        verbose_name_plural = _("end customers")
        indexes = [
            models.Index(
                fields=["name_key", "id"], condition=Q(merged_into=None), name="customer_by_name_key"
            ),
            models.Index(
                fields=["country", "name_key", "id"],
                condition=Q(merged_into=None),
                name="customer_by_country_key",
            ),
        ]
        constraints = [
            models.CheckConstraint(name="customer_not_its_own", condition=~Q(merged_into=F("id"))),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return f"/customers/{self.reference}/"

    @property
    def identity(self) -> CustomerIdentity:
        return CustomerIdentity(
            name=self.name,
            country=self.country,
            city=self.city,
            company_number=self.company_number,
            number_key=self.number_key,
            domain=self.domain,
            name_key=self.name_key,
        )


class ObservationKind(models.TextChoices):
    NAME = "name", _("Name")
    NUMBER = "number", _("Company number")
    DOMAIN = "domain", _("Web domain")
    PLACE = "place", _("Town")


class Observation(models.Model):
    """What was seen of an end customer, from when to when and in which registration first and last.
    The registration is named by its number: the register knows nothing of deals."""

    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="observations")
    kind = models.CharField(max_length=8, choices=ObservationKind)
    value = models.CharField(max_length=253)
    # What is compared: the folded name or town, the key of the number, the domain.
    key = models.CharField(max_length=253, blank=True)
    country = models.CharField(max_length=2)
    # Of a name: the words under which it is looked up, and in which reading (keys.READING).
    keys = ArrayField(models.TextField(), default=list)
    reading = models.PositiveSmallIntegerField(default=0)
    # The country of the partner who said so.
    market = models.CharField(max_length=2, blank=True)
    first_seen_at = models.DateTimeField()
    first_source = models.CharField(max_length=40, blank=True)
    last_seen_at = models.DateTimeField()
    last_source = models.CharField(max_length=40, blank=True)

    objects = CustomerPartQuerySet.as_manager()

    class Meta:
        ordering = ["first_seen_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["customer", "kind", "country", "value"], name="observation_of_customer_once"
            ),
        ]
        indexes = [
            # fastupdate would make every search read through what was added since the last vacuum.
            GinIndex(fields=["keys"], condition=Q(kind="name"), fastupdate=False, name="observation_words"),
            models.Index(fields=["key"], condition=Q(kind="number"), name="observation_number"),
            models.Index(fields=["key"], condition=Q(kind="domain"), name="observation_domain"),
        ]

    def __str__(self) -> str:
        return self.value


class Word(models.Model):
    """A word of the register's names, how many names carry it, and its spellings with a letter less,
    by which a misspelt word finds it."""

    word = models.CharField(max_length=60, primary_key=True)
    # Counted again by a sweep: a running count would make every registration wait for every other.
    names = models.PositiveIntegerField(default=1)
    spellings = ArrayField(models.TextField(), default=list)

    class Meta:
        indexes = [
            GinIndex(fields=["spellings"], fastupdate=False, name="word_spellings"),
            models.Index(fields=["-names"], condition=Q(names__gte=5), name="word_common"),
            models.Index(fields=["word"], name="word_beginning", opclasses=["varchar_pattern_ops"]),
        ]

    def __str__(self) -> str:
        return self.word


class Count(models.Model):
    """One row: how many names the register holds, and when its words were last counted."""

    names = models.PositiveIntegerField(default=0)
    counted_at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(name="register_counted_once", condition=Q(pk=1))]

    def __str__(self) -> str:
        return str(self.names)


class ChangeKind(models.TextChoices):
    MERGE = "merge", _("Merged")
    SPLIT = "split", _("Split")


class CustomerChange(models.Model):
    """A merge or a split: who decided it, why, and what was moved, so that it can be undone exactly.
    Of a merge `other` was absorbed by `kept`; of a split it was taken out of it."""

    kind = models.CharField(max_length=8, choices=ChangeKind)
    kept = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="changes")
    other = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="changes_as_other")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    reason = models.TextField(max_length=4000)
    # Ids of observations, and what the two records were called before.
    moved = models.JSONField(default=dict)
    # What the rooms above moved along, in their own words.
    carried = models.JSONField(default=dict)
    undone_at = models.DateTimeField(null=True)
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    undo_reason = models.TextField(max_length=4000, blank=True)

    objects = CustomerChangeQuerySet.as_manager()

    class Meta:
        ordering = ["-at", "-pk"]
        constraints = [
            models.CheckConstraint(name="customer_change_of_two", condition=~Q(kept=F("other"))),
            models.CheckConstraint(name="customer_change_with_reason", condition=~Q(reason="")),
            models.CheckConstraint(
                name="customer_change_undone_with_reason",
                condition=Q(undone_at=None) | (Q(undone_by__isnull=False) & ~Q(undo_reason="")),
            ),
            # A record is absorbed by one other at a time.
            models.UniqueConstraint(
                fields=["other"],
                condition=Q(kind="merge", undone_at=None),
                name="customer_absorbed_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind}: {self.kept_id}, {self.other_id}"

    def get_absolute_url(self) -> str:
        return self.kept.get_absolute_url()


def facts_of(identity: CustomerIdentity) -> list[tuple[str, str, str]]:
    """Kind, value and key of each thing that an identity says."""
    facts: list[tuple[str, str, str]] = [
        (ObservationKind.NAME, identity.name, identity.name_key),
        (ObservationKind.NUMBER, identity.company_number, identity.number_key),
        (ObservationKind.DOMAIN, identity.domain, identity.domain),
        (ObservationKind.PLACE, identity.city, fold(identity.city)),
    ]
    return [(str(kind), value, key[:253]) for kind, value, key in facts if value]
