"""From eligibility over the steps of a draft to the receipt."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core import signing
from django.db import IntegrityError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from dealreg.deals.actions import (
    attach_evidence,
    discard_draft,
    remove_evidence,
    save_draft,
    set_lines,
    start_draft,
    start_draft_on_behalf,
    submit_deal,
)
from dealreg.deals.actions.drafting import LineInput, free_reference
from dealreg.deals.actions.submitting import missing_fields
from dealreg.deals.forms.registering import (
    MAX_LINES,
    ContactForm,
    CustomerForm,
    EvidenceForm,
    blank_row,
    bound_lines,
    kept_rows,
    rows_typed,
)
from dealreg.deals.forms.uploads import FILE_AGAIN
from dealreg.deals.lifecycle import DealStatus
from dealreg.deals.models import Deal, DealLine
from dealreg.deals.selectors import (
    GroupEligibility,
    PriceTable,
    distributors_of,
    eligibility,
    has_own_channel_manager,
    own_registration_of,
    partner_contacts,
    price_table,
    promised_due_at,
    registering_capability,
    registers,
    side_of,
)
from partners.organisations.access import require
from partners.organisations.models import Distributor, Partner
from partners.programme.models import Line
from partners.programme.rulebook import ENTERPRISE
from partners.programme.selectors import edition_on, rulebook_on
from portal.core.calendar import date_in
from portal.core.errors import RuleViolation, WrongState
from portal.core.formats import format_pct, labelled
from portal.core.web import message_of

STEPS = ("customer", "lines", "contact", "review")
STEP_LABELS = {
    "customer": gettext_lazy("Customer and opportunity"),
    "lines": gettext_lazy("Products"),
    "contact": gettext_lazy("Contact and evidence"),
    "review": gettext_lazy("Check and submit"),
}
# On which step each piece of information stands; all else is on the first.
STEP_OF_FIELD = {"lines": "lines", "notes": "contact", "file": "contact", "evidence": "contact"} | {
    f"contact_{part}": "contact" for part in ("name", "role", "email", "phone")
}
_SALT = "dealreg.deals.new"


# Eligibility in words.


@dataclass(frozen=True)
class Statement:
    """What a partner may register, or why not and what would change it."""

    allowed: bool
    text: str
    groups: str
    remedy: str
    rule: str


def statements(found: list[GroupEligibility], who: "Registrant | None" = None) -> list[Statement]:
    """One sentence for each product line, or for each part of it that is treated alike; in the words for
    the partner itself, or for its distributor."""
    alike: dict[tuple[Any, ...], list[GroupEligibility]] = {}
    for one in found:
        code = one.violation.code if one.violation else ""
        alike.setdefault((one.group.line, one.ceiling_pct, code), []).append(one)
    told = _statement_on_behalf if who is not None and who.on_behalf_by is not None else _statement
    return [told(line, members) for (line, _ceiling, _code), members in alike.items()]


def _statement_on_behalf(line: str, members: list[GroupEligibility]) -> Statement:
    own = _statement(line, members)
    if own.allowed:
        percent = {"percent": format_pct(members[0].ceiling_pct or Decimal(0))}
        text = (
            _("Enterprise deals may be registered for it at up to %(percent)s additional discount.")
            if line == Line.ENTERPRISE
            else _("Standard deals may be registered for it at up to %(percent)s additional discount.")
        )
        return replace(own, text=text % percent)
    violation = members[0].violation
    if violation is not None and violation.code == "not-authorised":
        return replace(own, text=_("The vendor does not authorise this partner at present."), remedy="")
    return replace(own, remedy="")


def _statement(line: str, members: list[GroupEligibility]) -> Statement:
    names = ", ".join(one.group.name for one in members)
    violation, ceiling = members[0].violation, members[0].ceiling_pct
    if violation is not None:
        return Statement(False, _refusal(violation, line), names, _remedy(violation, line), violation.rule)
    percent = {"percent": format_pct(ceiling or Decimal(0))}
    if line == Line.ENTERPRISE:
        text = _("You may register enterprise deals at up to %(percent)s additional discount.") % percent
        return Statement(True, text, names, "", "B4")
    text = _("You may register standard deals at up to %(percent)s additional discount.") % percent
    return Statement(True, text, names, "", "B2")


def _refusal(violation: RuleViolation, line: str) -> str:
    match violation.code:
        case "tier-too-low" if line == Line.ENTERPRISE:
            return _("Enterprise deals can be registered from the %(tier)s tier on.") % violation.params
        case "tier-too-low":
            return _("Standard deals can be registered from the %(tier)s tier on.") % violation.params
        case "specialisation-missing":
            return _("Enterprise deals need the specialisation for their product group.")
    return message_of(violation)


def _remedy(violation: RuleViolation, line: str) -> str:
    match violation.code:
        case "not-authorised":
            return _("Your contact at the vendor tells you what is needed to lift this.")
        case "tier-too-low" if line == Line.ENTERPRISE:
            return _("The specialisation for the product group opens them, and lifts your tier meanwhile.")
        case "tier-too-low":
            return _("Your company may register them as soon as it reaches %(tier)s.") % violation.params
        case "specialisation-missing":
            return _("Your tier allows them as soon as your company holds the specialisation.")
    return ""


# The first screen.


@dataclass(frozen=True)
class Registrant:
    """For which partner a registration is written, and by whom: the partner itself, or, on its behalf, the
    distributor, which is then the deal's own (rule E12)."""

    partner: Partner
    on_behalf_by: Distributor | None = None

    @property
    def address(self) -> str:
        if self.on_behalf_by is None:
            return reverse("deals:register")
        return reverse("deals:register_on_behalf", args=[self.partner.reference])

    @property
    def distributors(self) -> list[Distributor]:
        return distributors_of(self.partner) if self.on_behalf_by is None else [self.on_behalf_by]


