import uuid
from datetime import date

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import (
    BigIntegerRangeField,
    DateRangeField,
    RangeBoundary,
    RangeOperators,
)
from django.db import models
from django.db.models import F, Func, Q
from django.utils.translation import gettext_lazy as _

from partners.organisations.access import can
from partners.organisations.models import country_list
from partners.programme.models import Line
from portal.accounts.models import User
from portal.accounts.roles import DISTRIBUTOR_ROLES, PARTNER_ROLES


class DateRange(Func):
    function = "DATERANGE"
    output_field = DateRangeField()


class IdRange(Func):
    """An id as a range of one: lets a GiST exclusion ask for equality without btree_gist."""

    function = "INT8RANGE"
    output_field = BigIntegerRangeField()


class ProductGroup(models.Model):
    """A section of the price list (rule B14); a deal is for one of them (rule E12)."""

    code = models.SlugField(_("code"), max_length=40, unique=True)
    name = models.CharField(_("name"), max_length=120)
    line = models.CharField(_("line"), max_length=12, choices=Line)
    position = models.PositiveSmallIntegerField(default=0)
    is_active = models.BooleanField(_("on sale"), default=True)

    class Meta:
        verbose_name = _("product group")
        verbose_name_plural = _("product groups")
        ordering = ["position", "name"]

    def __str__(self) -> str:
        return self.name


class ProductQuerySet(models.QuerySet["Product"]):
    def on_sale(self) -> "ProductQuerySet":
        """What everybody who is signed in may see: products and groups are nobody's secret."""
        return self.filter(is_active=True, group__is_active=True)


class Product(models.Model):
    sku = models.CharField(_("article number"), max_length=40, unique=True)
    name = models.CharField(_("name"), max_length=200)
    group = models.ForeignKey(
        ProductGroup, on_delete=models.PROTECT, related_name="products", verbose_name=_("product group")
    )
    is_active = models.BooleanField(_("on sale"), default=True)
    # Sold for nodes that another product protects: its lines bring no further ones.
    is_add_on = models.BooleanField(_("add-on"), default=False, db_default=False)

    objects = ProductQuerySet.as_manager()

    class Meta:
        verbose_name = _("product")
        verbose_name_plural = _("products")
        ordering = ["group__position", "name"]

    def __str__(self) -> str:
        return self.name


class PriceRegionQuerySet(models.QuerySet["PriceRegion"]):
    def visible_to(self, user: User) -> "PriceRegionQuerySet":
        """A partner reads the list of its own country, a distributor those of the countries it serves,
        the vendor all."""
        if not can(user, "catalogue.see"):
            return self.none()
        membership = user.acting_as
        if membership.role in PARTNER_ROLES:
            return self.filter(countries__contains=[membership.partner.country])
        if membership.role in DISTRIBUTOR_ROLES:
            return self.filter(countries__overlap=membership.distributor.countries)
        return self.all()


class PriceRegion(models.Model):
    """The countries that share one official price list."""

    code = models.SlugField(_("code"), max_length=20, unique=True)
    name = models.CharField(_("name"), max_length=80)
    countries = country_list(verbose_name=_("countries"))

    objects = PriceRegionQuerySet.as_manager()

    class Meta:
        verbose_name = _("price region")
        verbose_name_plural = _("price regions")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class PriceListQuerySet(models.QuerySet["PriceList"]):
    def valid_on(self, day: date) -> "PriceListQuerySet":
        return self.filter(Q(valid_until=None) | Q(valid_until__gte=day), valid_from__lte=day)

    def for_country(self, country: str, day: date) -> "PriceList | None":
        """The official price list of the country's region on a day."""
        lists = self.valid_on(day).filter(region__countries__contains=[country])
        return lists.order_by("-valid_from", "pk").first()


class PriceList(models.Model):
    """The official price list of a region in one currency; both days of its validity included."""

    region = models.ForeignKey(
        PriceRegion, on_delete=models.PROTECT, related_name="price_lists", verbose_name=_("region")
    )
    currency = models.CharField(_("currency"), max_length=3)
    valid_from = models.DateField(_("valid from"))
    valid_until = models.DateField(_("valid until"), null=True, blank=True)
    is_demo = models.BooleanField(_("invented prices"), default=False)
    imported_at = models.DateTimeField(auto_now_add=True)

    objects = PriceListQuerySet.as_manager()

    class Meta:
        verbose_name = _("price list")
        verbose_name_plural = _("price lists")
        ordering = ["region", "-valid_from"]
        constraints = [
            ExclusionConstraint(
                name="price_list_one_at_a_time",
                expressions=[
                    (
                        IdRange(F("region_id"), F("region_id"), RangeBoundary(True, True)),
                        RangeOperators.OVERLAPS,
                    ),
                    (
                        DateRange(F("valid_from"), F("valid_until"), RangeBoundary(True, True)),
                        RangeOperators.OVERLAPS,
                    ),
                ],
                violation_error_message=_("Another price list of this region is valid in that period."),
            ),
            models.CheckConstraint(
                name="price_list_dates_in_order",
                condition=Q(valid_until=None) | Q(valid_until__gte=F("valid_from")),
                violation_error_message=_("The last day lies before the first."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.region} {self.currency} {self.valid_from:%Y-%m-%d}"


class Price(models.Model):
    """Recommended retail price of one node for a term, from a number of nodes on."""

    price_list = models.ForeignKey(PriceList, on_delete=models.CASCADE, related_name="prices")
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="prices")
    term_months = models.PositiveSmallIntegerField(_("term in months"))
    nodes_from = models.PositiveIntegerField(_("from nodes"), default=1)
    per_node = models.DecimalField(_("price per node"), max_digits=12, decimal_places=2)

    class Meta:
        ordering = ["product", "term_months", "nodes_from"]
        constraints = [
            models.UniqueConstraint(
                fields=["price_list", "product", "term_months", "nodes_from"], name="price_once"
            ),
            models.CheckConstraint(name="price_not_negative", condition=Q(per_node__gte=0)),
        ]

    def __str__(self) -> str:
        return f"{self.product.sku} {self.term_months} {self.nodes_from}+"


class PriceImportQuerySet(models.QuerySet["PriceImport"]):
    def visible_to(self, user: User) -> "PriceImportQuerySet":
        return self.all() if can(user, "catalogue.manage") else self.none()


class PriceImport(models.Model):
    """An uploaded price file: checked when it came, kept as evidence of what was applied."""

    reference = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    file_name = models.CharField(_("file"), max_length=200)
    content = models.BinaryField()
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    uploaded_at = models.DateTimeField(_("uploaded"), auto_now_add=True)
    applied_at = models.DateTimeField(_("applied"), null=True, blank=True)

    objects = PriceImportQuerySet.as_manager()

    class Meta:
        verbose_name = _("price import")
        verbose_name_plural = _("price imports")
        ordering = ["-uploaded_at"]

    def __str__(self) -> str:
        return self.file_name
