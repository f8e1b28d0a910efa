from datetime import date

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from partners.catalogue.models import ProductGroup
from partners.organisations.models import Partner


class SpecialisationQuerySet(models.QuerySet["Specialisation"]):
    def held_on(self, day: date) -> "SpecialisationQuerySet":
        return self.filter(Q(ended_on=None) | Q(ended_on__gt=day), awarded_on__lte=day, valid_until__gte=day)


class Specialisation(models.Model):
    """An enterprise specialisation of a partner for one product group (rules I2, H7): it opens the
    registration of those deals (rule E3) and carries Gold while it is held."""

    partner = models.ForeignKey(Partner, on_delete=models.CASCADE, related_name="specialisations")
    product_group = models.ForeignKey(ProductGroup, on_delete=models.PROTECT, related_name="+")
    awarded_on = models.DateField(_("awarded on"))
    valid_until = models.DateField(_("valid until"))
    ended_on = models.DateField(_("ended on"), null=True, blank=True)

    objects = SpecialisationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["partner", "product_group"],
                condition=Q(ended_on=None),
                name="specialisation_held_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.partner}: {self.product_group}"
