"""Reads an edition from a YAML file and checks every value of it: no database, no clock. A problem
names its path in the file (`benefits.dealreg_standard_pct.gold`), its line and the value found."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, time
from decimal import Decimal, InvalidOperation
from typing import Any

import yaml
from babel import Locale

from partners.programme.content import BENEFITS, CONDITIONS, GRIDS, EditionContent
from partners.programme.rulebook import ENTERPRISE, STANDARD, CellValue
from portal.core.errors import gettext_noop

MAX_BYTES = 200_000
MAX_ROWS = 200

# The portal knows a tier by its name (a partner's record holds it); its rank, benefits and conditions
# come from the edition.
TIERS = frozenset({"registered", "bronze", "silver", "gold", "platinum"})
COUNTRIES = frozenset(code for code in map(str, Locale("en").territories) if re.fullmatch(r"[A-Z]{2}", code))

_CODE = re.compile(r"[a-z][a-z0-9_]{0,39}")
_GROUP_CODE = re.compile(r"[a-z][a-z0-9-]{0,39}")
_LEVEL = re.compile(r"[a-z][a-z0-9_]{0,19}")
_EDITION_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,19}")
_LARGEST = Decimal(10) ** 10


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong: an English message with named parameters, translated where it is shown."""

    path: str
    message: str
    value: str = ""
    line: int | None = None
    params: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        where = f"line {self.line}: " if self.line else ""
        found = f" (found: {self.value})" if self.value else ""
        return f"{where}{self.path}: {self.message % self.params if self.params else self.message}{found}"


@dataclass(frozen=True)
class Reading:
    """What came of reading: the content, or what is wrong with it; dates only where they were allowed."""

    content: EditionContent | None
    problems: tuple[Problem, ...] = ()
    published_on: date | None = None
    in_force_from: date | None = None


class Wrong(Exception):
    """A checker's remark on one value; it never leaves this module."""

    def __init__(self, message: str, **params: Any) -> None:
        super().__init__(message)
        self.message = message
        self.params = params


# ---------------------------------------------------------------- the file


