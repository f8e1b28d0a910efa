from typing import Any

import django_tables2 as tables
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from partners.organisations.actions import people as actions
from partners.organisations.forms.people import InvitationForm, PeopleFilterForm, ReasonForm, RoleForm
from partners.organisations.models import (
    Distributor,
    Invitation,
    Membership,
    Organisation,
    Partner,
    VendorOffice,
)
from partners.organisations.selectors import (
    history_of,
    invitation_state,
    invitations_to,
    is_vendor,
    people_of,
)
from portal.accounts.membership import membership_required
from portal.core.errors import NotAllowed, RuleViolation, WrongState
from portal.core.pagination import show_page_of
from portal.core.templatetags.portal import moment, status_badge
from portal.core.web import add_violation, message_of

PER_PAGE = 25


class PeopleTable(tables.Table):
    person = tables.Column(
        verbose_name=gettext_lazy("Person"),
        accessor="user__full_name",
        order_by=("user__full_name", "pk"),
        attrs={"td": {"class": "phone-title"}},
    )
    role = tables.Column(verbose_name=gettext_lazy("Role"))
    office = tables.Column(
        verbose_name=gettext_lazy("Office"), accessor="vendor_office__name", order_by="vendor_office__name"
    )
    seen = tables.Column(
        verbose_name=gettext_lazy("Last sign-in"),
        accessor="user__last_login",
        order_by="user__last_login",
        empty_values=(),
    )
    status = tables.Column(
        verbose_name=gettext_lazy("Status"),
        accessor="is_active",
        order_by="-is_active",
        attrs={"td": {"class": "phone-end"}},
    )

    class Meta:
        order_by = ("person",)

    def render_person(self, record: Membership) -> SafeString:
        return format_html(
            '<a href="{}"><bdi>{}</bdi></a><div class="text-secondary"><bdi>{}</bdi></div>',
            reverse("people:page", args=[record.pk]),
            record.user,
            record.user.email,
        )

    def render_role(self, record: Membership) -> str:
        return record.get_role_display()

    def render_seen(self, record: Membership) -> Any:
        return moment(record.user.last_login) if record.user.last_login else _("never")

    def render_status(self, record: Membership) -> SafeString:
        return membership_badge(record)


def membership_badge(membership: Membership) -> SafeString:
    if not membership.is_active:
        return status_badge("deactivated")
    return (
        status_badge("active")
        if membership.user.is_active
        else status_badge("blocked", _("Blocked"), tone="bad")
    )


# ---------------------------------------------------------------- lists


@require_safe
@membership_required
def own_people(request: HttpRequest) -> HttpResponse:
    """One's own company; for the vendor all its offices."""
    own = request.user.acting_as.organisation
    return _people_page(request, None if isinstance(own, VendorOffice) else own)


@require_safe
@membership_required
def partner_people(request: HttpRequest, reference: str) -> HttpResponse:
    return _people_page(request, _with_people(request, Partner, reference))


@require_safe
@membership_required
def distributor_people(request: HttpRequest, reference: str) -> HttpResponse:
    return _people_page(request, _with_people(request, Distributor, reference))


def _with_people(
    request: HttpRequest, model: type[Partner] | type[Distributor], reference: str
) -> Organisation:
    """The organisation, if the reader sees it and its people; a distributor does not see a partner's."""
    organisation = get_object_or_404(model.objects.visible_to(request.user), reference=reference)
    if not is_vendor(request.user) and request.user.acting_as.organisation != organisation:
        raise Http404
    return organisation