def registrant_of(deal: Deal) -> Registrant:
    return Registrant(deal.partner, deal.distributor if deal.on_behalf else None)


def _today(partner: Partner) -> date:
    return date_in(partner.country, timezone.now())


def _customer_form(
    request: HttpRequest, who: Registrant, found: list[GroupEligibility], deal: Deal | None = None
) -> CustomerForm:
    partner = who.partner
    form = CustomerForm(
        request.POST if request.method == "POST" else None,
        # Its own country first, where it is among them.
        countries=sorted(partner.authorised_countries, key=lambda code: code != partner.country),
        groups=found,
        distributors=who.distributors,
        today=_today(partner),
        deal=deal,
        check="check" in request.GET,
    )
    if who.on_behalf_by is not None:
        choices = f"{reverse('deals:customer_choices')}?partner={partner.reference}"
        form.fields["customer_name"].widget.attrs["data-combobox"] = choices
    return form


def _action(request: HttpRequest) -> str:
    return request.POST.get("action", "")


def _saved(request: HttpRequest, deal: Deal | None, unreadable: list[str], **extra: Any) -> HttpResponse:
    """The answer to a save in the background: a sentence, read out politely."""
    return render(
        request,
        "deals/draft_saved.html",
        {
            "deal": deal,
            "saved_at": timezone.now(),
            "unreadable": unreadable,
            "own_already": _own_already(request, deal),
            **extra,
        },
    )


def _own_already(request: HttpRequest, deal: Deal | None) -> Deal | None:
    """What submitting would refuse in the end, told while one types: the same comparison, with nothing but
    the writer's own registrations (rule E6)."""
    if deal is None or not deal.customer_name or not deal.customer_country or not deal.product_group_id:
        return None
    try:
        return own_registration_of(deal, deal.identity(), by=request.user)
    except RuleViolation:
        # A number or domain that cannot be read: told on its field.
        return None


@require_http_methods(["GET", "HEAD", "POST"])
def register(request: HttpRequest) -> HttpResponse:
    return begin(request, Registrant(require(request.user, "deals.register").partner))