class _StrictLoader(yaml.SafeLoader):
    """YAML without what hides mistakes: a key given twice, and aliases."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("aliases (*name) are not accepted", self.peek_event().start_mark)
        return super().compose_node(parent, index)


def read_edition(data: bytes) -> Reading:
    """An edition for a draft from the bytes of a YAML file, or every problem that it has."""
    if len(data) > MAX_BYTES:
        return _unreadable(gettext_noop("The file is larger than %(limit)s kB."), limit=MAX_BYTES // 1000)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return _unreadable(gettext_noop("The file is not written in UTF-8."))
    try:
        loader = _StrictLoader(text)
        try:
            root = loader.get_single_node()
            lines: dict[str, int] = {}
            doubles = list(_walk(root, "", lines)) if root is not None else []
            facts = loader.construct_document(root) if root is not None else None
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        return _unreadable(
            gettext_noop("This is not YAML: %(reason)s."),
            line=mark.line + 1 if mark else None,
            reason=error.problem or error.context or "?",
        )
    except yaml.reader.ReaderError as error:
        return _unreadable(
            gettext_noop("The file holds a character that text does not have, at place %(place)s."),
            place=error.position + 1,
        )
    except yaml.YAMLError as error:
        mark = error.args[1] if len(error.args) > 1 and hasattr(error.args[1], "line") else None
        return _unreadable(
            gettext_noop("This is not YAML: %(reason)s."),
            line=mark.line + 1 if mark else None,
            reason=str(error.args[0] if error.args else "?"),
        )
    except RecursionError:
        return _unreadable(gettext_noop("The file is nested too deeply."))
    except (ValueError, TypeError) as error:
        # A date that does not exist, a number with thousands of digits, a list as a key.
        return _unreadable(gettext_noop("A value cannot be read: %(reason)s."), reason=str(error))
    if doubles:
        return Reading(None, tuple(doubles))
    return check_facts(facts, lines)


def _unreadable(message: str, line: int | None = None, **params: Any) -> Reading:
    return Reading(None, (Problem("file", message, line=line, params=params),))


def _walk(node: yaml.Node, path: str, lines: dict[str, int]) -> Iterator[Problem]:
    """Notes the line of every path, and yields the keys that are given twice."""
    lines.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            name = str(key.value) if isinstance(key, yaml.ScalarNode) else "?"
            below = f"{path}.{name}" if path else name
            line = key.start_mark.line + 1
            if name in seen:
                yield Problem(below, gettext_noop("This key is given twice."), line=line)
            seen.add(name)
            yield from _walk(value, below, lines)
            lines[below] = line
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield from _walk(item, f"{path}[{index}]", lines)


# ---------------------------------------------------------------- single values


def _shown(value: Any) -> str:
    if value is None:
        return "null"
    text = str(value) if not isinstance(value, bool) else str(value).lower()
    return text if len(text) <= 60 else text[:57] + "…"


def _whole(low: int = 0, high: int = 3_660) -> Callable[[Any], int]:
    def check(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise Wrong(gettext_noop("A whole number is needed."))
        if not low <= value <= high:
            raise Wrong(gettext_noop("A number from %(low)s to %(high)s is needed."), low=low, high=high)
        return value

    return check


def _days_before(value: Any) -> list[int]:
    if not isinstance(value, list) or not value:
        raise Wrong(gettext_noop("A list of numbers of days is needed."))
    days = [_whole(1, 366)(item) for item in value]
    if days != sorted(set(days), reverse=True):
        raise Wrong(gettext_noop("The days go from the largest to the smallest, each once."))
    return days


def _step(value: Any) -> str:
    try:
        step = Decimal(str(value))
    except InvalidOperation:
        step = Decimal(0)
    fits = step.is_finite() and 0 < step <= 100 and step == step.quantize(Decimal("0.01"))
    if isinstance(value, bool) or not fits:
        raise Wrong(gettext_noop("A step above 0 with at most two decimals is needed, such as '0.5'."))
    return str(value)


def _clock(value: Any) -> str:
    try:
        if not isinstance(value, str):
            raise ValueError
        return time.fromisoformat(value).isoformat("minutes")
    except ValueError:
        raise Wrong(gettext_noop("A time of day in quotes is needed, such as '09:00'.")) from None


def _tier(value: Any) -> str:
    if not isinstance(value, str) or value not in TIERS:
        raise Wrong(gettext_noop("A tier is needed: %(tiers)s."), tiers=", ".join(sorted(TIERS)))
    return value


def _tier_pairs(value: Any) -> list[list[str]]:
    if not isinstance(value, list) or not all(isinstance(pair, list) and len(pair) == 2 for pair in value):
        raise Wrong(gettext_noop("A list of pairs of tiers is needed, such as [gold, silver]."))
    return [[_tier(tier) for tier in pair] for pair in value]


def _short_code(value: Any) -> str:
    if not isinstance(value, str) or not _GROUP_CODE.fullmatch(value):
        raise Wrong(gettext_noop("A code of small letters, digits and hyphens is needed."))
    return value


def _ladders(value: Any) -> dict[str, Any]:
    def is_step(step: Any) -> bool:
        return isinstance(step, str) and _CODE.fullmatch(step) is not None

    if not isinstance(value, dict) or not value:
        raise Wrong(gettext_noop("The ladders of steps are needed, by case."))
    for case, steps in value.items():
        fits = (
            is_step(case)
            and isinstance(steps, list)
            and steps
            and all(is_step(s) or (isinstance(s, list) and s and all(map(is_step, s))) for s in steps)
        )
        if not fits:
            raise Wrong(gettext_noop("The ladder of %(case)s is not a list of steps."), case=_shown(case))
    return value


PARAMETERS: dict[str, dict[str, Callable[[Any], Any]]] = {
    "tier_changes": {
        "first_month_of_year": _tier_pairs,
        "any_time": _tier_pairs,
        "recovery_plan_months": _whole(1, 60),
    },
    "specialisation": {"floor": _tier},
    "staff": {
        "notice_of_departure_days": _whole(1),
        "replacement_days": _whole(1),
        "notice_reminders_days_before": _days_before,
        "replacement_reminders_days_before": _days_before,
        "certificate_validity_months": _whole(1, 240),
        "certificate_reminders_days_before": _days_before,
    },
    "nfr": {
        "product": _short_code,
        "direct_request_max_nodes": _whole(0, 1_000_000),
        "validity_months": _whole(1, 240),
        "renewal_window_days": _whole(0),
        "reminders_days_before": _days_before,
    },
    "deal_registration": {
        "decision_business_days": _whole(1, 60),
        "silence_business_days": _whole(0, 60),
        "protection_days": _whole(1),
        "extension_days": _whole(0),
        "extensions": _whole(0, 12),
        "reopen_days": _whole(0, 366),
        "distributor_changes": _whole(0, 12),
        "amendment_growth_pct": _whole(0, 1_000),
        "new_business_lookback_months": _whole(0, 240),
        "reminders_days_before": _days_before,
        "appeal_days": _whole(0),
        "revocation_notice_business_days": _whole(0, 60),
        "order_confirmation_business_days": _whole(1, 60),
        "decisions_to_publish": _whole(1, 1_000),
        "without_news_days": _whole(1, 366),
        "record_months": _whole(1, 240),
        "appeals_to_publish": _whole(1, 1_000),
        "registrations_per_hour": _whole(1, 1_000_000),
        "probing_days": _whole(1, 366),
        "probing_registrations": _whole(2, 1_000_000),
        "probing_share_pct": _whole(1, 100),
        "closing_within_months": _whole(1, 240),
        "retry_within_months": _whole(1, 240),
        "discount_step_pct": _step,
        "office_opens": _clock,
        "office_closes": _clock,
    },
    "compliance": {
        "unanswered_support_business_days": _whole(1, 60),
        "satisfaction_cure_days": _whole(1),
        "escalation_cure_days": _whole(1),
        "ladders": _ladders,
    },
}


# ---------------------------------------------------------------- cells of the grids


def _amount(value: Any, high: Decimal = _LARGEST) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Wrong(gettext_noop("A number is needed."))
    number = Decimal(str(value))
    if not number.is_finite() or not 0 <= number <= high:
        raise Wrong(gettext_noop("A number from %(low)s to %(high)s is needed."), low=0, high=f"{high:f}")
    if number != number.quantize(Decimal("0.01")):
        raise Wrong(gettext_noop("At most two decimals are possible."))
    return number


def _percentage(value: Any) -> Decimal:
    return _amount(value, Decimal(100))


def _percentage_or_nothing(value: Any) -> Decimal | None:
    return None if value is None else _percentage(value)


def _amount_or_nothing(value: Any) -> Decimal | None:
    return None if value is None else _amount(value)


def _whole_or_nothing(value: Any) -> Decimal | None:
    return None if value is None else Decimal(_whole(0, 1_000_000)(value))


def _level(*allowed: str) -> Callable[[Any], str]:
    def check(value: Any) -> str:
        # YAML reads an unquoted yes or no as true or false.
        word = {True: "yes", False: "no"}.get(value, value) if isinstance(value, bool) else value
        if word not in allowed or not isinstance(word, str):
            raise Wrong(gettext_noop("One of these is needed: %(words)s."), words=", ".join(allowed))
        return word

    return check


def _whole_or_level(value: Any) -> Decimal | str:
    if isinstance(value, int) and not isinstance(value, bool):
        return Decimal(_whole(0, 1_000)(value))
    return _level("recommended", "optional", "none")(value)


def _number_or_word(value: Any) -> CellValue:
    """A row that the portal does not know yet: a number, a word or nothing."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return _amount(value)
    if not isinstance(value, str) or not _LEVEL.fullmatch(value):
        raise Wrong(gettext_noop("A number, or a word of at most 20 small letters is needed."))
    return value


