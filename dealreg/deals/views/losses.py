"""Why deals were lost: a chart, a table and a file."""

from collections.abc import Iterator
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext
from django.views.decorators.http import require_safe

from dealreg.deals.losses import Loss, loss_figures, lost_deals, since_days
from dealreg.deals.models import Deal, LossCode
from dealreg.deals.querysets import DealQuerySet
from partners.organisations.access import require
from portal.accounts.roles import DISTRIBUTOR_ROLES, PARTNER_ROLES
from portal.core.calendar import date_in
from portal.core.charts import Segment, stacked_bar
from portal.core.exports import Money, file_response

# Days back, by the name in the address.
PERIODS: dict[str, int | None] = {"90": 90, "365": 365, "all": None}
TONES = ("s1", "s2", "s3", "s4", "s5", "s6")


def _period(request: HttpRequest) -> tuple[str, Any]:
    period = request.GET.get("period", "365")
    if period not in PERIODS:
        period = "365"
    today = date_in(request.user.acting_as.organisation.country, timezone.now())
    return period, since_days(today, PERIODS[period])


@require_safe
def losses(request: HttpRequest) -> HttpResponse:
    require(request.user, "deals.see")
    period, since = _period(request)
    figures = loss_figures(Deal.objects.visible_to(request.user), since)
    names = dict(LossCode.choices)
    labels = {"90": _("90 days"), "365": _("12 months"), "all": pgettext("period", "Always")}
    context = {
        "figures": figures,
        "period": period,
        "subtitle": _subtitle(request),
        "reasons": [
            (names.get(loss.key, loss.key), loss, _share(loss, figures.lost)) for loss in figures.reasons
        ],
        "chart": stacked_bar(
            _segments(figures.reasons, names), title=_("Lost deals by reason"), value_header=_("Deals")
        ),
        "tabs": [{"label": labels[key], "url": f"?period={key}", "active": key == period} for key in PERIODS],
    }
    return render(request, "deals/losses.html", context)


def _share(loss: Loss, lost: int) -> int:
    return round(100 * loss.deals / lost)


def _segments(reasons: list[Loss], names: dict[str, Any]) -> list[Segment]:
    """The most frequent reasons by name, the others together."""
    named = [
        Segment(str(names.get(loss.key, loss.key)), loss.deals, tone)
        for loss, tone in zip(reasons, TONES, strict=False)
    ]
    rest = sum(loss.deals for loss in reasons[len(TONES) :])
    return [*named, Segment(_("All others"), rest, "neutral")] if rest else named


def _subtitle(request: HttpRequest) -> str:
    role = request.user.acting_as.role
    if role in PARTNER_ROLES:
        return _("What became of your company's deals that were not won, as you reported it.")
    if role in DISTRIBUTOR_ROLES:
        return _("Deals that name your company as distributor, as the partners reported them.")
    return _("Deals of the partners in your region, as they reported them.")


HEADER = (
    gettext_lazy("Number"),
    gettext_lazy("End customer"),
    gettext_lazy("Country"),
    gettext_lazy("Product group"),
    gettext_lazy("Partner"),
    gettext_lazy("Distributor"),
    gettext_lazy("Currency"),
    gettext_lazy("List price"),
    gettext_lazy("Lost on"),
    gettext_lazy("Reason"),
    gettext_lazy("Competitor"),
    gettext_lazy("Try again on"),
    gettext_lazy("What happened"),
)


def _rows(deals: DealQuerySet) -> Iterator[list[Any]]:
    for deal in deals.iterator(chunk_size=500):
        yield [
            deal.reference,
            deal.customer_name,
            deal.customer_country,
            str(deal.product_group),
            deal.partner.trade_name,
            deal.distributor.name,
            deal.currency,
            Money(deal.list_amount, deal.currency),
            deal.ended_on,
            deal.get_loss_code_display(),
            deal.lost_to,
            deal.retry_on,
            deal.end_text,
        ]


@require_safe
def export(request: HttpRequest, kind: str) -> HttpResponseBase:
    """The lost deals of the period, one a line, the latest first."""
    require(request.user, "deals.see")
    _name, since = _period(request)
    deals = lost_deals(Deal.objects.visible_to(request.user), since)
    deals = deals.select_related("partner", "distributor", "product_group").order_by("-ended_on", "-pk")
    return file_response(
        kind, f"losses-{timezone.localdate():%Y-%m-%d}", _("Lost deals"), HEADER, _rows(deals)
    )
