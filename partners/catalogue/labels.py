"""The portal's own words for codes of the catalogue; what is not in the table keeps the name that the
database holds."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from partners.catalogue.models import PriceRegion
from portal.core.formats import format_number

REGIONS: dict[str, Promise] = {
    "eurozone": _("Eurozone and Iceland"),
    "united-kingdom": _("United Kingdom"),
    "switzerland": _("Switzerland"),
    "sweden": _("Sweden"),
    "denmark": _("Denmark"),
    "norway": _("Norway"),
    "north-africa": _("North Africa"),
    "israel": _("Israel"),
}


def region_name(region: PriceRegion) -> str:
    return str(REGIONS.get(region.code) or region.name)


def term_name(months: int) -> str:
    """24 → 2 years, 18 → 18 months."""
    if months % 12 == 0:
        years = months // 12
        return ngettext("%(years)s year", "%(years)s years", years) % {"years": format_number(years)}
    return ngettext("%(months)s month", "%(months)s months", months) % {"months": format_number(months)}