_YES_OR_NO = _level("yes", "no")
_OBLIGATION = _level("required", "recommended", "optional", "none")

CELLS: dict[str, dict[str, Callable[[Any], CellValue]]] = {
    BENEFITS: {
        "discount_standard_pct": _percentage,
        "dealreg_standard_pct": _percentage_or_nothing,
        "discount_enterprise_pct": _percentage,
        "dealreg_enterprise_pct": _percentage_or_nothing,
        "nfr_nodes": _whole_or_nothing,
        "newsletter": _YES_OR_NO,
        "logo_and_marketing": _YES_OR_NO,
        "library": _YES_OR_NO,
        "conference": _YES_OR_NO,
        "msp_programme": _YES_OR_NO,
        "enterprise_specialisations": _YES_OR_NO,
        "portal": _YES_OR_NO,
        "authorisation_certificate": _YES_OR_NO,
        "training_online": _YES_OR_NO,
        "dedicated_channel_manager": _YES_OR_NO,
        "leads": _level("none", "eligible", "priority"),
        "technical_support": _level("distributor", "vendor"),
        "presales_and_consulting": _YES_OR_NO,
        "high_performance_club": _YES_OR_NO,
    },
    CONDITIONS: {
        "annual_sales_target_eur": _amount_or_nothing,
        "certified_technical": _whole_or_level,
        "certified_sales": _whole_or_level,
        "marketing_activities": _OBLIGATION,
        "web_site_information": _OBLIGATION,
        "dedicated_product_manager": _OBLIGATION,
        "monthly_reports": _OBLIGATION,
        "annual_business_plan": _OBLIGATION,
        "quarterly_review": _OBLIGATION,
        "customer_references": _whole_or_level,
        "updates_and_webcasts": _YES_OR_NO,
    },
}
# Without these rows the portal's rules have nothing to decide by; the others may come and go.
NEEDED_ROWS = {
    BENEFITS: (
        "discount_standard_pct",
        "dealreg_standard_pct",
        "discount_enterprise_pct",
        "dealreg_enterprise_pct",
        "nfr_nodes",
    ),
    CONDITIONS: ("annual_sales_target_eur", "certified_technical", "certified_sales"),
}