def _people_page(request: HttpRequest, organisation: Organisation | None) -> HttpResponse:
    own = request.user.acting_as.organisation
    form = PeopleFilterForm(request.GET, organisation=organisation, own=own)
    people = form.narrow(people_of(organisation, request.user))
    table = PeopleTable(people, exclude=() if organisation is None else ("office",))
    show_page_of(table, request, PER_PAGE)
    table.caption = _("Portal users")
    table.filtered = form.is_set
    table.empty_state = {
        "title": _("Nobody here yet"),
        "icon": "users",
        "text": _("Invite the first person."),
    }
    manages = may_manage(request, organisation or own)
    at = timezone.now()
    invitations = [
        {"invitation": invitation, "state": invitation_state(invitation, at)}
        for invitation in (invitations_to(organisation, request.user) if manages else ())
    ]
    is_own = organisation is None or organisation == own
    return render(
        request,
        "organisations/people.html",
        {
            "organisation": organisation,
            "is_own": is_own,
            "form": form,
            "table": table,
            "manages": manages,
            "invitations": invitations,
            "invite_url": reverse("people:invite") if is_own else _address(organisation, "invite"),
            "back": None if is_own else _address(organisation, "page"),
        },
    )


def may_manage(request: HttpRequest, organisation: Organisation) -> bool:
    try:
        actions.require_to_manage(request.user, organisation)
    except NotAllowed:
        return False
    return True


def _address(organisation: Partner | Distributor, page: str) -> str:
    kind = "partners" if isinstance(organisation, Partner) else "distributors"
    return reverse(f"{kind}:{page}", args=[organisation.reference])


def _list_of(request: HttpRequest, organisation: Organisation) -> str:
    if isinstance(organisation, VendorOffice) or organisation == request.user.acting_as.organisation:
        return reverse("people:list")
    return _address(organisation, "people")


# ---------------------------------------------------------------- inviting


@require_http_methods(["GET", "HEAD", "POST"])
@membership_required
def invite_to_own(request: HttpRequest) -> HttpResponse:
    return _invite(request, request.user.acting_as.organisation)


@require_http_methods(["GET", "HEAD", "POST"])
@membership_required
def invite_to_partner(request: HttpRequest, reference: str) -> HttpResponse:
    return _invite(request, _with_people(request, Partner, reference))


@require_http_methods(["GET", "HEAD", "POST"])
@membership_required
def invite_to_distributor(request: HttpRequest, reference: str) -> HttpResponse:
    return _invite(request, _with_people(request, Distributor, reference))


def _invite(request: HttpRequest, organisation: Organisation) -> HttpResponse:
    actions.require_to_manage(request.user, organisation)
    form = InvitationForm(
        request.POST or None,
        organisation=organisation,
        choose_office=isinstance(organisation, VendorOffice),
        initial={"office": asked} if (asked := request.GET.get("office")) else None,
    )
    if request.method == "POST" and form.is_valid():
        given = dict(form.cleaned_data)
        where = given.pop("office", organisation)
        try:
            actions.invite_person(where, by=request.user, at=timezone.now(), **given)
        except RuleViolation as refusal:
            add_violation(form, refusal)
        else:
            messages.success(request, _("%(name)s is invited by mail.") % {"name": given["full_name"]})
            return redirect(_list_of(request, organisation))
    return render(
        request,
        "organisations/invite.html",
        {"form": form, "organisation": organisation, "list_url": _list_of(request, organisation)},
    )


@require_POST
@membership_required
def resend(request: HttpRequest, pk: int) -> HttpResponse:
    invitation = get_object_or_404(Invitation.objects.visible_to(request.user), pk=pk)
    return _answered(
        request,
        invitation,
        lambda: actions.resend_invitation(pk, by=request.user, at=timezone.now()),
        _("The invitation goes out again. The link sent before no longer works."),
    )


@require_POST
@membership_required
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    invitation = get_object_or_404(Invitation.objects.visible_to(request.user), pk=pk)
    return _answered(
        request,
        invitation,
        lambda: actions.withdraw_invitation(pk, by=request.user, at=timezone.now()),
        _("The invitation is withdrawn."),
    )