def begin(request: HttpRequest, who: Registrant) -> HttpResponse:
    """Eligibility first, then the first screen. Looking writes nothing: the draft begins with the
    first thing that is kept."""
    found = eligibility(who.partner, _today(who.partner))
    if not any(one.allowed for one in found):
        status = 422 if request.method == "POST" else 200
        context = {
            "statements": statements(found, who),
            "registrant": who,
            "edition": edition_on(_today(who.partner)).code,
        }
        return render(request, "deals/register_refused.html", context, status=status)
    form = _customer_form(request, who, found)
    if request.method != "POST":
        return _first_screen(request, form, None, found, who, token=_new_token(request))

    token = request.POST.get("draft", "")
    deal = _kept_draft(request, token)
    if deal is not None and deal.status != DealStatus.DRAFT:
        return redirect("deals:receipt", ref=deal.reference)
    autosave = _action(request) == "autosave"
    if deal is None and autosave and not (form.has_anything() and _reference_in(request, token)):
        # Without the number of its draft each save in the background would begin another one.
        return _saved(request, None, form.unreadable())
    if deal is None and not form.has_anything():
        if _action(request) == "later":
            return redirect("deals:list")
        return _first_screen(request, form, None, found, who, token=token)
    if deal is None:
        deal = _begin_draft(request, who, token)
    return _save_customer(request, deal, form, found, token)


def _new_token(request: HttpRequest) -> str:
    """The number that the draft will have, signed: sending the form twice makes one draft."""
    return signing.dumps([request.user.pk, free_reference()], salt=_SALT)


def _reference_in(request: HttpRequest, token: str) -> str | None:
    try:
        person, reference = signing.loads(token, salt=_SALT)
    except signing.BadSignature:
        return None
    return reference if person == request.user.pk else None


def _kept_draft(request: HttpRequest, token: str) -> Deal | None:
    reference = _reference_in(request, token)
    return _deals(request).filter(reference=reference).first() if reference else None


def _begin_draft(request: HttpRequest, who: Registrant, token: str) -> Deal:
    reference = _reference_in(request, token)
    try:
        if who.on_behalf_by is not None:
            return start_draft_on_behalf(who.partner, by=request.user, at=timezone.now(), reference=reference)
        return start_draft(by=request.user, at=timezone.now(), reference=reference)
    except IntegrityError:
        # The same form arrived twice at once; the other one was faster.
        return get_object_or_404(_deals(request), reference=reference)


def _save_customer(
    request: HttpRequest,
    deal: Deal,
    form: CustomerForm,
    found: list[GroupEligibility],
    token: str = "",
) -> HttpResponse:
    deal = save_draft(deal, by=request.user, changes=form.changes())
    if _action(request) == "autosave":
        response = _saved(request, deal, form.unreadable())
        response["HX-Replace-Url"] = _address(deal, "customer")
        return response
    if _action(request) == "later" and not form.unreadable():
        return _kept_for_later(request, deal)
    if not form.is_valid():
        return _first_screen(request, form, deal, found, registrant_of(deal), token=token)
    return redirect(_address(deal, "lines"))


def _first_screen(
    request: HttpRequest,
    form: CustomerForm,
    deal: Deal | None,
    found: list[GroupEligibility],
    who: Registrant,
    token: str = "",
) -> HttpResponse:
    context = {
        "form": form,
        "deal": deal,
        "token": token,
        "registrant": who,
        "statements": statements(found, who),
        "terms": rulebook_on(form.today).deal_registration,
        "only_country": getattr(form, "only_country", ""),
        "has_channel_manager": has_own_channel_manager(who.partner, form.today),
        "address": _address(deal, "customer") if deal else who.address,
    }
    return _render_step(request, "customer", deal, context)


def _render_step(request: HttpRequest, step: str, deal: Deal | None, context: dict[str, Any]) -> HttpResponse:
    steps = [{"label": STEP_LABELS[one], "url": _address(deal, one) if deal else ""} for one in STEPS]
    context |= {
        "deal": deal,
        "steps": steps,
        "current": STEPS.index(step) + 1,
        "step": step,
        "may_register": registers(request.user, deal) if deal else True,
        "on_behalf_of": deal.partner if deal and deal.on_behalf else None,
        "own_already": _own_already(request, deal),
    }
    if deal is None:
        context["on_behalf_of"] = (
            context["registrant"].partner if context["registrant"].on_behalf_by else None
        )
    return render(request, f"deals/draft_{step}.html", context)


def _address(deal: Deal, step: str) -> str:
    return reverse("deals:draft", kwargs={"ref": deal.reference, "step": step})


