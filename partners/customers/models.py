from django.db import models
from django.utils.translation import gettext_lazy as _

from partners.customers.identity import CustomerIdentity


class Customer(models.Model):
    """An end customer, as the portal recognises it across all partners. Partners never see this
    record, only what they typed themselves (rule E6)."""

    name = models.CharField(_("name"), max_length=200)
    country = models.CharField(_("country"), max_length=2)
    city = models.CharField(_("town"), max_length=120, blank=True)
    company_number = models.CharField(_("company number"), max_length=40, blank=True)
    number_key = models.CharField(max_length=60, blank=True)
    domain = models.CharField(_("web domain"), max_length=253, blank=True)
    name_key = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("end customer")
        verbose_name_plural = _("end customers")
        indexes = [
            models.Index(fields=["number_key"], condition=~models.Q(number_key=""), name="customer_number"),
            models.Index(fields=["domain"], condition=~models.Q(domain=""), name="customer_domain"),
            models.Index(fields=["country", "name_key"], name="customer_name"),
        ]

    def __str__(self) -> str:
        return self.name

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
