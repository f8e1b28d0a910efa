from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from partners.organisations.querysets import (
    DistributorQuerySet,
    InvitationQuerySet,
    MembershipQuerySet,
    OfficeQuerySet,
    PartnerQuerySet,
)
from portal.accounts.roles import DISTRIBUTOR_ROLES, PARTNER_ROLES, VENDOR_ROLES, Role
from portal.core.calendar import time_zone_of
from portal.core.name_search import NamePieces


def country_list(**options: Any) -> ArrayField:
    return ArrayField(models.CharField(max_length=2), default=list, **options)


class VendorOffice(models.Model):
    """An office of the vendor; its people see the partners of its countries."""

    name = models.CharField(_("name"), max_length=120, unique=True)
    country = models.CharField(_("country"), max_length=2)
    countries = country_list(verbose_name=_("countries"))

    objects = OfficeQuerySet.as_manager()

    def __str__(self) -> str:
        return self.name

    @property
    def time_zone(self) -> str:
        return time_zone_of(self.country).key


class Distributor(models.Model):
    """An official distributor (rule A2): partners buy from it, it decides on their deals."""

    reference = models.CharField(_("reference"), max_length=12, unique=True)
    name = models.CharField(_("name"), max_length=200)
    legal_name = models.CharField(_("legal name"), max_length=200)
    country = models.CharField(_("country"), max_length=2)
    city = models.CharField(_("town"), max_length=120, blank=True)
    countries = country_list(verbose_name=_("countries served"))
    vat_number = models.CharField(_("VAT number"), max_length=20, blank=True)
    web_domain = models.CharField(_("web domain"), max_length=253, blank=True)
    is_active = models.BooleanField(_("active"), default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = DistributorQuerySet.as_manager()

    class Meta:
        verbose_name = _("distributor")
        verbose_name_plural = _("distributors")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def time_zone(self) -> str:
        return time_zone_of(self.country).key


class PartnerKind(models.TextChoices):
    RESELLER = "reseller", _("Reseller")
    MSP = "msp", _("Managed service provider")


class PartnerStatus(models.TextChoices):
    AUTHORISED = "authorised", _("Authorised")
    ORDERS_REFUSED = "orders_refused", _("Orders refused")
    ENDED = "ended", _("No longer authorised")


class Tier(models.TextChoices):
    """The names of the tiers; their order, benefits and conditions belong to an edition (rule B)."""

    REGISTERED = "registered", "Registered"
    BRONZE = "bronze", "Bronze"
    SILVER = "silver", "Silver"
    GOLD = "gold", "Gold"
    PLATINUM = "platinum", "Platinum"


class Partner(models.Model):
    """A company authorised by the vendor that buys from official distributors (rule A3)."""

    reference = models.CharField(_("reference"), max_length=12, unique=True)
    legal_name = models.CharField(_("legal name"), max_length=200)
    trade_name = models.CharField(_("trade name"), max_length=200)
    kind = models.CharField(_("type"), max_length=12, choices=PartnerKind, default=PartnerKind.RESELLER)
    status = models.CharField(
        _("status"), max_length=16, choices=PartnerStatus, default=PartnerStatus.AUTHORISED
    )
    tier = models.CharField(_("tier"), max_length=16, choices=Tier, default=Tier.REGISTERED)
    country = models.CharField(_("country"), max_length=2)
    city = models.CharField(_("town"), max_length=120, blank=True)
    vat_number = models.CharField(_("VAT number"), max_length=20, blank=True)
    company_number = models.CharField(_("company number"), max_length=40, blank=True)
    web_domain = models.CharField(_("web domain"), max_length=253, blank=True)
    authorised_countries = country_list(verbose_name=_("authorised countries"))
    authorised_on = models.DateField(_("partner since"))
    channel_manager = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        verbose_name=_("channel manager"),
    )
    distributors = models.ManyToManyField(Distributor, through="Supply", related_name="partners")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = PartnerQuerySet.as_manager()

    class Meta:
        verbose_name = _("partner")
        verbose_name_plural = _("partners")
        ordering = ["trade_name"]
        indexes = [
            models.Index(fields=["country", "trade_name"], name="partner_country_name"),
            models.Index(fields=["trade_name", "id"], name="partner_name"),
            GinIndex(NamePieces("trade_name"), name="partner_trade_name_pieces"),
            GinIndex(NamePieces("legal_name"), name="partner_legal_name_pieces"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["country", "vat_number"],
                condition=~Q(vat_number=""),
                name="partner_vat_unique",
                violation_error_message=_("A partner with this VAT number already exists."),
            )
        ]

    def __str__(self) -> str:
        return self.trade_name

    @property
    def time_zone(self) -> str:
        return time_zone_of(self.country).key