def _kept_for_later(request: HttpRequest, deal: Deal) -> HttpResponseRedirect:
    messages.success(request, _("The draft %(number)s is kept.") % {"number": deal.reference})
    return redirect("deals:list")


# The steps of a draft.


def _deals(request: HttpRequest) -> Any:
    related = ("partner", "distributor", "product_group", "registered_by", "edition")
    return Deal.objects.visible_to(request.user).select_related(*related)


@require_http_methods(["GET", "HEAD", "POST"])
def draft_step(request: HttpRequest, ref: str, step: str) -> HttpResponse:
    if step not in STEPS:
        raise Http404
    deal = get_object_or_404(_deals(request), reference=ref)
    if step != "review" or request.method == "POST":
        require(request.user, registering_capability(deal), deal)
    if deal.status != DealStatus.DRAFT:
        # A second click on Submit, or the way back in the browser.
        submitting = request.method == "POST" and _action(request) == "submit"
        return redirect("deals:receipt" if submitting else "deals:detail", ref=deal.reference)
    return _VIEWS[step](request, deal)


def _customer(request: HttpRequest, deal: Deal) -> HttpResponse:
    found = eligibility(deal.partner, _today(deal.partner))
    who = registrant_of(deal)
    form = _customer_form(request, who, found, deal)
    if request.method == "POST":
        return _save_customer(request, deal, form, found)
    return _first_screen(request, form, deal, found, who)


def _lines(request: HttpRequest, deal: Deal) -> HttpResponse:
    if deal.product_group is None:
        messages.info(request, _("Choose the product group first."))
        return redirect(_address(deal, "customer"))
    table = price_table(deal.product_group, deal.partner.country, _today(deal.partner))
    lines = list(deal.lines.select_related("product"))
    foreign = [line for line in lines if line.product.group_id != deal.product_group_id]
    if request.method != "POST":
        rows = kept_rows([line for line in lines if line not in foreign])
        rows = rows or [blank_row(deal.nodes, table, only_product=True)]
        formset = bound_lines(rows, table)
        return _show_lines(
            request, deal, formset, table, lines, foreign=foreign, errors="check" in request.GET
        )

    action = _action(request)
    rows = rows_typed(request.POST)
    if action == "add" and len(rows) < MAX_LINES:
        rows.append(blank_row(deal.nodes, table))
    elif action.startswith("remove-"):
        gone = action.removeprefix("remove-")
        rows = [row for number, row in enumerate(rows) if str(number) != gone]
        rows = rows or [blank_row(deal.nodes, table)]
    formset = bound_lines(rows, table)
    valid = formset.is_valid()
    wanted = [form for form in formset if form.has_changed()]
    readable = [form for form in wanted if not form.errors]
    inputs = [
        LineInput(form.cleaned_data["product"], form.cleaned_data["nodes"], form.cleaned_data["term_months"])
        for form in readable
    ]
    try:
        if len(rows) <= MAX_LINES:
            set_lines(deal, by=request.user, lines=inputs, at=timezone.now())
    except RuleViolation as violation:
        formset.non_form_errors().append(message_of(violation))
        valid = False
    # Read again: the action priced them.
    deal.refresh_from_db(fields=["list_amount", "currency"])
    lines = [] if formset.non_form_errors() else list(deal.lines.select_related("product"))
    if action == "autosave":
        return _show_lines(request, deal, formset, table, lines, template="deals/draft_lines_saved.html")
    if action == "later" and valid:
        return _kept_for_later(request, deal)
    if action in ("add", "refresh") or action.startswith("remove-"):
        return _show_lines(request, deal, formset, table, lines)
    if valid and not wanted:
        formset.non_form_errors().append(_("Add at least one product."))
        valid = False
    if not valid:
        return _show_lines(request, deal, formset, table, lines, errors=True)
    return redirect(_address(deal, "contact"))


