"""Saved views: kept, opened, renamed, made the default, thrown away."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from partners.lists import actions
from partners.lists.forms import NameForm, SaveForm
from partners.lists.models import SavedView
from partners.lists.pages import ListPage, list_page
from partners.lists.selectors import address_of
from partners.organisations.access import require
from portal.core.errors import RuleViolation
from portal.core.web import add_violation


def _page(request: HttpRequest, name: str) -> ListPage:
    page = list_page(name)
    if page is None:
        raise Http404
    require(request.user, page.capability)
    return page


def _show(
    request: HttpRequest, page: ListPage, form: SaveForm | NameForm | None = None, of: int = 0
) -> HttpResponse:
    """All views of a list, each with what can be done with it; `form` is the one that was refused."""
    rows = [
        {
            "view": view,
            "address": address_of(view, page),
            "form": form
            if view.pk == of
            else NameForm(initial={"name": view.name}, auto_id=f"id_{view.pk}_%s"),
        }
        for view in SavedView.objects.visible_to(request.user).of_page(page.name)
    ]
    context = {"page": page, "rows": rows, "limit": actions.MOST_VIEWS, "save_form": form if not of else None}
    return render(request, "lists/views.html", context, status=422 if form is not None else 200)


@require_safe
def manage(request: HttpRequest, page: str) -> HttpResponse:
    return _show(request, _page(request, page))


@require_POST
def save(request: HttpRequest, page: str) -> HttpResponse:
    found = _page(request, page)
    form = SaveForm(request.POST)
    if form.is_valid():
        try:
            view = actions.save_view(
                by=request.user,
                at=timezone.now(),
                page=found,
                name=form.cleaned_data["name"],
                query=QueryDict(form.cleaned_data["query"]),
            )
        except RuleViolation as violation:
            add_violation(form, violation)
        else:
            messages.success(request, _("The view “%(name)s” is saved.") % {"name": view.name})
            return redirect(address_of(view, found))
    return _show(request, found, form)


@require_safe
def open_view(request: HttpRequest, pk: int) -> HttpResponse:
    view, page = _own(request, pk)
    return redirect(address_of(view, page))


@require_POST
def change(request: HttpRequest, pk: int) -> HttpResponse:
    view, page = _own(request, pk)
    try:
        return _change(request, view, page)
    except SavedView.DoesNotExist as gone:
        # Deleted a moment ago, in another window.
        raise Http404 from gone


def _change(request: HttpRequest, view: SavedView, page: ListPage) -> HttpResponse:
    match request.POST.get("action", ""):
        case "rename":
            form = NameForm(request.POST, auto_id=f"id_{view.pk}_%s")
            if form.is_valid():
                try:
                    actions.rename_view(view, by=request.user, name=form.cleaned_data["name"])
                except RuleViolation as violation:
                    add_violation(form, violation)
                else:
                    messages.success(request, _("The view has its new name."))
                    return redirect("lists:manage", page=page.name)
            return _show(request, page, form, of=view.pk)
        case "update":
            query = QueryDict(request.POST.get("query", "")[:4_000])
            view = actions.change_view(view, by=request.user, query=query)
            messages.success(request, _("The view “%(name)s” is saved.") % {"name": view.name})
            return redirect(address_of(view, page))
        case "default":
            actions.open_with(view, by=request.user)
            messages.success(request, _("The list opens with “%(name)s” from now on.") % {"name": view.name})
        case "plain":
            actions.open_plain(view, by=request.user)
            messages.success(request, _("The list opens without a view again."))
        case "delete":
            actions.delete_view(view, by=request.user)
            messages.success(request, _("The view “%(name)s” is deleted.") % {"name": view.name})
    return redirect(reverse("lists:manage", kwargs={"page": page.name}))


def _own(request: HttpRequest, pk: int) -> tuple[SavedView, ListPage]:
    """Somebody else's view, and one's own of another organisation, do not exist."""
    view = get_object_or_404(SavedView.objects.visible_to(request.user), pk=pk)
    page = list_page(view.page)
    if page is None:
        raise Http404
    return view, page