class Supply(models.Model):
    """A partner buys from a distributor; one of them is its primary (rule A3)."""

    partner = models.ForeignKey(Partner, on_delete=models.CASCADE, related_name="supplies")
    distributor = models.ForeignKey(Distributor, on_delete=models.PROTECT, related_name="supplies")
    is_primary = models.BooleanField(_("primary"), default=False)
    started_on = models.DateField(_("since"))
    ended_on = models.DateField(_("until"), null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["partner", "distributor"],
                condition=Q(ended_on=None),
                name="supply_once",
                violation_error_message=_("This partner already buys from this distributor."),
            ),
            models.UniqueConstraint(
                fields=["partner"],
                condition=Q(is_primary=True, ended_on=None),
                name="supply_one_primary",
                violation_error_message=_("A partner has one primary distributor."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.partner} ← {self.distributor}"


Organisation = Partner | Distributor | VendorOffice


class RoleInOrganisation(models.Model):
    """What a membership and the invitation to one have in common: a role in exactly one organisation."""

    role = models.CharField(_("role"), max_length=24, choices=Role)
    partner = models.ForeignKey(Partner, null=True, blank=True, on_delete=models.CASCADE)
    distributor = models.ForeignKey(Distributor, null=True, blank=True, on_delete=models.CASCADE)
    vendor_office = models.ForeignKey(VendorOffice, null=True, blank=True, on_delete=models.CASCADE)

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(
                name="%(class)s_role_fits",
                condition=(
                    Q(
                        role__in=PARTNER_ROLES,
                        partner__isnull=False,
                        distributor__isnull=True,
                        vendor_office__isnull=True,
                    )
                    | Q(
                        role__in=DISTRIBUTOR_ROLES,
                        partner__isnull=True,
                        distributor__isnull=False,
                        vendor_office__isnull=True,
                    )
                    | Q(
                        role__in=VENDOR_ROLES,
                        partner__isnull=True,
                        distributor__isnull=True,
                        vendor_office__isnull=False,
                    )
                ),
                violation_error_message=_("This role does not exist in this kind of organisation."),
            )
        ]

    @property
    def organisation(self) -> Organisation:
        # The constraint …_role_fits lets exactly one of them be set.
        return self.partner or self.distributor or self.vendor_office  # type: ignore[return-value]


class Membership(RoleInOrganisation):
    """A person's role in an organisation. Somebody with several acts under one at a time."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    is_active = models.BooleanField(_("active"), default=True)
    is_current = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = MembershipQuerySet.as_manager()

    class Meta(RoleInOrganisation.Meta):
        abstract = False
        default_related_name = "memberships"
        constraints = [
            *RoleInOrganisation.Meta.constraints,
            models.UniqueConstraint(
                fields=["user", "partner"],
                condition=Q(is_active=True, partner__isnull=False),
                name="membership_partner_once",
            ),
            models.UniqueConstraint(
                fields=["user", "distributor"],
                condition=Q(is_active=True, distributor__isnull=False),
                name="membership_distributor_once",
            ),
            models.UniqueConstraint(
                fields=["user", "vendor_office"],
                condition=Q(is_active=True, vendor_office__isnull=False),
                name="membership_office_once",
            ),
            models.UniqueConstraint(
                fields=["user"], condition=Q(is_current=True), name="membership_one_current"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.get_role_display()} · {self.organisation}"


class Invitation(RoleInOrganisation):
    """An invitation by mail to a role in an organisation. Only the hash of its secret is stored."""

    email = models.EmailField(_("e-mail"))
    full_name = models.CharField(_("name"), max_length=120, blank=True)
    language = models.CharField(_("language"), max_length=8, blank=True)
    token_hash = models.CharField(max_length=64, unique=True)
    invited_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(_("valid until"))
    # Empty while the mail has not gone out: the outbox of invitations.
    sent_at = models.DateTimeField(_("sent"), null=True)
    accepted_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)

    objects = InvitationQuerySet.as_manager()

    class Meta(RoleInOrganisation.Meta):
        abstract = False
        default_related_name = "invitations"
        ordering = ["-created_at"]
        constraints = [
            *RoleInOrganisation.Meta.constraints,
            *(
                models.UniqueConstraint(
                    Lower("email"),
                    organisation,
                    condition=Q(accepted_at=None, withdrawn_at=None, **{f"{organisation}__isnull": False}),
                    name=f"invitation_{organisation}_once",
                )
                for organisation in ("partner", "distributor", "vendor_office")
            ),
        ]
        indexes = [
            models.Index(
                fields=["created_at"],
                condition=Q(sent_at=None, accepted_at=None, withdrawn_at=None),
                name="invitation_outbox",
            )
        ]

    def __str__(self) -> str:
        return f"{self.email} → {self.organisation}"
