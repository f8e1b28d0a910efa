"""Rules of section E that need only values and an instant."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import NoReturn

from partners.programme.rulebook import DealRegistrationTerms
from portal.core.calendar import WorkingHours, months_after
from portal.core.errors import RuleViolation, gettext_noop, needed


@dataclass(frozen=True)
class Clock:
    """The decision clock of rule E7, instants in UTC. After the last of them the channel manager may
    decide in the place of a distributor that has kept silent."""

    half_time_at: datetime
    due_at: datetime
    vendor_may_decide_at: datetime


def office_hours(country: str, terms: DealRegistrationTerms) -> WorkingHours:
    return WorkingHours(country, terms.office_opens, terms.office_closes)


def start_clock(at: datetime, country: str, terms: DealRegistrationTerms) -> Clock:
    """Rule E7: the decision is due after the edition's number of business days in the distributor's
    country, with a reminder at half time."""
    hours = office_hours(country, terms)
    days = terms.decision_business_days
    return Clock(
        hours.add_days(at, days / 2),
        hours.add_days(at, days),
        hours.add_days(at, days + terms.silence_business_days),
    )


def stop_clock(at: datetime, due_at: datetime, country: str, terms: DealRegistrationTerms) -> timedelta:
    """The working time that is left while the partner is asked; nothing when already overdue."""
    return office_hours(country, terms).between(at, due_at)


def resume_clock(
    at: datetime,
    left: timedelta,
    country: str,
    terms: DealRegistrationTerms,
    silence_left: timedelta | None = None,
) -> Clock:
    """Rule E7: the clock goes on with what was left when the question was put, to the due date and to
    where the distributor's silence ends. Half time stays where it was in the whole of the time; when it
    had passed before, it lies at the answer."""
    hours = office_hours(country, terms)
    to_half_time = max(timedelta(), left - hours.day_length * terms.decision_business_days / 2)
    if silence_left is None:
        silence_left = left + hours.day_length * terms.silence_business_days
    return Clock(hours.add(at, to_half_time), hours.add(at, left), hours.add(at, silence_left))


def decision_time(
    submitted_at: datetime,
    decided_at: datetime,
    asked: Iterable[tuple[datetime, datetime | None]],
    country: str,
    terms: DealRegistrationTerms,
) -> timedelta:
    """The working time that a decision took. `asked`: from when to when the partner was waited for,
    which does not count (rule E7)."""
    hours = office_hours(country, terms)
    spent = hours.between(submitted_at, decided_at)
    for since, until in asked:
        spent -= hours.between(since, min(until or decided_at, decided_at))
    return max(spent, timedelta())


def is_late(spent: timedelta, country: str, terms: DealRegistrationTerms) -> bool:
    """Rule E7: later than the promised number of business days."""
    return spent > office_hours(country, terms).day_length * terms.decision_business_days


def protected_until(approved_on: date, terms: DealRegistrationTerms, *, kept: date | None = None) -> date:
    """Rule E8: the last protected day, counted in calendar days from the approval. A deal whose win was
    taken back keeps the day that it had, or winning and taking back would prolong the protection; what
    passed during the review is not lost."""
    if kept is not None:
        return max(kept, approved_on)
    return approved_on + timedelta(days=terms.protection_days)


def check_still_protected(today: date, until: date) -> None:
    """Rule E8: a win is taken back only while its protection would still run."""
    if today > until:
        raise RuleViolation(
            "not-protected-any-more",
            gettext_noop(
                "This can no longer be taken back: the protection ended on %(day)s. Correct the order, or "
                "report the deal as lost."
            ),
            rule="E8",
            day=until,
        )


def discount_amount(list_amount: Decimal, pct: Decimal | None) -> Decimal | None:
    """What a discount in per cent comes to on the list price, in the deal's currency, to the cent."""
    if pct is None:
        return None
    return (list_amount * pct / 100).quantize(Decimal("0.01"), ROUND_HALF_UP)


def discount_choices(ceiling: Decimal, step: Decimal) -> list[Decimal]:
    """Rule E4: from 0 to the ceiling in about five equal strides, each a multiple of the step."""
    stride = max(step, (ceiling / 5 / step).to_integral_value(ROUND_HALF_UP) * step)
    choices = []
    pct = Decimal(0)
    while pct < ceiling:
        choices.append(pct)
        pct += stride
    return [*choices, ceiling]


