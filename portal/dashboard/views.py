"""The home page: one for partners, one for distributors, one for the vendor."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from dealreg.deals.lifecycle import DealStatus
from partners.certification.strength import strength_panel
from partners.organisations.access import can
from partners.programme.labels import group_name
from portal.accounts.membership import membership_required
from portal.accounts.roles import DISTRIBUTOR_ROLES, PARTNER_ROLES
from portal.core.calendar import date_in
from portal.core.formats import format_money_short, format_pct
from portal.core.throttle import within_limit
from portal.core.typed import typed
from portal.dashboard import charts, links, searching
from portal.dashboard.context_processors import Shell
from portal.dashboard.selectors import (
    Amount,
    Benefit,
    distributor_home,
    partner_home,
    vendor_home,
)
from portal.jobs.selectors import red_labels


@require_safe
@membership_required
def home(request: HttpRequest) -> HttpResponse:
    role = request.user.acting_as.role
    if role in PARTNER_ROLES:
        return render(request, "dashboard/partner.html", _partner(request))
    if role in DISTRIBUTOR_ROLES:
        return render(request, "dashboard/distributor.html", _distributor(request))
    return render(request, "dashboard/channel.html", _vendor(request))


def _partner(request: HttpRequest) -> dict[str, Any]:
    user, at = request.user, timezone.now()
    partner = user.acting_as.partner
    today = date_in(partner.country, at)
    home = partner_home(user, at=at, on=today)
    return {
        "home": home,
        "partner": partner,
        "may_register": can(user, "deals.register") and home.tier.may_register,
        "benefits": [benefit_words(benefit) for benefit in home.tier.benefits],
        "open_value": short(home.states.value_of_open),
        "open_hint": other_currencies(home.states.value_of_open),
        "protected_value": short(home.states.value_protected),
        "protected_hint": other_currencies(home.states.value_protected),
        "win_change": points(home.win_rate.change),
        "months": charts.registered_by_month(home.months),
        "by_state": charts.deals_by_state(home.states),
        "may_act": can(user, "deals.register"),
        "staff": strength_panel(user, partner, today),
    } | _addresses()


def _distributor(request: HttpRequest) -> dict[str, Any]:
    user, at = request.user, timezone.now()
    distributor = user.acting_as.distributor
    home = distributor_home(user, at=at, on=date_in(distributor.country, at))
    decisions = home.decisions
    pct = "–" if decisions.on_time_pct is None else format_pct(decisions.on_time_pct)
    return {
        "home": home,
        "distributor": distributor,
        "on_time_pct": pct,
        "protected_value": short(home.states.value_protected),
        "protected_hint": other_currencies(home.states.value_protected),
        "months": charts.decided_by_month(home.months),
        "on_time": charts.on_time(decisions.decided_on_time, decisions.decided_late, pct),
        "by_state": charts.deals_by_state(home.states),
    } | _addresses()


def _vendor(request: HttpRequest) -> dict[str, Any]:
    user, at = request.user, timezone.now()
    office = user.acting_as.vendor_office
    home = vendor_home(user, at=at, on=date_in(office.country, at))
    context = {
        "home": home,
        "office": office,
        "protected_value": short(home.states.value_protected),
        "protected_hint": other_currencies(home.states.value_protected),
        "months": charts.registered_by_month(home.months),
        "by_state": charts.deals_by_state(home.states),
        "by_tier": charts.partners_by_tier(home.portfolio.by_tier),
        "may_decide": can(user, "deals.decide_as_vendor"),
        "red_jobs": red_labels(at),
    } | _addresses()
    # Auditors look, and have no queue of their own.
    context["approvals_url"] = context["queue_url"] if context["may_decide"] else ""
    return context


def _addresses() -> dict[str, str]:
    """The lists behind the figures."""
    return {
        "open_url": links.deals(status="open"),
        "protected_url": links.deals(status=DealStatus.APPROVED),
        "ending_url": links.deals(deadline="expiring"),
        "submitted_url": links.deals(status=DealStatus.SUBMITTED),
        "asked_url": links.deals(status=DealStatus.INFORMATION_REQUESTED),
        "drafts_url": links.deals(status=DealStatus.DRAFT),
        "orders_url": f"{reverse('deals:queue')}#orders",
        "overdue_url": links.deals(deadline="overdue"),
        "queue_url": reverse("deals:queue"),
        "conflicts_url": reverse("deals:conflicts"),
    }


# ---------------------------------------------------------------- words


def short(amount: Amount) -> str:
    return format_money_short(amount.total, amount.currency)


def other_currencies(amount: Amount) -> str:
    """The sums that are not in the figure, since no rate joins them."""
    if not amount.others:
        return ""
    sums = [format_money_short(total, currency) for currency, total in amount.others[:2]]
    more = len(amount.others) - len(sums)
    if more:
        sums.append(ngettext("%(more)d more currency", "%(more)d more currencies", more) % {"more": more})
    return _("and %(sums)s") % {"sums": ", ".join(sums)}


def points(change: int | None) -> str:
    if change is None:
        return ""
    sign = "+" if change > 0 else "−" if change < 0 else "±"
    return _("%(change)s pts") % {"change": f"{sign}{abs(change)}"}


def benefit_words(benefit: Benefit) -> dict[str, str]:
    """A ceiling of the tier as a figure and a sentence."""
    words = {
        "discount_standard": _("recommended discount on standard products"),
        "registration_standard": _("more on a registered standard deal"),
        "registration_enterprise": _("more on a registered deal: %(group)s")
        % {"group": group_name(benefit.group)},
    }
    return {"figure": _("up to %(pct)s") % {"pct": format_pct(benefit.pct)}, "text": words[benefit.code]}


# The search of the top bar.

HITS_ON_PAGE = 10
SUGGESTED = 5
LONGEST_SEARCH = 100
# What a person types is well below this; a script that reads the portal through its search is not.
MOST_SEARCHES_A_MINUTE = 90


def _asked(request: HttpRequest) -> tuple[str, bool]:
    within = within_limit("search", str(request.user.pk), most=MOST_SEARCHES_A_MINUTE, seconds=60)
    return typed(request, longest=LONGEST_SEARCH), within


def _pages_offered(request: HttpRequest) -> list[searching.Hit]:
    shell = Shell(request)
    entries = [entry for section in shell.menu for entry in section.entries]
    return [
        *(searching.Hit(entry.url, str(entry.label), "") for entry in entries),
        *(searching.Hit(link["url"], link["label"], "") for link in shell.person_links),
    ]


@require_safe
@membership_required
def search(request: HttpRequest) -> HttpResponse:
    """Everything that one sees and that is called so, by kind."""
    text, within = _asked(request)
    groups = []
    if within:
        groups = searching.search(
            request.user, text, _pages_offered(request), most=HITS_ON_PAGE, counted=True
        )
    context = {"text": text, "groups": groups, "too_often": not within, "shortest": searching.SHORTEST}
    return render(request, "dashboard/search.html", context, status=200 if within else 429)


@require_safe
@membership_required
def search_suggestions(request: HttpRequest) -> HttpResponse:
    """While one types: a few of each kind. Nothing once somebody asks too often."""
    text, within = _asked(request)
    if not within:
        return HttpResponse(status=204)
    groups = searching.search(request.user, text, _pages_offered(request), most=SUGGESTED)
    context = {"text": text, "groups": groups, "words": searching.found_words(groups)}
    return render(request, "dashboard/search_suggestions.html", context)