# ---------------------------------------------------------------- the whole

_KEYS = frozenset(
    {"edition", "title", "notice_days", "tiers", "territory", "product_groups", *GRIDS, "parameters"}
)


def check_facts(facts: Any, lines: Mapping[str, int] | None = None, *, dated: bool = False) -> Reading:
    """Every problem of the facts of an edition, or its content. Dates belong to the act of publishing;
    only an edition of the portal's own files (`dated`) brings them along."""
    return _Check(lines or {}, dated).run(facts)


class _Check:
    def __init__(self, lines: Mapping[str, int], dated: bool) -> None:
        self.lines = lines
        self.dated = dated
        self.problems: list[Problem] = []

    def say(self, path: str, message: str, value: Any = "", **params: Any) -> None:
        shown = value if value == "" else _shown(value)
        self.problems.append(Problem(path, message, shown, self.lines.get(path), params))

    def value(self, path: str, value: Any, check: Callable[[Any], Any]) -> Any:
        try:
            return check(value)
        except Wrong as wrong:
            self.say(path, wrong.message, value, **wrong.params)
            return None

    def mapping(self, path: str, value: Any) -> dict[str, Any]:
        """The value if it is a mapping of names, else nothing and a problem."""
        if not isinstance(value, dict):
            self.say(path, gettext_noop("Named values are needed here."), value)
            return {}
        return {str(key): below for key, below in value.items()}

    def run(self, facts: Any) -> Reading:
        if not isinstance(facts, dict):
            self.say("file", gettext_noop("The file holds no named values."))
            return Reading(None, tuple(self.problems))
        facts = {str(key): value for key, value in facts.items()}
        for key in (key for key in _KEYS if facts.get(key) is None):
            self.say(key, gettext_noop("This is missing."))
        for key in facts.keys() - _KEYS - {"published_on", "in_force_from"}:
            self.say(key, gettext_noop("The portal does not know this key."))
        content = EditionContent(
            code=self.edition_code(facts.get("edition")),
            title=self.title(facts.get("title")),
            notice_days=self.notice_days(facts.get("notice_days")),
            tiers=self.tiers(facts.get("tiers", [])) if facts.get("tiers") is not None else (),
            territory=self.territory(facts.get("territory", []))
            if facts.get("territory") is not None
            else (),
            product_groups=self.product_groups(facts.get("product_groups")),
            grids={},
            parameters=self.parameters(facts.get("parameters")),
        )
        grids = {
            grid: self.grid(grid, facts[grid], content.tiers) for grid in GRIDS if facts.get(grid) is not None
        }
        self.agreements(content)
        dates = {key: self.day(key, facts.get(key)) for key in ("published_on", "in_force_from")}
        self.problems.sort(key=lambda problem: (problem.line or 0, problem.path))
        if self.problems:
            return Reading(None, tuple(self.problems))
        return Reading(
            EditionContent(**{**vars(content), "grids": grids}),
            published_on=dates["published_on"],
            in_force_from=dates["in_force_from"],
        )

    def day(self, key: str, value: Any) -> date | None:
        if value is None:
            return None
        if not self.dated:
            self.say(key, gettext_noop("A draft has no dates: it gets them when it is published."), value)
        elif not isinstance(value, date):
            self.say(key, gettext_noop("A date is needed, such as 2017-01-01."), value)
        return value

    def edition_code(self, value: Any) -> str:
        code = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
        if value is not None and not _EDITION_CODE.fullmatch(code):
            self.say(
                "edition",
                gettext_noop("A code of at most 20 letters, digits and hyphens is needed, such as 2018."),
                value,
            )
        return code

    def notice_days(self, value: Any) -> int:
        return 0 if value is None else self.value("notice_days", value, _whole(0, 366))

    def title(self, value: Any) -> str:
        title = str(value).strip() if isinstance(value, str | int) and not isinstance(value, bool) else ""
        if value is not None and not 0 < len(title) <= 120:
            self.say("title", gettext_noop("A title of at most 120 characters is needed."), value)
        return title

    def tiers(self, value: Any) -> tuple[str, ...]:
        if not isinstance(value, list):
            self.say(
                "tiers", gettext_noop("A list of tiers is needed, from the lowest to the highest."), value
            )
            return ()
        tiers = tuple(self.value(f"tiers[{index}]", tier, _tier) for index, tier in enumerate(value))
        if None not in tiers and (len(tiers) != len(TIERS) or set(tiers) != TIERS):
            self.say(
                "tiers",
                gettext_noop("Each tier is needed once: %(tiers)s."),
                ", ".join(tiers),
                tiers=", ".join(sorted(TIERS)),
            )
        return tuple(tier for tier in tiers if tier)

    def territory(self, value: Any) -> tuple[str, ...]:
        if not isinstance(value, list) or not value:
            self.say("territory", gettext_noop("A list of ISO country codes is needed."), value)
            return ()
        for index, country in enumerate(value):
            path = f"territory[{index}]"
            if country is False:
                self.say(path, gettext_noop('YAML reads NO without quotes as "false": write "NO".'), country)
            elif not isinstance(country, str) or country not in COUNTRIES:
                self.say(path, gettext_noop("An ISO country code of two capital letters is needed."), country)
            elif country in value[:index]:
                self.say(path, gettext_noop("This country is named twice."), country)
        return tuple(country for country in value if isinstance(country, str))

    def product_groups(self, value: Any) -> dict[str, str]:
        if value is None:
            return {}
        lines = self.mapping("product_groups", value)
        for line in lines.keys() - {STANDARD, ENTERPRISE}:
            self.say(f"product_groups.{line}", gettext_noop("The lines are standard and enterprise."), line)
        groups: dict[str, str] = {}
        for line in (STANDARD, ENTERPRISE):
            path = f"product_groups.{line}"
            codes = lines.get(line)
            if not isinstance(codes, list):
                self.say(path, gettext_noop("A list of product groups is needed."), codes)
                continue
            for index, item in enumerate(codes):
                code = self.value(f"{path}[{index}]", item, _short_code)
                if code in groups:
                    self.say(f"{path}[{index}]", gettext_noop("This product group is named twice."), code)
                elif code:
                    groups[code] = line
        return groups

    def grid(self, grid: str, value: Any, tiers: tuple[str, ...]) -> dict[str, dict[str, CellValue]]:
        rows = self.mapping(grid, value)
        if len(rows) > MAX_ROWS:
            self.say(grid, gettext_noop("There are more than %(limit)s rows."), limit=MAX_ROWS)
            return {}
        for code in NEEDED_ROWS[grid]:
            if code not in rows and isinstance(value, dict):
                self.say(f"{grid}.{code}", gettext_noop("This row is missing: the portal's rules need it."))
        return {code: self.row(f"{grid}.{code}", grid, code, row, tiers) for code, row in rows.items()}

    def row(
        self, path: str, grid: str, code: str, value: Any, tiers: tuple[str, ...]
    ) -> dict[str, CellValue]:
        if not _CODE.fullmatch(code):
            self.say(
                path, gettext_noop("A row's code has at most 40 small letters, digits and underscores."), code
            )
        row = self.mapping(path, value)
        for tier in row.keys() - set(tiers):
            self.say(f"{path}.{tier}", gettext_noop("The edition has no such tier."), tier)
        for tier in tiers:
            if tier not in row and isinstance(value, dict):
                self.say(f"{path}.{tier}", gettext_noop("This tier has no value in the row."))
        check = CELLS[grid].get(code)
        if check is None:
            check = _percentage_or_nothing if code.endswith("_pct") else _number_or_word
        return {tier: self.value(f"{path}.{tier}", row[tier], check) for tier in tiers if tier in row}

    def parameters(self, value: Any) -> dict[str, dict[str, Any]]:
        if value is None:
            return {}
        sections = self.mapping("parameters", value)
        for section in sections.keys() - PARAMETERS.keys():
            self.say(f"parameters.{section}", gettext_noop("The portal does not know this section."))
        checked: dict[str, dict[str, Any]] = {}
        for section, checks in PARAMETERS.items():
            path = f"parameters.{section}"
            if section not in sections:
                self.say(path, gettext_noop("This section of parameters is missing."))
                continue
            values = self.mapping(path, sections[section])
            for code in values.keys() - checks.keys():
                self.say(f"{path}.{code}", gettext_noop("The portal does not know this parameter."))
            for code in checks.keys() - values.keys():
                self.say(f"{path}.{code}", gettext_noop("This parameter is missing."))
            checked[section] = {
                code: self.value(f"{path}.{code}", values[code], check)
                for code, check in checks.items()
                if code in values
            }
        return checked

    def agreements(self, content: EditionContent) -> None:
        """What must fit together, once each value is right by itself."""
        terms = content.parameters.get("deal_registration", {})
        path = "parameters.deal_registration"
        opens, closes = terms.get("office_opens"), terms.get("office_closes")
        if opens and closes and opens >= closes:
            self.say(f"{path}.office_closes", gettext_noop("The office closes before it opens."), closes)
        reminders, protection = terms.get("reminders_days_before"), terms.get("protection_days")
        if reminders and protection and reminders[0] >= protection:
            self.say(
                f"{path}.reminders_days_before",
                gettext_noop("A reminder would fall on or before the day of the approval."),
                reminders,
            )
        product = content.parameters.get("nfr", {}).get("product")
        if product and content.product_groups and product not in content.product_groups:
            self.say(
                "parameters.nfr.product",
                gettext_noop("This is none of the edition's product groups."),
                product,
            )
