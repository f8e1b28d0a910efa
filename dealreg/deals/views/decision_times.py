"""How long decisions take, for everybody who is signed in."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from dealreg.deals.decision_times import WINDOWS, Figures, decision_times
from partners.organisations.access import require
from portal.core.formats import alphabetical, country_name


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    require(request.user, "programme.see")
    times = decision_times(timezone.now())
    countries = sorted(times.countries, key=lambda one: alphabetical(country_name(one.country)))
    everything = [*countries, *([times.others] if times.others else [])]
    longest = max([times.working_hours, *(hours for one in everything for hours in _hours(one))], default=1)
    context = {
        "times": times,
        "rows": [
            {
                "country": one.country,
                "cells": [_cell(one, days, longest, times.working_hours) for days in WINDOWS],
            }
            for one in everything
        ],
        "totals": [_cell(times.total, days, longest, times.working_hours) for days in WINDOWS]
        if times.total
        else [],
        "promise_at": f"{100 * times.working_hours / longest:.1f}",
    }
    return render(request, "deals/decision_times.html", context)


def _hours(figures: Figures) -> list[float]:
    return [hours for hours in figures.hours.values() if hours is not None]


def _cell(figures: Figures, days: int, longest: float, promised: float) -> dict[str, object]:
    hours = figures.hours[days]
    return {
        "days": days,
        "hours": hours,
        "on_time_pct": figures.on_time_pct[days],
        "at_least": figures.at_least[days],
        # Ready-made, so that no language's decimal comma gets into an attribute.
        "width": "" if hours is None else f"{100 * hours / longest:.1f}",
        "tone": "ok" if hours is not None and hours <= promised else "bad",
    }