def _show_lines(
    request: HttpRequest,
    deal: Deal,
    formset: Any,
    table: PriceTable,
    lines: list[DealLine],
    *,
    errors: bool = False,
    foreign: list[DealLine] | None = None,
    template: str = "",
) -> HttpResponse:
    priced = iter([line for line in lines if not foreign or line not in foreign])
    rows = [
        (form, next(priced, None) if form.has_changed() and not form.errors else None) for form in formset
    ]
    total = sum((line.list_amount for _form, line in rows if line), Decimal(0))
    ceiling = _ceiling(deal)
    context = {
        "formset": formset,
        "rows": rows,
        "errors": errors,
        "table": table,
        "foreign": foreign,
        "total": total,
        "currency": table.prices.currency if table.prices else deal.currency,
        "ceiling_pct": ceiling,
        "ceiling_amount": (total * ceiling / 100).quantize(Decimal("0.01")) if ceiling is not None else None,
        "may_add": len(rows) < MAX_LINES,
        "unreadable": [],
        "saved_at": timezone.now(),
    }
    if template:
        context["unreadable"] = [
            _("line %(number)d") % {"number": number}
            for number, (form, _line) in enumerate(rows, start=1)
            if form.has_changed() and form.errors
        ] + list(formset.non_form_errors())
        return render(request, template, {**context, "deal": deal})
    return _render_step(request, "lines", deal, context)


def _ceiling(deal: Deal) -> Decimal | None:
    """What the partner may be granted on this deal as things stand today."""
    if deal.product_group is None:
        return None
    found = {one.group.pk: one.ceiling_pct for one in eligibility(deal.partner, _today(deal.partner))}
    return found.get(deal.product_group_id)


def _contact(request: HttpRequest, deal: Deal) -> HttpResponse:
    if request.method != "POST":
        form = ContactForm(deal=deal)
        files = EvidenceForm(**_places(deal))
        return _show_contact(request, deal, form, files)

    action = _action(request)
    form = ContactForm(request.POST, deal=deal)
    save_draft(deal, by=request.user, changes=form.changes())
    if action == "autosave":
        return _saved(request, deal, form.unreadable())
    if action.startswith("remove-"):
        _take_out(request, deal, action.removeprefix("remove-"))
        return redirect(f"{_address(deal, 'contact')}#evidence")
    files = EvidenceForm(request.POST, request.FILES, **_places(deal))
    added = _take_in(request, deal, files) if files.is_valid() else 0
    if added and action == "upload":
        messages.success(request, ngettext("%d file added.", "%d files added.", added) % added)
    if not form.is_valid() or not files.is_valid():
        return _show_contact(request, deal, form, files)
    if action == "upload":
        if not added:
            files.add_error("file", _("Choose a file first."))
            return _show_contact(request, deal, form, files)
        return redirect(f"{_address(deal, 'contact')}#evidence")
    if action == "later":
        return _kept_for_later(request, deal)
    return redirect(_address(deal, "review"))


def _places(deal: Deal) -> dict[str, Any]:
    address = reverse("deals:upload", kwargs={"ref": deal.reference})
    places = max(0, settings.UPLOAD_MAX_FILES - deal.evidence.count())
    return {"places": places, "address": address, "today": _today(deal.partner)}


def _take_in(request: HttpRequest, deal: Deal, files: EvidenceForm) -> int:
    added = 0
    for upload in files.cleaned_data["file"]:
        try:
            attach_evidence(
                deal,
                by=request.user,
                at=timezone.now(),
                upload=upload,
                kind=files.cleaned_data["kind"],
                dated_on=files.cleaned_data["dated_on"],
            )
            added += 1
        except RuleViolation as violation:
            field = violation.field if violation.field in files.fields else None
            text = message_of(violation)
            named = labelled(upload.name, text) if field == "file" else text
            files.add_error(field, named)
            if field != "file":
                files.add_error("file", FILE_AGAIN)
            if field != "file" or violation.code in ("too-many", "file-count", "file-rate"):
                break
    return added


def _take_out(request: HttpRequest, deal: Deal, pk: str) -> None:
    # So many digits no number has: Python refuses to read them.
    readable = pk.isdecimal() and len(pk) < 19
    evidence = deal.evidence.select_related("document", "deal").filter(pk=pk).first() if readable else None
    if evidence is None:
        raise Http404
    remove_evidence(evidence, by=request.user)
    messages.success(request, _("The file was removed."))