def _answered(request: HttpRequest, subject: Invitation | Membership, act: Any, receipt: str) -> HttpResponse:
    """Act, tell how it went, and go back to the list."""
    try:
        act()
    except (WrongState, RuleViolation) as refusal:
        messages.error(request, message_of(refusal))
    else:
        messages.success(request, receipt)
    return redirect(_list_of(request, subject.organisation))


# ---------------------------------------------------------------- one person


def _membership(request: HttpRequest, pk: int) -> Membership:
    return get_object_or_404(
        Membership.objects.visible_to(request.user).select_related(
            "user", "partner", "distributor", "vendor_office"
        ),
        pk=pk,
    )


@require_http_methods(["GET", "HEAD", "POST"])
@membership_required
def person(request: HttpRequest, pk: int) -> HttpResponse:
    """A person in an organisation; a POST changes the role."""
    membership = _membership(request, pk)
    role_form = RoleForm(request.POST or None, membership=membership)
    if request.method == "POST":
        actions.require_to_manage(request.user, membership.organisation)
        if role_form.is_valid():
            try:
                actions.change_role(
                    pk, by=request.user, at=timezone.now(), role=role_form.cleaned_data["role"]
                )
            except (RuleViolation, WrongState) as refusal:
                add_violation(role_form, refusal)
            else:
                messages.success(request, _("The role is changed. It acts at once."))
                return redirect("people:page", pk)
    return _person_page(request, membership, role_form=role_form)


@require_POST
@membership_required
def deactivate(request: HttpRequest, pk: int) -> HttpResponse:
    membership = _membership(request, pk)
    actions.require_to_manage(request.user, membership.organisation)
    form = ReasonForm(request.POST)
    if form.is_valid():
        try:
            actions.deactivate_membership(
                pk, by=request.user, at=timezone.now(), reason=form.cleaned_data["reason"]
            )
        except (RuleViolation, WrongState) as refusal:
            add_violation(form, refusal)
        else:
            messages.success(request, _("%(name)s no longer has access.") % {"name": membership.user})
            return redirect("people:page", pk)
    return _person_page(request, membership, reason_form=form)


@require_POST
@membership_required
def reactivate(request: HttpRequest, pk: int) -> HttpResponse:
    membership = _membership(request, pk)
    try:
        actions.reactivate_membership(pk, by=request.user, at=timezone.now())
    except (RuleViolation, WrongState) as refusal:
        messages.error(request, message_of(refusal))
    else:
        messages.success(request, _("%(name)s has access again.") % {"name": membership.user})
    return redirect("people:page", pk)


def _person_page(
    request: HttpRequest,
    membership: Membership,
    role_form: RoleForm | None = None,
    reason_form: ReasonForm | None = None,
) -> HttpResponse:
    organisation = membership.organisation
    manages = may_manage(request, organisation)
    return render(
        request,
        "organisations/person.html",
        {
            "membership": membership,
            "organisation": organisation,
            "badge": membership_badge(membership),
            "manages": manages,
            "is_self": membership.user_id == request.user.pk,
            "role_form": role_form or RoleForm(membership=membership),
            "reason_form": reason_form or ReasonForm(),
            "history": history_of(membership) if manages or is_vendor(request.user) else [],
            "list_url": _list_of(request, organisation),
        },
    )


# ---------------------------------------------------------------- switching


@require_POST
def switch_organisation(request: HttpRequest) -> HttpResponse:
    """Act under another of one's own memberships; somebody else's is as good as none."""
    wanted = request.POST.get("membership", "")
    if not wanted.isascii() or not wanted.isdigit() or len(wanted) > 18:
        raise Http404
    membership = get_object_or_404(request.user.memberships.active(), pk=int(wanted))
    actions.switch_membership(request.user, membership)
    messages.success(request, _("You now act for %(name)s.") % {"name": membership.organisation})
    asked = request.POST.get("next", "")
    # redirect() would take a word for the name of a page.
    return HttpResponseRedirect(asked if url_has_allowed_host_and_scheme(asked, allowed_hosts=None) else "/")
