"""The portal's own words for what an edition says: one table from codes to labels. A code that is not
in it (a row that the vendor added) is shown as a readable form of itself."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import time
from decimal import Decimal
from typing import Any

from babel.dates import format_time
from babel.lists import format_list
from django.utils.functional import Promise
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from partners.programme.content import BENEFITS, CONDITIONS, Difference, EditionContent
from partners.programme.rulebook import CellValue, Rulebook
from portal.core import formats

Text = str | Promise


def humanised(code: str) -> str:
    """anti_phishing_test → Anti phishing test."""
    words = code.removesuffix("_pct").removesuffix("_eur").replace("_", " ").replace("-", " ").strip()
    return words[:1].upper() + words[1:]


# Names of products are the vendor's and stay as they are in every language.
PRODUCT_GROUPS = {
    "xsp": "xSP",
    "anti-targeted-attack": "Anti Targeted Attack Platform",
    "industrial-cybersecurity": "Industrial CyberSecurity",
}


def group_name(code: str) -> str:
    return PRODUCT_GROUPS.get(code) or code.replace("-", " ").title()


def tier_name(code: str) -> str:
    return code.capitalize()


# ---------------------------------------------------------------- rows of the grids


NO = _("No")


@dataclass(frozen=True)
class RowLabel:
    """`nothing` is what an empty cell says in this row."""

    group: str
    label: Text
    rule: str = ""
    help: Text = ""
    nothing: Text = NO


GROUPS: dict[str, dict[str, Text]] = {
    BENEFITS: {
        "discounts": _("Recommended discounts"),
        "registration": _("Deal registration"),
        "sales": _("Sales support"),
        "marketing": _("Marketing"),
        "technical": _("Technical support"),
        "specialisations": _("Specialisations"),
        "further": _("Further benefits"),
    },
    CONDITIONS: {
        "targets": _("Targets and planning"),
        "people": _("Certified people and references"),
        "relationship": _("Working together"),
        "further": _("Further conditions"),
    },
}

ROWS: dict[str, RowLabel] = {
    "discount_standard_pct": RowLabel(
        "discounts",
        _("Standard products"),
        "B1",
        _("The most that your distributor takes off the list price; the distributor sets the actual figure."),
    ),
    "discount_enterprise_pct": RowLabel(
        "discounts",
        _("Enterprise products"),
        "B3",
        _("The most that your distributor takes off the list price; the distributor sets the actual figure."),
    ),
    "dealreg_standard_pct": RowLabel(
        "registration",
        _("Standard deal, additional discount"),
        "B2",
        _("On top of the recommended discount, for an approved registration of new business."),
        nothing=_("Not open"),
    ),
    "dealreg_enterprise_pct": RowLabel(
        "registration",
        _("Enterprise deal, additional discount"),
        "B4",
        _("Only with the specialisation for the product."),
        nothing=_("Not open"),
    ),
    "nfr_nodes": RowLabel(
        "sales",
        _("Licences for your own use (NFR), nodes"),
        "B9",
        _("The most at one time; they are never resold."),
    ),
    "portal": RowLabel("sales", _("Access to this portal"), "B8"),
    "authorisation_certificate": RowLabel("sales", _("Authorisation certificate"), "B8"),
    "training_online": RowLabel(
        "sales", _("Online training"), "B8", _("For your sales and your technical people, free of charge.")
    ),
    "dedicated_channel_manager": RowLabel("sales", _("Channel manager of your own"), "B10"),
    "leads": RowLabel("sales", _("Leads from the vendor"), "B11"),
    "high_performance_club": RowLabel("sales", _("High Performance Club"), "K5"),
    "newsletter": RowLabel("marketing", _("Newsletter"), "B5"),
    "logo_and_marketing": RowLabel("marketing", _("Partner logo and marketing resources"), "B5"),
    "library": RowLabel("marketing", _("Sales and marketing library"), "B5"),
    "conference": RowLabel("marketing", _("Yearly partner conference"), "B6", _("By invitation.")),
    "technical_support": RowLabel("technical", _("Technical support"), "B12"),
    "presales_and_consulting": RowLabel("technical", _("Pre-sales support and consulting"), "B13"),
    "msp_programme": RowLabel("specialisations", _("Programme for managed service providers"), "B7"),
    "enterprise_specialisations": RowLabel(
        "specialisations",
        _("Enterprise specialisations"),
        "B7",
        _("Open to every tier that this row allows; one is needed to register an enterprise deal."),
    ),
    "annual_sales_target_eur": RowLabel(
        "targets",
        _("Yearly sales target"),
        "C4",
        _("Sales at list price less end-user discounts, in a calendar year."),
        nothing=_("No target"),
    ),
    "monthly_reports": RowLabel("targets", _("Monthly pipeline and sales reports"), "C5"),
    "annual_business_plan": RowLabel("targets", _("Yearly business plan"), "C6"),
    "quarterly_review": RowLabel("targets", _("Quarterly planning and review"), "C7"),
    "certified_technical": RowLabel(
        "people", _("Certified technical specialists"), "C9", _("With a valid certificate.")
    ),
    "certified_sales": RowLabel(
        "people",
        _("Certified sales specialists"),
        "C8",
        _("Required with an enterprise specialisation; recommended to all others."),
    ),
    "customer_references": RowLabel(
        "people", _("Customer references"), "C11", _("Approved, and agreed with the regional office.")
    ),
    "marketing_activities": RowLabel("relationship", _("Marketing activities"), "C1"),
    "web_site_information": RowLabel("relationship", _("Information on your web site"), "C2"),
    "dedicated_product_manager": RowLabel("relationship", _("Product manager in your company"), "C3"),
    "updates_and_webcasts": RowLabel("relationship", _("Regular updates and webcasts"), "C12"),
}

LEVELS: dict[str, Text] = {
    "yes": _("Yes"),
    "no": _("No"),
    "none": _("No"),
    "required": _("Required"),
    "recommended": _("Recommended"),
    "optional": _("Optional"),
    "eligible": _("Case by case"),
    "priority": _("With priority"),
    "vendor": _("Vendor, directly"),
    "distributor": _("Through the distributor"),
}
# A condition that asks nothing is no refusal.
CONDITION_LEVELS: dict[str, Text] = {"none": _("Not asked"), "no": _("Not asked")}


def row_label(code: str) -> RowLabel:
    return ROWS.get(code) or RowLabel("further", humanised(code), nothing=formats.DASH)


@dataclass(frozen=True)
class Shown:
    """A cell as it is read. `mark` gives it an icon: yes, no, or none for a figure or a word."""

    text: str
    mark: str = ""
    is_figure: bool = False


def shown_cell(grid: str, code: str, value: CellValue) -> Shown:
    if value is None:
        nothing = str(row_label(code).nothing)
        return Shown(nothing, mark="no" if nothing != formats.DASH else "")
    if isinstance(value, Decimal):
        return Shown(_figure(code, value), is_figure=True)
    level = (CONDITION_LEVELS.get(value) if grid == CONDITIONS else None) or LEVELS.get(value)
    mark = {"yes": "yes", "no": "no", "none": "no"}.get(value, "")
    return Shown(str(level) if level else humanised(value), mark=mark)


def _figure(code: str, value: Decimal) -> str:
    whole = value == value.to_integral_value()
    number = int(value) if whole else value.normalize()
    if code.endswith("_pct"):
        return formats.format_pct(value)
    if code.endswith("_eur"):
        return (
            formats.format_money_short(value, "EUR")
            if value < 1_000_000
            else formats.format_money(value, "EUR")
        )
    return formats.format_number(number)


# ---------------------------------------------------------------- parameters


def _days(value: Any) -> str:
    return ngettext("%(count)s day", "%(count)s days", value) % {"count": formats.format_number(value)}


def _business_days(value: Any) -> str:
    text = ngettext("%(count)s business day", "%(count)s business days", value)
    return text % {"count": formats.format_number(value)}


def _months(value: Any) -> str:
    return ngettext("%(count)s month", "%(count)s months", value) % {"count": formats.format_number(value)}


def _number(value: Any) -> str:
    return formats.format_number(value)


def _per_cent(value: Any) -> str:
    return formats.format_pct(Decimal(value))


def _points(value: Any) -> str:
    step = Decimal(str(value))
    text = ngettext("%(count)s percentage point", "%(count)s percentage points", 1 if step <= 1 else 2)
    return text % {"count": formats.format_number(step)}


def _days_before(value: Any) -> str:
    return gettext("%(days)s days before") % {"days": _listed(value)}


def _listed(days: Any) -> str:
    return format_list([formats.format_number(day) for day in days], locale=formats.babel_locale())


def _time_of_day(value: Any) -> str:
    return format_time(time.fromisoformat(value), "short", locale=formats.babel_locale())


def _tier_pairs(value: Any) -> str:
    return ", ".join(" ↔ ".join(tier_name(tier) for tier in pair) for pair in value)


STEPS: dict[str, Text] = {
    "warning": _("warning"),
    "orders_refused": _("orders refused"),
    "termination": _("authorisation ended"),
    "lower_tier": _("lower tier"),
    "discount_removed": _("discount programme removed"),
}
CASES: dict[str, Text] = {
    "unauthorised_territory": _("Sale outside the authorised countries"),
    "brand_policy": _("Breach of the brand policy"),
    "no_technical_support": _("No technical support"),
    "low_satisfaction": _("Low customer satisfaction"),
    "unreasonable_escalation": _("Unreasonable escalation"),
}


def _step_words(step: Any) -> str:
    if isinstance(step, list):
        return format_list([_step_words(one) for one in step], style="or", locale=formats.babel_locale())
    return str(STEPS.get(step) or humanised(step))


def _ladders(value: Any) -> str:
    return "; ".join(
        formats.labelled(CASES.get(case) or humanised(case), " → ".join(_step_words(step) for step in steps))
        for case, steps in value.items()
    )


@dataclass(frozen=True)
class ParameterLabel:
    label: Text
    rule: str
    words: Callable[[Any], str]


SECTIONS: dict[str, Text] = {
    "deal_registration": _("Deal registration"),
    "tier_changes": _("Changes of tier"),
    "specialisation": _("Specialisations"),
    "staff": _("Certified people"),
    "nfr": _("Licences for your own use (NFR)"),
    "compliance": _("Keeping to the programme"),
}

PARAMETERS: dict[tuple[str, str], ParameterLabel] = {
    ("deal_registration", "decision_business_days"): ParameterLabel(
        _("Decision within"), "E7", _business_days
    ),
    ("deal_registration", "silence_business_days"): ParameterLabel(
        _("The channel manager may decide in the distributor's place after an overdue of"),
        "E7",
        _business_days,
    ),
    ("deal_registration", "protection_days"): ParameterLabel(_("Protection"), "E8", _days),
    ("deal_registration", "extension_days"): ParameterLabel(_("Extension of up to"), "E8", _days),
    ("deal_registration", "extensions"): ParameterLabel(_("Extensions of a deal"), "E8", _number),
    ("deal_registration", "reopen_days"): ParameterLabel(_("Re-opening after the end within"), "E8", _days),
    ("deal_registration", "distributor_changes"): ParameterLabel(
        _("Changes of the distributor before the decision, at most"), "E7", _number
    ),
    ("deal_registration", "amendment_growth_pct"): ParameterLabel(
        _("An amendment needs an approval when the amount grows by more than"), "E4", _per_cent
    ),
    ("deal_registration", "new_business_lookback_months"): ParameterLabel(
        _("New business: no purchase for"), "E2", _months
    ),
    ("deal_registration", "reminders_days_before"): ParameterLabel(
        _("Reminders before the protection ends"), "E8", _days_before
    ),
    ("deal_registration", "appeal_days"): ParameterLabel(_("Appeal within"), "E9", _days),
    ("deal_registration", "revocation_notice_business_days"): ParameterLabel(
        _("Time for the partner's statement before a revocation"), "E13", _business_days
    ),
    ("deal_registration", "order_confirmation_business_days"): ParameterLabel(
        _("An order is confirmed within"), "E10", _business_days
    ),
    ("deal_registration", "decisions_to_publish"): ParameterLabel(
        _("Decision times are published from so many decisions on"), "E7", _number
    ),
    ("deal_registration", "without_news_days"): ParameterLabel(
        _("A running registration counts as without news after"), "E8", _days
    ),
    ("deal_registration", "record_months"): ParameterLabel(
        _("A partner's registrations are looked at over"), "E5", _months
    ),
    ("deal_registration", "appeals_to_publish"): ParameterLabel(
        _("Rates of overturned decisions are told from so many appeals on"), "E9", _number
    ),
    ("deal_registration", "registrations_per_hour"): ParameterLabel(
        _("Registrations of one person within an hour, at most"), "E6", _number
    ),
    ("deal_registration", "probing_days"): ParameterLabel(
        _("Striking registrations are reported: period looked at"), "E6", _days
    ),
    ("deal_registration", "probing_registrations"): ParameterLabel(
        _("Striking registrations are reported: from so many on"), "E6", _number
    ),
    ("deal_registration", "probing_share_pct"): ParameterLabel(
        _("Striking registrations are reported: share taken or withdrawn at once"), "E6", _per_cent
    ),
    ("deal_registration", "closing_within_months"): ParameterLabel(
        _("An expected closing date lies ahead by at most"), "E8", _months
    ),
    ("deal_registration", "retry_within_months"): ParameterLabel(
        _("A reminder to try a lost deal again lies ahead by at most"), "E10", _months
    ),
    ("deal_registration", "discount_step_pct"): ParameterLabel(
        _("Steps of the granted discount"), "E4", _points
    ),
    ("deal_registration", "office_opens"): ParameterLabel(_("Working day begins"), "E7", _time_of_day),
    ("deal_registration", "office_closes"): ParameterLabel(_("Working day ends"), "E7", _time_of_day),
    ("tier_changes", "first_month_of_year"): ParameterLabel(_("Only in January"), "H3", _tier_pairs),
    ("tier_changes", "any_time"): ParameterLabel(_("At any time"), "H3", _tier_pairs),
    ("tier_changes", "recovery_plan_months"): ParameterLabel(
        _("A recovery plan runs for at most"), "J7", _months
    ),
    ("specialisation", "floor"): ParameterLabel(
        _("Tier with an enterprise specialisation, at least"), "H7", tier_name
    ),
    ("staff", "notice_of_departure_days"): ParameterLabel(_("A departure is reported within"), "G3", _days),
    ("staff", "replacement_days"): ParameterLabel(_("A certified person is replaced within"), "G3", _days),
    ("staff", "notice_reminders_days_before"): ParameterLabel(
        _("Reminders to report a departure"), "G7", _days_before
    ),
    ("staff", "replacement_reminders_days_before"): ParameterLabel(
        _("Reminders to replace"), "G7", _days_before
    ),
    ("staff", "certificate_validity_months"): ParameterLabel(_("A certificate is valid for"), "G2", _months),
    ("staff", "certificate_reminders_days_before"): ParameterLabel(
        _("Reminders before a certificate ends"), "G2", _days_before
    ),
    ("nfr", "product"): ParameterLabel(_("Product"), "F2", group_name),
    ("nfr", "direct_request_max_nodes"): ParameterLabel(
        _("Nodes that can be asked for directly"), "F2", _number
    ),
    ("nfr", "validity_months"): ParameterLabel(_("Validity"), "F1", _months),
    ("nfr", "renewal_window_days"): ParameterLabel(_("Renewal possible in the last"), "F4", _days),
    ("nfr", "reminders_days_before"): ParameterLabel(_("Reminders before the end"), "F4", _days_before),
    ("compliance", "unanswered_support_business_days"): ParameterLabel(
        _("Support requests left unanswered for"), "J4", _business_days
    ),
    ("compliance", "satisfaction_cure_days"): ParameterLabel(_("Time to improve satisfaction"), "J5", _days),
    ("compliance", "escalation_cure_days"): ParameterLabel(_("Time to reduce escalations"), "J6", _days),
    ("compliance", "ladders"): ParameterLabel(_("Steps by case"), "J", _ladders),
}


@dataclass(frozen=True)
class Term:
    """A parameter in words."""

    label: str
    text: str
    rule: str = ""


def parameter_term(section: str, code: str, value: Any) -> Term:
    known = PARAMETERS.get((section, code))
    if known is None:
        return Term(humanised(code), formats.DASH if value is None else str(value))
    return Term(str(known.label), formats.DASH if value is None else known.words(value), known.rule)


def section_label(section: str) -> str:
    return str(SECTIONS.get(section) or humanised(section))


def registration_terms(rulebook: Rulebook) -> list[Term]:
    """What a partner needs to know before it registers a deal, in sentences (rules E2 to E9)."""
    terms = rulebook.deal_registration
    extension = gettext("No extension.")
    if terms.extensions:
        extension = ngettext(
            "%(count)s extension of up to %(days)s, to be asked for before the protection ends.",
            "%(count)s extensions of up to %(days)s each, to be asked for before the protection ends.",
            terms.extensions,
        ) % {"count": terms.extensions, "days": _days(terms.extension_days)}
    return [
        Term(
            gettext("New business only"),
            gettext("The customer has bought nothing of the product group for %(months)s.")
            % {"months": _months(terms.new_business_lookback_months)},
            "E2",
        ),
        Term(
            gettext("Granted discount"),
            gettext("From 0 to the ceiling of the tier, in steps of %(step)s.")
            % {"step": _points(terms.discount_step_pct)},
            "E4",
        ),
        Term(
            gettext("Decision"),
            gettext("Within %(days)s in the distributor's country, working hours %(opens)s to %(closes)s.")
            % {
                "days": _business_days(terms.decision_business_days),
                "opens": _time_of_day(terms.office_opens.isoformat()),
                "closes": _time_of_day(terms.office_closes.isoformat()),
            },
            "E7",
        ),
        Term(
            gettext("Protection"),
            gettext("%(days)s from the approval.") % {"days": _days(terms.protection_days)},
            "E8",
        ),
        Term(gettext("Extension"), extension, "E8"),
        Term(
            gettext("Reminders"),
            gettext("%(days)s days before the protection ends.")
            % {"days": _listed(terms.reminders_days_before)},
            "E8",
        ),
        Term(
            gettext("Appeal"),
            gettext("Once, within %(days)s of a rejection.") % {"days": _days(terms.appeal_days)},
            "E9",
        ),
    ]


# ---------------------------------------------------------------- differences


@dataclass(frozen=True)
class ShownDifference:
    """One line of the comparison; `tiers` are those for which it is the same, none outside the grids."""

    what: str
    tiers: tuple[str, ...]
    before: str
    after: str
    rule: str
    direction: str
    is_new: bool
    is_gone: bool


LINES: dict[str, Text] = {"standard": _("Standard"), "enterprise": _("Enterprise")}


def difference_sections(found: list[Difference]) -> list[tuple[str, list[ShownDifference]]]:
    """Differences under the headings of the page, each side in words."""
    titles = {
        "edition": gettext("Edition"),
        BENEFITS: gettext("Benefits"),
        CONDITIONS: gettext("Conditions"),
        "product_groups": gettext("Product groups"),
        "territory": gettext("Countries"),
    }
    sections: dict[str, list[ShownDifference]] = {}
    for one in found:
        title = titles.get(one.section) or section_label(one.section)
        rows = sections.setdefault(title, [])
        shown = _shown_difference(one)
        if rows and shown.tiers and replace(rows[-1], tiers=shown.tiers) == shown:
            rows[-1] = replace(shown, tiers=rows[-1].tiers + shown.tiers)
        else:
            rows.append(shown)
    return list(sections.items())


def _shown_difference(one: Difference) -> ShownDifference:
    before, after, rule, what = "", "", "", humanised(one.code)
    if one.section in (BENEFITS, CONDITIONS):
        label = row_label(one.code)
        group = GROUPS[one.section].get(label.group)
        what = formats.labelled(group, label.label) if label.group != "further" else str(label.label)
        rule = label.rule
        before = formats.DASH if one.is_new else shown_cell(one.section, one.code, one.before).text
        after = formats.DASH if one.is_gone else shown_cell(one.section, one.code, one.after).text
    elif one.section == "territory":
        what = formats.country_name(one.code)
        before, after = (gettext("Part of it") if side else formats.DASH for side in (one.before, one.after))
    elif one.section == "product_groups":
        what = group_name(one.code)
        before, after = (str(LINES[side]) if side else formats.DASH for side in (one.before, one.after))
    elif one.section == "edition":
        rule = "D1" if one.code == "notice_days" else "B"
        what = gettext("Days of notice") if one.code == "notice_days" else gettext("Order of the tiers")
        words = _days if one.code == "notice_days" else _tier_order
        before, after = words(one.before), words(one.after)
    else:
        old, new = (parameter_term(one.section, one.code, side) for side in (one.before, one.after))
        what, rule, before, after = new.label, new.rule, old.text, new.text
    return ShownDifference(
        what, (one.tier,) if one.tier else (), before, after, rule, _direction(one), one.is_new, one.is_gone
    )


def _tier_order(value: Any) -> str:
    return " < ".join(tier_name(tier) for tier in value)


def _direction(one: Difference) -> str:
    def figure(value: Any) -> Decimal | None:
        if isinstance(value, bool) or not isinstance(value, int | Decimal):
            return None
        return Decimal(value)

    before, after = figure(one.before), figure(one.after)
    if before is None or after is None:
        return ""
    return "up" if after > before else "down"


# ---------------------------------------------------------------- the grid of a page


@dataclass(frozen=True)
class GridCell:
    tier: str
    shown: Shown


@dataclass(frozen=True)
class GridRow:
    code: str
    label: str
    help: str
    rule: str
    cells: tuple[GridCell, ...]


@dataclass(frozen=True)
class GridGroup:
    code: str
    title: str
    rows: tuple[GridRow, ...]


def grid_groups(content: EditionContent, grid: str) -> list[GridGroup]:
    """The rows of a grid under their headings, cells from the highest tier to the lowest."""
    rows: dict[str, list[GridRow]] = {}
    order = [*(code for code in ROWS if code in content.grids[grid])]
    order += [code for code in content.grids[grid] if code not in ROWS]
    for code in order:
        label = row_label(code)
        group = label.group if label.group in GROUPS[grid] else "further"
        rows.setdefault(group, []).append(_grid_row(content, grid, code, label))
    return [
        GridGroup(code, str(title), tuple(rows[code])) for code, title in GROUPS[grid].items() if code in rows
    ]


def _grid_row(content: EditionContent, grid: str, code: str, label: RowLabel) -> GridRow:
    row: Mapping[str, CellValue] = content.grids[grid][code]
    return GridRow(
        code,
        str(label.label),
        str(label.help),
        label.rule,
        tuple(GridCell(tier, shown_cell(grid, code, row.get(tier))) for tier in reversed(content.tiers)),
    )
