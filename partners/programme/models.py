from datetime import date
from decimal import Decimal

import pgtrigger
from django.db import models
from django.db.models import ExpressionWrapper, F, Q
from django.utils.translation import gettext_lazy as _

from partners.organisations.access import can
from partners.organisations.models import country_list
from portal.accounts.models import User

# A published edition is what partners were promised (rule D1): neither its row nor its grids and
# parameters change any more, whoever asks the database. The lock makes a row that is being written wait
# for a publication that is under way, and then see it.
_REFUSE_IF_PUBLISHED = """
    PERFORM 1 FROM programme_edition WHERE id = {row}.edition_id FOR SHARE;
    IF EXISTS (
        SELECT 1 FROM programme_edition
        WHERE id = {row}.edition_id AND published_on IS NOT NULL
    ) THEN
        RAISE EXCEPTION 'a published edition is frozen';
    END IF;
"""


def _frozen_with_edition() -> list[pgtrigger.Trigger]:
    return [
        pgtrigger.Trigger(
            name="frozen_insert",
            when=pgtrigger.Before,
            operation=pgtrigger.Insert,
            func=_REFUSE_IF_PUBLISHED.format(row="NEW") + "RETURN NEW;",
        ),
        pgtrigger.Trigger(
            name="frozen_update",
            when=pgtrigger.Before,
            operation=pgtrigger.Update,
            # Both: a row can neither leave a published edition nor slip into one.
            func=_REFUSE_IF_PUBLISHED.format(row="OLD")
            + _REFUSE_IF_PUBLISHED.format(row="NEW")
            + "RETURN NEW;",
        ),
        pgtrigger.Trigger(
            name="frozen_delete",
            when=pgtrigger.Before,
            operation=pgtrigger.Delete,
            func=_REFUSE_IF_PUBLISHED.format(row="OLD") + "RETURN OLD;",
        ),
    ]


class EditionQuerySet(models.QuerySet["Edition"]):
    def visible_to(self, user: User) -> "EditionQuerySet":
        """Rule D3: everybody sees what is published; drafts are for those who make them."""
        if can(user, "programme.manage"):
            return self.all()
        return self.published() if can(user, "programme.see") else self.none()

    def published(self) -> "EditionQuerySet":
        return self.exclude(published_on=None)

    def in_force_on(self, day: date) -> "Edition | None":
        """Rule D2. The next edition supersedes: of those published, the last to come into force."""
        return self.published().filter(in_force_from__lte=day).order_by("-in_force_from").first()

    def coming_after(self, day: date) -> "Edition | None":
        return self.published().filter(in_force_from__gt=day).order_by("in_force_from").first()


class Edition(models.Model):
    """An edition of the programme (rule D1): draft, then published and frozen; in force from its
    date until the next edition's, so that two can never be in force on one day."""

    code = models.CharField(_("edition"), max_length=20, unique=True)
    title = models.CharField(_("title"), max_length=120)
    notice_days = models.PositiveSmallIntegerField(_("days of notice"))
    published_on = models.DateField(_("published on"), null=True, blank=True)
    in_force_from = models.DateField(_("in force from"), null=True, blank=True)
    territory = country_list(verbose_name=_("territory"))
    created_at = models.DateTimeField(auto_now_add=True)

    objects = EditionQuerySet.as_manager()

    class Meta:
        verbose_name = _("edition")
        verbose_name_plural = _("editions")
        ordering = ["-in_force_from", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["in_force_from"],
                name="edition_one_a_day",
                violation_error_message=_("Another edition comes into force on that day."),
            ),
            models.CheckConstraint(
                name="edition_published_with_dates",
                condition=Q(published_on=None)
                | Q(in_force_from__isnull=False, in_force_from__gte=models.F("published_on")),
            ),
            # Rule D1; the first edition is in force from the start (rule D3), with notice all the same.
            models.CheckConstraint(
                name="edition_notice_kept",
                condition=Q(published_on=None)
                | Q(
                    in_force_from__gte=ExpressionWrapper(
                        F("published_on") + F("notice_days"), output_field=models.DateField()
                    )
                ),
            ),
        ]
        triggers = [
            pgtrigger.Protect(
                name="frozen",
                operation=pgtrigger.Update | pgtrigger.Delete,
                condition=pgtrigger.Q(old__published_on__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def is_draft(self) -> bool:
        return self.published_on is None


class EditionTier(models.Model):
    edition = models.ForeignKey(Edition, on_delete=models.CASCADE, related_name="tiers")
    code = models.CharField(max_length=16)
    rank = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ["rank"]
        constraints = [
            models.UniqueConstraint(fields=["edition", "code"], name="edition_tier_once"),
            models.UniqueConstraint(fields=["edition", "rank"], name="edition_rank_once"),
        ]
        triggers = _frozen_with_edition()

    def __str__(self) -> str:
        return self.code


class Line(models.TextChoices):
    """The two product lines of rule B14, with discounts of their own."""

    STANDARD = "standard", _("Standard")
    ENTERPRISE = "enterprise", _("Enterprise")


class EditionProductGroup(models.Model):
    """Which product groups an edition counts as standard and as enterprise (rule B14)."""

    edition = models.ForeignKey(Edition, on_delete=models.CASCADE, related_name="product_groups")
    code = models.CharField(max_length=40)
    line = models.CharField(max_length=12, choices=Line)
    position = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["edition", "code"], name="edition_product_group_once")]
        triggers = _frozen_with_edition()

    def __str__(self) -> str:
        return self.code


class Grid(models.TextChoices):
    BENEFITS = "benefits", _("Benefits")
    CONDITIONS = "conditions", _("Conditions")


class GridCell(models.Model):
    """One cell of the grids B and C: a number, or a level in a word, or nothing (not offered)."""

    edition = models.ForeignKey(Edition, on_delete=models.CASCADE, related_name="cells")
    grid = models.CharField(max_length=12, choices=Grid)
    code = models.CharField(max_length=40)
    position = models.PositiveSmallIntegerField()
    tier = models.CharField(max_length=16)
    number = models.DecimalField(max_digits=12, decimal_places=2, null=True, blank=True)
    level = models.CharField(max_length=20, blank=True)

    class Meta:
        ordering = ["grid", "position", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["edition", "grid", "code", "tier"], name="grid_cell_once"),
            models.CheckConstraint(name="grid_cell_number_or_level", condition=Q(number=None) | Q(level="")),
        ]
        triggers = _frozen_with_edition()

    def __str__(self) -> str:
        return f"{self.code}/{self.tier}"

    @property
    def value(self) -> Decimal | str | None:
        return self.number if self.number is not None else (self.level or None)


class Parameter(models.Model):
    """A deadline, a quantity or a ladder of the edition, such as deal_registration.protection_days."""

    edition = models.ForeignKey(Edition, on_delete=models.CASCADE, related_name="parameters")
    section = models.CharField(max_length=40)
    code = models.CharField(max_length=60)
    value = models.JSONField()

    class Meta:
        ordering = ["section", "code"]
        constraints = [models.UniqueConstraint(fields=["edition", "section", "code"], name="parameter_once")]
        triggers = _frozen_with_edition()

    def __str__(self) -> str:
        return f"{self.section}.{self.code}"