def check_country(customer_country: str, authorised_countries: frozenset[str]) -> None:
    """Rule A7: a partner is authorised for its own country unless the vendor adds others."""
    if customer_country not in authorised_countries:
        raise RuleViolation(
            "country-not-authorised",
            gettext_noop(
                "Your company is not authorised for this country. Ask your channel manager to add it."
            ),
            field="customer_country",
            rule="A7",
        )


def check_closing_date(expected_close_on: date, today: date, terms: DealRegistrationTerms) -> None:
    """A registration is for business to come; what lies further ahead than the edition takes is a slip of
    the pen."""
    if expected_close_on < today:
        raise RuleViolation(
            "close-in-the-past",
            gettext_noop("The expected closing date lies in the past."),
            field="expected_close_on",
        )
    if expected_close_on > months_after(today, terms.closing_within_months):
        raise RuleViolation(
            "close-too-far",
            gettext_noop("The expected closing date lies more than %(months)d months ahead."),
            field="expected_close_on",
            months=terms.closing_within_months,
        )


def check_not_own_registration(*, registered_it: bool) -> None:
    """Rule E11: nobody decides on a deal that they or one of their own organisations registered."""
    if registered_it:
        raise RuleViolation(
            "own-registration",
            gettext_noop("Nobody decides on a deal that they or their own organisation registered."),
            rule="E11",
        )


def check_names_no_rival(text: str, names: Iterable[str], *, field: str) -> None:
    """Rule E6: what a partner reads about a lost conflict names neither the other company nor its deal."""
    folded = text.casefold()
    if any(
        name.strip() and re.search(rf"(?<!\w){re.escape(name.casefold())}(?!\w)", folded) for name in names
    ):
        raise RuleViolation(
            "names-rival",
            gettext_noop("The message names the other registration. The partner must not learn of it."),
            field=field,
            rule="E6",
        )


def check_free_of_conflict(open_conflicts: int) -> None:
    """Rule E5: never approved while an earlier registration is under review or protected."""
    if open_conflicts:
        raise RuleViolation(
            "conflict-open",
            gettext_noop("Another registration came first. A channel manager settles the conflict before."),
            rule="E5",
        )


@dataclass(frozen=True)
class OrderFacts:
    """The order of a won deal as it is reported (rule E10), and between which days it may lie."""

    reference: str
    placed_on: date
    amount: Decimal
    today: date
    submitted_on: date
    last_day: date
    list_amount: Decimal


def check_order(order: OrderFacts) -> None:
    """Rules E1, E8, E10, E15: it has a number and an amount of at most the list price, and was placed
    between the registration and the last protected day."""
    needed(order.reference, "order_reference")
    if order.placed_on > order.today:
        raise RuleViolation("future", gettext_noop("The order date lies in the future."), field="order_date")
    if order.placed_on > order.last_day:
        raise RuleViolation(
            "after-protection",
            gettext_noop("The order is younger than the protection, which ended on %(day)s."),
            field="order_date",
            rule="E8",
            day=order.last_day,
        )
    if order.placed_on < order.submitted_on:
        raise RuleViolation(
            "before-registration",
            gettext_noop("The order is older than the registration: only new business is protected."),
            field="order_date",
            rule="E1",
        )
    if order.amount <= 0:
        raise RuleViolation("not-positive", gettext_noop("Enter an amount above zero."), field="order_amount")
    if order.amount > order.list_amount:
        raise RuleViolation(
            "above-list",
            gettext_noop(
                "This is above the list price of the deal. Give what the distributor charges you, the list "
                "price less discounts: the portal never asks for the price at which you resell (rule E15)."
            ),
            field="order_amount",
            rule="E15",
        )


def order_due_at(at: datetime, country: str, terms: DealRegistrationTerms) -> datetime:
    """Rule E10: the distributor confirms within the edition's number of its business days."""
    return office_hours(country, terms).add_days(at, terms.order_confirmation_business_days)


