from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import yaml
from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from partners.organisations.access import can, require
from partners.programme import labels
from partners.programme.actions import discard_draft, import_edition, publish_edition
from partners.programme.content import BENEFITS, CONDITIONS, EditionContent, differences
from partners.programme.edition_file import TIERS
from partners.programme.forms import CompareForm, EditionFileForm
from partners.programme.models import Edition
from partners.programme.selectors import (
    EditionOnShelf,
    content_of,
    editions_on_shelf,
    file_of,
    rulebook_of,
    standing_of_reader,
)
from portal.accounts.requests import SignedInRequest
from portal.core.errors import PortalError
from portal.core.exports import file_response
from portal.core.formats import format_day
from portal.core.web import add_violation, message_of


@require_safe
def overview(request: SignedInRequest) -> HttpResponse:
    """The edition in force."""
    require(request.user, "programme.see")
    today = timezone.localdate()
    edition = Edition.objects.in_force_on(today)
    if edition is None:
        return render(request, "programme/none.html")
    coming = Edition.objects.coming_after(today)
    return render(
        request,
        "programme/overview.html",
        {**_grid_context(request, edition, today), "coming": coming},
    )


@require_safe
def editions(request: SignedInRequest) -> HttpResponse:
    require(request.user, "programme.see")
    shelf = editions_on_shelf(Edition.objects.visible_to(request.user), timezone.localdate())
    in_force = next((one.edition for one in shelf if one.state == "in_force"), None)
    return render(
        request,
        "programme/editions.html",
        {
            "shelf": shelf,
            "in_force": in_force,
            "may_manage": can(request.user, "programme.manage"),
            "may_compare": len(shelf) > 1,
        },
    )


@require_safe
def edition(request: SignedInRequest, code: str) -> HttpResponse:
    """One edition; for a draft also what it would change, with the button to publish it."""
    require(request.user, "programme.see")
    today = timezone.localdate()
    shown = _seen_edition(request, code)
    return render(request, "programme/edition.html", _edition_context(request, shown, today))


@require_safe
def export(request: SignedInRequest, code: str, extension: str) -> HttpResponseBase:
    """The grids of an edition as CSV or Excel."""
    require(request.user, "programme.see")
    content = content_of(_seen_edition(request, code))
    tiers = [labels.tier_name(tier) for tier in reversed(content.tiers)]
    return file_response(
        extension,
        f"programme-{content.code}",
        gettext("Programme"),
        [gettext("Grid"), gettext("Group"), gettext("Row"), gettext("Rule"), *tiers],
        list(_grid_rows(content)),
    )


def _grid_rows(content: EditionContent) -> Iterator[list[Any]]:
    for grid, title in ((BENEFITS, gettext("Benefits")), (CONDITIONS, gettext("Conditions"))):
        for group in labels.grid_groups(content, grid):
            for row in group.rows:
                cells = []
                for cell in row.cells:
                    value = content.grids[grid][row.code].get(cell.tier)
                    cells.append(value if cell.shown.is_figure else cell.shown.text)
                yield [title, group.title, row.label, row.rule, *cells]


@require_safe
def compare(request: SignedInRequest) -> HttpResponse:
    """Rule D3: what changes between two editions."""
    require(request.user, "programme.see")
    today = timezone.localdate()
    shelf = editions_on_shelf(Edition.objects.visible_to(request.user), today)
    by_code = {one.edition.code: one.edition for one in shelf}
    form = CompareForm(
        request.GET if {"from", "to"} <= request.GET.keys() else None,
        editions=list(by_code.values()),
        initial=_suggested(shelf),
    )
    context: dict[str, Any] = {"form": form, "may_compare": len(shelf) > 1, "all_tiers": len(TIERS)}
    if form.is_valid():
        old, new = by_code[form.cleaned_data["from"]], by_code[form.cleaned_data["to"]]
        found = differences(content_of(old), content_of(new))
        sections = labels.difference_sections(found)
        context |= {"old": old, "new": new, "sections": sections, "count": _count(sections)}
    return render(request, "programme/compare.html", context)


def _count(sections: list[tuple[str, list[labels.ShownDifference]]]) -> int:
    return sum(len(rows) for _, rows in sections)


def _suggested(shelf: list[EditionOnShelf]) -> dict[str, str]:
    """From the edition in force to the one that a reader will ask about: the next, else the former."""
    in_force = next((one.edition.code for one in shelf if one.state == "in_force"), "")
    ahead = [one.edition.code for one in shelf if one.state in ("coming", "draft")]
    behind = [one.edition.code for one in shelf if one.state == "superseded"]
    if not ahead and behind:
        return {"from": behind[0], "to": in_force}
    return {"from": in_force, "to": ahead[-1] if ahead else in_force}


