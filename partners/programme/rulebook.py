"""The rule book of one edition as frozen values, for pure rules: no database, no clock."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time
from decimal import Decimal

STANDARD = "standard"
ENTERPRISE = "enterprise"

CellValue = Decimal | str | None


@dataclass(frozen=True)
class DealRegistrationTerms:
    """The parameters of section E. Days are calendar days unless named business days."""

    decision_business_days: int
    # After the decision was due and nobody took it, the channel manager may (rule E7).
    silence_business_days: int
    protection_days: int
    extension_days: int
    extensions: int
    reopen_days: int
    # How often a registration may move to another distributor before it is decided.
    distributor_changes: int
    # An amendment by which the list amount grows by more needs an approval.
    amendment_growth_pct: int
    new_business_lookback_months: int
    reminders_days_before: tuple[int, ...]
    appeal_days: int
    revocation_notice_business_days: int
    order_confirmation_business_days: int
    # Fewer decisions than this are not published as a figure: nobody is to be singled out.
    decisions_to_publish: int
    # What a reviewer weighs a partner's registrations by: nothing written or changed on one that runs for
    # so many days is "without news"; and so far back they are looked at.
    without_news_days: int
    record_months: int
    # Fewer decided appeals than this are not told as a rate.
    appeals_to_publish: int
    # One person registers no more within an hour; an account that does is reported (rule E6).
    registrations_per_hour: int
    # Reported too: so many registrations of a partner within so many days, of which at least this share
    # met an earlier one or was taken back within a day.
    probing_days: int
    probing_registrations: int
    probing_share_pct: int
    # How far ahead an expected closing date, and the day to try a lost deal again, may lie: what lies
    # beyond is a slip of the pen.
    closing_within_months: int
    retry_within_months: int
    discount_step_pct: Decimal
    office_opens: time
    office_closes: time

    @property
    def ending_soon_days(self) -> int:
        """A protection ends soon from its first reminder on (rule E8)."""
        return max(self.reminders_days_before)

    @property
    def ending_now_days(self) -> int:
        """And it is urgent from the last reminder on."""
        return min(self.reminders_days_before)


@dataclass(frozen=True)
class StaffTerms:
    """The parameters of section G, in calendar days and months."""

    notice_of_departure_days: int
    replacement_days: int
    notice_reminders_days_before: tuple[int, ...]
    replacement_reminders_days_before: tuple[int, ...]
    certificate_validity_months: int
    certificate_reminders_days_before: tuple[int, ...]


@dataclass(frozen=True)
class TierChangeTerms:
    """Rule H3: between which tiers a change is possible in the first month of a year only, and between
    which at any time; each pair is a step in both directions. Rule J7: how long a recovery plan may run."""

    first_month_of_year: frozenset[frozenset[str]]
    any_time: frozenset[frozenset[str]]
    recovery_plan_months: int


@dataclass(frozen=True)
class Rulebook:
    """Everything an edition says: tiers from the lowest, grids B and C by code and tier, product
    groups with their line, and the parameters."""

    edition: str
    in_force_from: date
    tiers: tuple[str, ...]
    territory: frozenset[str]
    product_lines: Mapping[str, str]
    benefits: Mapping[str, Mapping[str, CellValue]]
    conditions: Mapping[str, Mapping[str, CellValue]]
    deal_registration: DealRegistrationTerms
    staff: StaffTerms
    tier_changes: TierChangeTerms
    specialisation_floor: str

    def rank(self, tier: str) -> int:
        return self.tiers.index(tier)

    def line_of(self, product_group: str) -> str | None:
        """`standard`, `enterprise`, or None for a group that this edition does not know."""
        return self.product_lines.get(product_group)

    def number(self, code: str, tier: str) -> Decimal | None:
        """A figure of the grid B for a tier; None where it is not offered."""
        value = self.benefits[code][tier]
        return value if isinstance(value, Decimal) else None

    def asked(self, code: str, tier: str) -> Decimal | None:
        """A figure of the grid C that a tier asks for; None where it is recommended or not asked."""
        value = self.conditions[code][tier]
        return value if isinstance(value, Decimal) else None