def check_retry_day(retry_on: date | None, today: date, terms: DealRegistrationTerms) -> None:
    """A reminder is for a day to come, and not for one further ahead than the edition takes."""
    if retry_on is None:
        return
    if retry_on <= today:
        raise RuleViolation("not-ahead", gettext_noop("Choose a day to come."), field="retry_on")
    if retry_on > months_after(today, terms.retry_within_months):
        raise RuleViolation(
            "too-far",
            gettext_noop("The day lies more than %(months)d months ahead."),
            field="retry_on",
            months=terms.retry_within_months,
        )


def growth_pct(approved: Decimal, wanted: Decimal) -> Decimal:
    """By how many per cent an amended deal exceeds what was approved last; below zero where it shrinks."""
    if not approved:
        return Decimal(0) if not wanted else Decimal(100)
    return ((wanted - approved) * 100 / approved).quantize(Decimal("0.01"), ROUND_HALF_UP)


def amendment_needs_approval(
    approved: Decimal, wanted: Decimal, *, same_currency: bool, terms: DealRegistrationTerms
) -> bool:
    """Rule E4: what grows by more than the edition allows is decided anew. It counts against what was
    approved last, so that small steps do not add up unseen; amounts in two currencies do not compare."""
    if not same_currency:
        return True
    return (wanted - approved) * 100 > approved * terms.amendment_growth_pct


def check_may_change_distributor(changes: int, terms: DealRegistrationTerms) -> None:
    """Rules E5, E7: each change gives the new distributor a clock of its own, so that they are few: nobody
    keeps the place in time without ever being decided on."""
    if changes >= terms.distributor_changes:
        raise RuleViolation(
            "too-many-changes",
            gettext_noop(
                "This registration cannot go to another distributor any more: it has moved as often as the "
                "programme allows. Wait for the decision, or withdraw it and register anew."
            ),
            rule="E7",
        )


def last_day_to_report(
    protected_until: date, terms: DealRegistrationTerms, dropped_on: date | None = None
) -> date:
    """Rules E8, E10: an order of the protected time may be told of for as long as an ended protection may
    be opened again. While a revocation was announced nothing could be told of (rule E13): where that was
    dropped after the end, the days count from there."""
    return max(protected_until, dropped_on or protected_until) + timedelta(days=terms.reopen_days)


def check_reported_in_time(ended: bool, today: date, last_day: date) -> None:
    """Rules E8, E10: an order that was placed in time does not lose its deal by being told of late."""
    if ended and today > last_day:
        raise RuleViolation(
            "reported-too-late",
            gettext_noop("An order of the protected time could be reported until %(day)s."),
            rule="E8",
            day=last_day,
        )


def check_looked_at(*, still_due: bool) -> None:
    """Rule E5: nothing is decided before it is known whether an earlier registration takes the customer."""
    if still_due:
        raise RuleViolation(
            "look-due",
            gettext_noop(
                "The portal is still comparing this registration with others. Try again in a moment."
            ),
            rule="E5",
        )


REGISTERED_AT_ONCE = timedelta(hours=1)
TAKEN_BACK_AT_ONCE = timedelta(days=1)