@require_http_methods(["GET", "HEAD", "POST"])
def import_file(request: SignedInRequest) -> HttpResponse:
    """Upload an edition file: a draft, or the list of what is wrong with it."""
    require(request.user, "programme.manage")
    form = EditionFileForm(request.POST, request.FILES) if request.method == "POST" else EditionFileForm()
    if form.is_valid() and form.reading and form.reading.content:
        try:
            draft = import_edition(form.reading.content, by=request.user)
        except PortalError as refusal:
            add_violation(form, refusal)
        else:
            messages.success(
                request,
                gettext("Edition %(code)s is kept as a draft. Check what it changes, then publish it.")
                % {"code": draft.code},
            )
            return redirect("programme:edition", code=draft.code)
    problems = [
        {
            "line": one.line,
            "path": one.path,
            "value": one.value,
            "reason": gettext(one.message) % one.params if one.params else gettext(one.message),
        }
        for one in form.problems
    ]
    status = 422 if form.is_bound else 200
    in_force = Edition.objects.in_force_on(timezone.localdate())
    return render(
        request,
        "programme/import.html",
        {"form": form, "problems": problems, "in_force": in_force},
        status=status,
    )


@require_safe
def edition_file(request: SignedInRequest, code: str) -> HttpResponse:
    """The edition as a YAML file, to start the next one from."""
    require(request.user, "programme.manage")
    facts = file_of(content_of(_seen_edition(request, code)))
    text = yaml.safe_dump(facts, allow_unicode=True, sort_keys=False, width=110, default_flow_style=None)
    return HttpResponse(
        text,
        content_type="application/yaml; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="programme-{code}.yaml"'},
    )


@require_POST
def publish(request: SignedInRequest, code: str) -> HttpResponse:
    draft = _seen_edition(request, code)
    try:
        published = publish_edition(draft.pk, by=request.user, on=timezone.localdate())
    except PortalError as refusal:
        if refusal.code == "not-allowed":
            raise
        messages.error(request, message_of(refusal))
    else:
        assert published.in_force_from is not None  # edition_published_with_dates  # noqa: S101
        messages.success(
            request,
            gettext("Edition %(code)s is published and in force from %(day)s.")
            % {"code": published.code, "day": format_day(published.in_force_from)},
        )
    return redirect("programme:edition", code=code)


@require_POST
def discard(request: SignedInRequest, code: str) -> HttpResponse:
    draft = _seen_edition(request, code)
    discard_draft(draft.pk, by=request.user)
    messages.success(request, gettext("The draft of edition %(code)s is thrown away.") % {"code": code})
    return redirect("programme:editions")


def _seen_edition(request: SignedInRequest, code: str) -> Edition:
    return get_object_or_404(Edition.objects.visible_to(request.user), code=code)


def _edition_context(request: SignedInRequest, shown: Edition, today: date) -> dict[str, Any]:
    shelf = editions_on_shelf(Edition.objects.visible_to(request.user), today)
    place = next(one for one in shelf if one.edition == shown)
    published = [one for one in shelf if one.state != "draft"]
    context = {
        **_grid_context(request, shown, today),
        "place": place,
        "may_manage": can(request.user, "programme.manage"),
        "all_tiers": len(TIERS),
    }
    if place.state == "superseded":
        return context
    # A draft is held against the edition that it would follow, a published one against its forerunner.
    first_day = shown.in_force_from or today + timedelta(days=shown.notice_days)
    forerunner = next(
        (
            one.edition
            for one in published
            if one.edition.in_force_from and one.edition.in_force_from < first_day
        ),
        None,
    )
    if forerunner is not None:
        found = differences(content_of(forerunner), context["content"])
        sections = labels.difference_sections(found)
        context |= {"forerunner": forerunner, "sections": sections, "count": _count(sections)}
    if shown.is_draft:
        context["would_be_in_force"] = first_day
    return context


def _grid_context(request: SignedInRequest, shown: Edition, today: date) -> dict[str, Any]:
    content = content_of(shown)
    rulebook = rulebook_of(shown)
    standing = standing_of_reader(request.user, rulebook, today)
    own = standing.tier if standing else ""
    chosen = request.GET.get("tier", "")
    if chosen not in content.tiers:
        chosen = own or content.tiers[-1]
    return {
        "edition": shown,
        "content": content,
        "standing": standing,
        "own_tier": own,
        "chosen_tier": chosen,
        "tiers": list(reversed(content.tiers)),
        "tier_tabs": [
            {"label": labels.tier_name(tier), "url": f"{request.path}?tier={tier}", "tier": tier}
            for tier in reversed(content.tiers)
        ],
        "grids": [
            {"code": BENEFITS, "title": gettext("Benefits"), "groups": labels.grid_groups(content, BENEFITS)},
            {
                "code": CONDITIONS,
                "title": gettext("Conditions"),
                "groups": labels.grid_groups(content, CONDITIONS),
            },
        ],
        "registration_terms": labels.registration_terms(rulebook),
        "term_sections": [
            {
                "title": labels.section_label(section),
                "terms": [labels.parameter_term(section, code, value) for code, value in values.items()],
            }
            for section, values in content.parameters.items()
            if section != "deal_registration"
        ],
        "product_lines": [
            {
                "title": str(labels.LINES[line]),
                "groups": [
                    labels.group_name(code) for code, its in content.product_groups.items() if its == line
                ],
            }
            for line in labels.LINES
        ],
    }