def _show_contact(request: HttpRequest, deal: Deal, form: ContactForm, files: EvidenceForm) -> HttpResponse:
    evidence = list(deal.evidence.select_related("document"))
    context = {
        "form": form,
        "files": files,
        "evidence": evidence,
        "may_add": len(evidence) < settings.UPLOAD_MAX_FILES,
        "limit": settings.UPLOAD_MAX_FILES,
    }
    return _render_step(request, "contact", deal, context)


@dataclass(frozen=True)
class Lack:
    """What stands in the way of submitting, and where it can be put right."""

    text: str
    url: str


def _lack(deal: Deal, field: str | None, text: str) -> Lack:
    if not field:
        return Lack(text, "")
    step = STEP_OF_FIELD.get(field, "customer")
    anchor = "lines" if field == "lines" else f"id_{field}"
    return Lack(text, f"{_address(deal, step)}?check#{anchor}")


def _words_for(deal: Deal, violation: RuleViolation) -> str:
    """The refusal in words for whoever writes: a distributor reads of the partner, not of itself."""
    if deal.on_behalf:
        match violation.code:
            case "own-duplicate":
                return (
                    _("%(reference)s is registered for this partner, customer and product group already.")
                    % violation.params
                )
            case "country-not-authorised":
                return _("The partner is not authorised for this country. Its channel manager can add it.")
            case "not-authorised":
                return _("The vendor does not authorise this partner at present.")
            case "no-price-list":
                return _("No price list is valid for the partner's country at present.")
    return message_of(violation)


def _review(request: HttpRequest, deal: Deal) -> HttpResponse:
    refused: Lack | None = None
    own: str = ""
    if request.method == "POST":
        if _action(request) == "later":
            return _kept_for_later(request, deal)
        try:
            submit_deal(deal, by=request.user, at=timezone.now())
        except RuleViolation as violation:
            refused = _lack(deal, violation.field, _words_for(deal, violation))
            own = violation.params.get("reference", "")
        except WrongState:
            # Two clicks at once: the first one has submitted it.
            return redirect("deals:receipt", ref=deal.reference)
        else:
            return redirect("deals:receipt", ref=deal.reference)
    ceiling = _ceiling(deal)
    lacks = [
        _lack(deal, field, _("%(label)s: this information is needed") % {"label": label})
        for field, label in missing_fields(deal)
    ]
    context = {
        "lines": list(deal.lines.select_related("product")),
        "evidence": list(deal.evidence.select_related("document")),
        "lacks": [refused] if refused and not lacks else lacks,
        "refused": refused is not None,
        "own": own,
        "ceiling_pct": ceiling,
        "ceiling_amount": (deal.list_amount * ceiling / 100).quantize(Decimal("0.01")) if ceiling else None,
        "terms": rulebook_on(_today(deal.partner)).deal_registration,
        "is_enterprise": deal.product_group is not None and deal.product_group.line == ENTERPRISE,
    }
    response = _render_step(request, "review", deal, context)
    response.status_code = 422 if refused else 200
    return response


_VIEWS: dict[str, Callable[[HttpRequest, Deal], HttpResponse]] = {
    "customer": _customer,
    "lines": _lines,
    "contact": _contact,
    "review": _review,
}


@require_POST
def discard(request: HttpRequest, ref: str) -> HttpResponse:
    deal = get_object_or_404(_deals(request), reference=ref)
    discard_draft(deal, by=request.user)
    messages.success(request, _("The draft %(number)s was discarded.") % {"number": ref})
    return redirect("deals:list")


@require_safe
def receipt(request: HttpRequest, ref: str) -> HttpResponse:
    """The same for every registration, whether its customer is taken or not (rule E6)."""
    deal = get_object_or_404(_deals(request), reference=ref)
    if deal.status == DealStatus.DRAFT:
        return redirect(_address(deal, "review"))
    writer = "distributor" if deal.on_behalf else "partner"
    if side_of(request.user.acting_as, deal) != writer:
        return redirect("deals:detail", ref=deal.reference)
    context = {
        "deal": deal,
        "due_at": promised_due_at(deal),
        "told": [deal.registered_by] if deal.on_behalf else partner_contacts(deal),
        "is_enterprise": deal.product_group.line == ENTERPRISE,
        "terms": rulebook_on(date_in(deal.partner.country, deal.submitted_at)).deal_registration,
    }
    return render(request, "deals/receipt.html", context)