def check_pace(
    registered: int, first_at: datetime | None, at: datetime, terms: DealRegistrationTerms
) -> None:
    """Rule E6, against finding out by trying: one person registers so many deals within an hour and no
    more. Only their own registrations count, never what became of them: slowing down whoever meets many
    conflicts would tell of them."""
    if registered >= terms.registrations_per_hour and first_at is not None:
        wait = first_at + REGISTERED_AT_ONCE - at
        raise RuleViolation(
            "too-many-at-once",
            gettext_noop(
                "You have registered %(count)d deals within an hour, the most that the portal takes from "
                "one person. Your draft is kept: submit it in %(minutes)d minutes."
            ),
            rule="E6",
            count=registered,
            minutes=max(1, -(-wait // timedelta(minutes=1))),
        )


def looks_like_probing(registered: int, in_vain: int, terms: DealRegistrationTerms) -> bool:
    """Whether the channel manager should have a look: many registrations, of which a large share met an
    earlier one or was taken back at once."""
    if registered < terms.probing_registrations:
        return False
    return in_vain * 100 >= registered * terms.probing_share_pct


def urgency(days_left: int, terms: DealRegistrationTerms) -> str:
    """How near the end of a protection is, by the edition's reminders: "" far off, `soon`, or `now`."""
    if days_left <= terms.ending_now_days:
        return "now"
    return "soon" if days_left <= terms.ending_soon_days else ""


def reminder_due(days_left: int, reminders: tuple[int, ...], told: int | None) -> int | None:
    """Rule E8: the reminder to send with `days_left` to the end of protection, or None. After a
    missed night only the tightest one that has passed is sent; `told` is the last one sent."""
    if days_left < 0:
        return None
    passed = [days for days in reminders if days_left <= days]
    if not passed:
        return None
    tightest = min(passed)
    return tightest if told is None or tightest < told else None


def appeal_until(rejected_on: date, terms: DealRegistrationTerms) -> date | None:
    """Rule E9: the last day for the appeal, counted in calendar days; None where an edition gives none."""
    return rejected_on + timedelta(days=terms.appeal_days) if terms.appeal_days else None


def check_in_time_to_appeal(today: date, until: date | None, *, has_appealed: bool) -> None:
    """Rule E9: once, within the days that the edition gives."""
    if has_appealed:
        raise RuleViolation(
            "appealed-already",
            gettext_noop("An appeal has been filed already: there is one for each registration."),
            rule="E9",
        )
    if until is None:
        raise RuleViolation("no-appeal", gettext_noop("There is no appeal against this decision."), rule="E9")
    if today > until:
        raise RuleViolation(
            "too-late-to-appeal",
            gettext_noop("The time for an appeal ended on %(day)s."),
            rule="E9",
            day=until,
        )


def check_judges_another(*, rejected_it: bool) -> None:
    """Rules E9, E11: an appeal is for the channel manager who did not decide."""
    if rejected_it:
        raise RuleViolation(
            "own-decision",
            gettext_noop("Who rejected the registration does not decide on the appeal."),
            rule="E9",
        )


def check_settles_another(*, was_overturned: bool) -> None:
    """Rule E9: whose decision an appeal has overturned does not decide the same by way of the conflict."""
    if was_overturned:
        raise RuleViolation(
            "own-decision",
            gettext_noop(
                "An appeal has overturned your decision on one of the two registrations: somebody else "
                "settles this conflict."
            ),
            rule="E9",
        )


@dataclass(frozen=True)
class Happened:
    """What a partner tells of its work with the customer, and the day it happened; on which row of the
    form it stands."""

    on: date
    text: str
    row: int = 1


@dataclass(frozen=True)
class ExtensionAsked:
    """A request for more protection, as the partner fills it in."""

    days: int
    expected_close_on: date
    progress: tuple[Happened, ...]


def check_may_extend(
    today: date, until: date, ends_asked_about: Collection[date], terms: DealRegistrationTerms
) -> None:
    """Rule E8: before the protection ends, its last day included; not more often than the edition
    allows, and only once about one end (`ends_asked_about`: those of the earlier requests)."""
    if not terms.extensions or not terms.extension_days:
        raise RuleViolation(
            "no-extension",
            gettext_noop("The edition under which this deal was submitted knows no extension."),
            rule="E8",
        )
    if len(ends_asked_about) >= terms.extensions or until in ends_asked_about:
        raise RuleViolation(
            "extension-used",
            gettext_noop("An extension of this protection has been asked for already."),
            rule="E8",
        )
    if today > until:
        raise RuleViolation(
            "protection-over",
            gettext_noop("An extension is asked for before the protection ends; the last day was %(day)s."),
            rule="E8",
            day=until,
        )


def check_extension(
    asked: ExtensionAsked, *, today: date, since: date, until: date, terms: DealRegistrationTerms
) -> None:
    """Rule E8: a progress note with dates within the protection, a new closing date, and days up to
    the edition's."""
    if not 1 <= asked.days <= terms.extension_days:
        raise RuleViolation(
            "bad-days",
            gettext_noop("Ask for 1 to %(most)s days."),
            field="days",
            rule="E8",
            most=terms.extension_days,
        )
    if not any(one.text.strip() for one in asked.progress):
        raise RuleViolation(
            "no-progress",
            gettext_noop("Tell what has happened with the customer, and on which date."),
            field="text_1",
            rule="E8",
        )
    for one in asked.progress:
        if one.on > today:
            raise RuleViolation("future", gettext_noop("The date lies in the future."), field=f"on_{one.row}")
        if one.on < since:
            raise RuleViolation(
                "before-protection",
                gettext_noop("Tell what happened under the protection, which began on %(day)s."),
                field=f"on_{one.row}",
                rule="E8",
                day=since,
            )
    check_closing_date(asked.expected_close_on, today, terms)
    last = until + timedelta(days=asked.days)
    if asked.expected_close_on > last:
        raise RuleViolation(
            "close-after-extension",
            gettext_noop("Even extended, the protection would end on %(day)s, before this closing date."),
            field="expected_close_on",
            rule="E8",
            day=last,
        )


def extended_until(until: date, days_granted: int, days_asked: int, today: date) -> date:
    """Rule E8: the new last protected day, counted from the old one, for any number of days up to
    what was asked for; never a day that has passed."""
    if not 1 <= days_granted <= days_asked:
        raise RuleViolation(
            "bad-days",
            gettext_noop("Grant 1 to %(most)s days."),
            field="days_granted",
            rule="E8",
            most=days_asked,
        )
    new = until + timedelta(days=days_granted)
    if new < today:
        raise RuleViolation(
            "days-passed",
            gettext_noop("These days have passed already: the extension would end on %(day)s."),
            field="days_granted",
            rule="E8",
            day=new,
        )
    return new


def last_day_to_reopen(ended_on: date, terms: DealRegistrationTerms, dropped_on: date | None = None) -> date:
    """Rule E8: an expired deal can be re-opened for some days, the last of them included; counted from the
    end, or from the day on which an announced revocation was dropped after it (rule E13)."""
    return max(ended_on, dropped_on or ended_on) + timedelta(days=terms.reopen_days)


def check_may_reopen(today: date, last: date) -> None:
    if today > last:
        raise RuleViolation(
            "too-late-to-reopen",
            gettext_noop(
                "This deal could be re-opened until %(day)s. Register the project as a new deal instead."
            ),
            rule="E8",
            day=last,
        )


# Rule E14: a discount for the end customer.


def spread(total: Decimal, over: Sequence[Decimal]) -> list[Decimal]:
    """An amount spread over others in proportion, to the cent: the parts add up to the whole, and none is
    larger than what it is a part of, as long as the whole is not."""
    whole = sum(over, Decimal(0))
    parts: list[Decimal] = []
    covered = Decimal(0)
    for amount in over:
        covered += amount
        # Rounding the running sum, not each part, loses no cent on the way.
        due = (total * covered / whole).quantize(Decimal("0.01"), ROUND_HALF_UP) if whole else Decimal(0)
        parts.append(min(due - sum(parts, Decimal(0)), amount))
    return parts


def asked_amounts(
    list_amounts: Sequence[Decimal],
    *,
    unit: str,
    whole: Decimal | None = None,
    by_line: Sequence[Decimal | None] = (),
) -> list[Decimal]:
    """Rule E14: what is asked for on each line, in the deal's currency, whether it was said as an amount or
    in per cent, for the deal or for its lines. Raises RuleViolation where nothing or too much is asked."""
    in_pct = unit == "pct"
    highest = Decimal(100) if in_pct else sum(list_amounts, Decimal(0))
    said = [whole] if whole is not None else [value for value in by_line if value is not None]
    if not any(said):
        raise RuleViolation(
            "required", gettext_noop("Say how much, for the deal or for its lines."), field="whole"
        )
    if any(value < 0 for value in said) or (whole is not None and whole > highest):
        _refuse_amount("whole")
    if whole is not None:
        asked = _pct_of(list_amounts, [whole] * len(list_amounts)) if in_pct else spread(whole, list_amounts)
        return _something(asked)
    if len(by_line) != len(list_amounts):
        raise RuleViolation(
            "lines-changed", gettext_noop("The products have changed in the meantime."), field="whole"
        )
    values = [value or Decimal(0) for value in by_line]
    limits = [Decimal(100)] * len(list_amounts) if in_pct else list(list_amounts)
    for position, (value, limit) in enumerate(zip(values, limits, strict=True)):
        if value > limit:
            _refuse_amount(f"line_{position}")
    return _something(_pct_of(list_amounts, values) if in_pct else values)


def _something(asked: list[Decimal]) -> list[Decimal]:
    """A per cent so small that it rounds to nothing asks for nothing."""
    if not any(asked):
        raise RuleViolation("too-little", gettext_noop("This comes to less than a cent."), field="whole")
    return asked


def _pct_of(amounts: Sequence[Decimal], pcts: Sequence[Decimal]) -> list[Decimal]:
    return [discount_amount(amount, pct) or Decimal(0) for amount, pct in zip(amounts, pcts, strict=True)]


def _refuse_amount(field: str) -> NoReturn:
    raise RuleViolation(
        "more-than-list",
        gettext_noop("A discount lies between nothing and the list price."),
        field=field,
        rule="E14",
    )


def check_discount_granted(granted: Sequence[Decimal], asked: Sequence[Decimal]) -> str:
    """Rule E14: at most what was asked for, on each line. Returns how the request ends: granted, partly or
    refused."""
    if any(not 0 <= given <= wanted for given, wanted in zip(granted, asked, strict=True)):
        raise RuleViolation(
            "more-than-asked",
            gettext_noop("More than was asked for cannot be granted."),
            field="amount",
            rule="E14",
        )
    if not any(granted):
        return "refused"
    return "granted" if list(granted) == list(asked) else "partly"


# Decision times, shown to everybody: nobody is to be singled out, neither by a figure nor by the
# difference of two.


@dataclass(frozen=True)
class Published:
    """Which countries' decisions are shown alone, which only together, and all that go into the total."""

    alone: frozenset[str]
    together: frozenset[str]

    @property
    def counted(self) -> frozenset[str]:
        return self.alone | self.together


def published(counts: Mapping[str, int], least: int) -> Published:
    """A country is shown from `least` decisions on. The others are shown together, when they are several
    and have so many between them. Where they are not, they stay out of the total as well: it would give
    them away to whoever subtracts."""
    alone = frozenset(country for country, count in counts.items() if count >= least)
    rest = frozenset(country for country, count in counts.items() if 0 < count < least)
    if len(rest) < 2 or sum(counts[country] for country in rest) < least:
        rest = frozenset()
    return Published(alone, rest)


def may_stand_beside(counts: Mapping[int, int], least: int) -> list[int]:
    """Of figures on a shorter and a longer window, those that can be shown together: the shorter one not
    where only a few decisions lie between the two, for the difference would be a figure on those."""
    shown: list[int] = []
    for days in sorted(counts, reverse=True):
        if all(abs(counts[longer] - counts[days]) not in range(1, least) for longer in shown):
            shown.append(days)
    return shown


# Rule E13: a protection is revoked after the partner has been heard.


def statement_until(at: datetime, country: str, terms: DealRegistrationTerms) -> datetime:
    """Until when the partner may state its view: the edition's business days of the partner's country."""
    return office_hours(country, terms).add_days(at, terms.revocation_notice_business_days)


def check_not_under_examination(*, announced: bool) -> None:
    """Rule E13: an announced revocation is decided first. Reporting the deal as won is no way around it, nor
    is waiting for the end of the protection."""
    if announced:
        raise RuleViolation(
            "under-examination",
            gettext_noop(
                "The protection of this deal is under examination. Report it as won, or re-open it, when "
                "that is decided; the days for it count from the decision."
            ),
            rule="E13",
        )


def check_heard(at: datetime, until: datetime, *, has_stated: bool) -> None:
    """Rule E13: nothing is decided before the partner has spoken, or has let its time pass."""
    if not has_stated and at <= until:
        raise RuleViolation(
            "not-heard",
            gettext_noop("The partner may still state its view. You decide after that."),
            rule="E13",
        )


def check_at_once(*, is_customers_choice: bool, has_letter: bool) -> None:
    """Rule E13: only the customer's own written choice acts at once, and only with the letter."""
    if not is_customers_choice:
        raise RuleViolation(
            "not-at-once",
            gettext_noop("Only the customer's own written choice acts at once."),
            field="at_once",
            rule="E13",
        )
    if not has_letter:
        raise RuleViolation(
            "letter-missing",
            gettext_noop("Attach the customer's letter: without it the partner is heard first."),
            field="file",
            rule="E13",
        )
