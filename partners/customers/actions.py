import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import Q

from partners.customers.identity import CustomerIdentity
from partners.customers.keys import (
    IN_TOWN,
    READING,
    RUN_TOGETHER,
    is_word,
    lock_keys,
    search_keys,
    spellings,
)
from partners.customers.models import (
    ChangeKind,
    Count,
    Customer,
    CustomerChange,
    Observation,
    ObservationKind,
    Word,
    facts_of,
)
from partners.customers.names import name_key
from partners.customers.selectors import Candidate, matching_customers
from partners.organisations.access import require
from portal.accounts.models import User
from portal.audit.actions import record
from portal.audit.models import Audience
from portal.core.errors import RuleViolation, WrongState, gettext_noop
from portal.core.references import new_reference

# Somebody merges the records while they are being found: then they are looked for again.
MOST_LOOKS = 5


@dataclass(frozen=True)
class Source:
    """Where something was learnt: in which registration, from a partner of which country, and when."""

    at: datetime
    reference: str = ""
    market: str = ""


def lock_identity(identity: CustomerIdentity) -> None:
    """Until the end of the transaction nobody else decides who this company is, or one with a word like
    one of its words. Two simultaneous registrations of one customer come one after the other (S4)."""
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("a lock on an identity needs a transaction")
    numbers = sorted(
        int.from_bytes(hashlib.blake2b(key.encode(), digest_size=8).digest(), signed=True)
        for key in lock_keys(identity)
    )
    with connection.cursor() as cursor:
        # In one order, so that two who share several keys do not wait for each other.
        cursor.execute("SELECT pg_advisory_xact_lock(number) FROM unnest(%s::bigint[]) AS number", [numbers])


def lock_matching(identity: CustomerIdentity) -> list[Candidate]:
    """The records of this company, none of which is merged or split until the transaction ends."""
    for _look in range(MOST_LOOKS):
        matches = matching_customers(identity)
        wanted = {match.customer.pk for match in matches}
        if not wanted:
            return []
        rows = Customer.objects.current().filter(pk__in=wanted).order_by("pk")
        if {customer.pk for customer in rows.select_for_update(no_key=True)} == wanted:
            return matches
    raise WrongState(
        "customer-moving", gettext_noop("This customer's record is being changed. Try again in a moment.")
    )


@transaction.atomic
def add_customer(identity: CustomerIdentity, source: Source) -> Customer:
    customer = Customer.objects.create(
        reference=free_reference(),
        name=identity.name,
        country=identity.country,
        city=identity.city,
        company_number=identity.company_number,
        number_key=identity.number_key,
        domain=identity.domain,
        name_key=identity.name_key,
        markets=sorted({identity.country, source.market} - {""}),
    )
    observe(customer, identity, source)
    return customer


def free_reference() -> str:
    while Customer.objects.filter(reference=(reference := new_reference("C"))).exists():
        continue
    return reference


def observe(customer: Customer, identity: CustomerIdentity, source: Source) -> list[str]:
    """Note what an identity says of this customer, under the lock of its record. Returns the kinds of
    what was new."""
    known = {
        (one.kind, one.value): one for one in customer.observations.all() if one.country == identity.country
    }
    earlier, later, learnt = [], [], []
    for kind, value, key in facts_of(identity):
        held = known.get((kind, value))
        if held is not None:
            if source.at < held.first_seen_at:
                earlier.append(held.pk)
            if source.at > held.last_seen_at:
                later.append(held.pk)
            continue
        learnt.append(
            Observation(
                customer=customer,
                kind=kind,
                value=value,
                key=key,
                country=identity.country,
                keys=search_keys(value, identity.city) if kind == ObservationKind.NAME else [],
                reading=READING if kind == ObservationKind.NAME else 0,
                market=source.market,
                first_seen_at=source.at,
                first_source=source.reference,
                last_seen_at=source.at,
                last_source=source.reference,
            )
        )
    if earlier:  # the earlier registration was looked at later
        seen = Observation.objects.filter(pk__in=earlier)
        seen.update(first_seen_at=source.at, first_source=source.reference)
    if later:
        seen = Observation.objects.filter(pk__in=later)
        seen.update(last_seen_at=source.at, last_source=source.reference)
    if learnt:
        Observation.objects.bulk_create(learnt)
        add_words(word for one in learnt for word in one.keys)
    _fill_in(customer, identity, source.market)
    return [one.kind for one in learnt]


def _fill_in(customer: Customer, identity: CustomerIdentity, market: str) -> None:
    """What the record is called by lacks nothing that is known; who must see it sees it."""
    changed = []
    for fields in (("company_number", "number_key"), ("domain",), ("city",)):
        # A number, domain or town of another country's branch is not the head office's.
        if identity.country == customer.country and not getattr(customer, fields[0]):
            for field in fields:
                if getattr(identity, field):
                    setattr(customer, field, getattr(identity, field))
                    changed.append(field)
    markets = sorted({*customer.markets, identity.country, market} - {""})
    if markets != customer.markets:
        customer.markets = markets
        changed.append("markets")
    if changed:
        customer.save(update_fields=changed)


def add_words(keys: Iterable[str]) -> None:
    """Make new words known to the look-up at once; how many names carry them is counted by the sweep."""
    words = sorted({key for key in keys if is_word(key)})
    Word.objects.bulk_create(
        [Word(word=word, spellings=spellings(word)) for word in words],
        ignore_conflicts=True,
        batch_size=10_000,
    )


# Merging, splitting, undoing. Whoever calls holds the locks of what hangs on the records (deals) already.


def lock_customers(customers: Iterable[Customer]) -> list[Customer]:
    """The records as they are now, locked, in the order asked for."""
    wanted = [customer.pk for customer in customers]
    rows = Customer.objects.select_for_update(no_key=True).filter(pk__in=wanted).order_by("pk")
    locked = {customer.pk: customer for customer in rows}
    return [locked[pk] for pk in wanted]


def _need_reason(reason: str) -> str:
    if not reason.strip():
        raise RuleViolation("required", gettext_noop("Give the reason of your decision."), field="reason")
    return reason.strip()


def _calling(customer: Customer) -> dict[str, Any]:
    return {field: getattr(customer, field) for field in CALLED_BY}


CALLED_BY = ("name", "country", "city", "company_number", "number_key", "domain", "name_key", "markets")


@transaction.atomic
def merge_customers(
    kept: Customer, absorbed: Customer, *, by: User, at: datetime, reason: str
) -> CustomerChange:
    """Two records are one company: everything observed of the one stands with the other from now on.
    What both had observed stays where it is, for the day on which the merge is undone."""
    kept, absorbed = lock_customers([kept, absorbed])
    for customer in (kept, absorbed):
        require(by, "customers.manage", customer)
        _check_current(customer)
    if kept.pk == absorbed.pk:
        raise RuleViolation(
            "same-record", gettext_noop("Choose another record than this one."), field="other"
        )
    reason = _need_reason(reason)
    held = set(kept.observations.values_list("kind", "country", "value"))
    moved = [one.pk for one in absorbed.observations.all() if (one.kind, one.country, one.value) not in held]
    before = _calling(kept)
    Observation.objects.filter(pk__in=moved).update(customer=kept)
    repointed = list(absorbed.absorbed.values_list("pk", flat=True))
    Customer.objects.filter(Q(pk=absorbed.pk) | Q(pk__in=repointed)).update(merged_into=kept)
    _call_after(kept, absorbed)
    change = CustomerChange.objects.create(
        kind=ChangeKind.MERGE,
        kept=kept,
        other=absorbed,
        by=by,
        at=at,
        reason=reason,
        moved={"observations": moved, "kept_before": before, "repointed": repointed},
    )
    _record_change("customer.merged", change, by=by, at=at, reason=reason)
    return change


def _call_after(kept: Customer, absorbed: Customer) -> None:
    """The kept record keeps its name and learns what it lacked."""
    for field in ("company_number", "number_key", "domain", "city"):
        if kept.country == absorbed.country and not getattr(kept, field):
            setattr(kept, field, getattr(absorbed, field))
    kept.markets = sorted({*kept.markets, *absorbed.markets})
    kept.save(update_fields=[*CALLED_BY])


def _check_current(customer: Customer) -> None:
    if customer.merged_into_id is not None:
        raise WrongState("merged", gettext_noop("This record has been merged into another in the meantime."))


@transaction.atomic
def split_customer(
    customer: Customer,
    *,
    by: User,
    at: datetime,
    reason: str,
    observations: Sequence[int],
) -> CustomerChange:
    """Some of what was observed belongs to another company: it gets a record of its own. One name at
    least goes and one stays, so that both can be found."""
    (customer,) = lock_customers([customer])
    require(by, "customers.manage", customer)
    _check_current(customer)
    reason = _need_reason(reason)
    every = list(customer.observations.all())
    going = [one for one in every if one.pk in set(observations)]
    staying = [one for one in every if one.pk not in set(observations)]
    if len(going) != len(set(observations)):
        raise RuleViolation(
            "not-of-record", gettext_noop("Choose from what this record holds."), field="observations"
        )
    for part, message in (
        (going, gettext_noop("Choose at least one name for the new record.")),
        (staying, gettext_noop("At least one name stays with this record.")),
    ):
        if not any(one.kind == ObservationKind.NAME for one in part):
            raise RuleViolation("no-name", message, field="observations")
    before = _calling(customer)
    new = Customer(reference=free_reference())
    _call_by(new, going)
    new.save()
    Observation.objects.filter(pk__in=[one.pk for one in going]).update(customer=new)
    _call_by(customer, staying)
    customer.save(update_fields=[*CALLED_BY])
    change = CustomerChange.objects.create(
        kind=ChangeKind.SPLIT,
        kept=customer,
        other=new,
        by=by,
        at=at,
        reason=reason,
        moved={"observations": [one.pk for one in going], "kept_before": before},
    )
    _record_change("customer.split", change, by=by, at=at, reason=reason)
    return change


def _call_by(customer: Customer, observations: list[Observation]) -> None:
    """What a record is called by what is left of it: what it was called, else what was seen first."""
    by_kind: dict[str, list[Observation]] = {}
    for one in observations:
        by_kind.setdefault(one.kind, []).append(one)
    names = by_kind[ObservationKind.NAME]
    name = next(
        (one for one in names if (one.value, one.country) == (customer.name, customer.country)), names[0]
    )
    customer.name, customer.name_key, customer.country = name.value[:200], name.key[:200], name.country

    def chosen(kind: str, present: str) -> Observation | None:
        here = [one for one in by_kind.get(kind, []) if one.country == customer.country]
        return next((one for one in here if one.value == present), here[0] if here else None)

    number = chosen(ObservationKind.NUMBER, customer.company_number)
    domain = chosen(ObservationKind.DOMAIN, customer.domain)
    place = chosen(ObservationKind.PLACE, customer.city)
    customer.company_number = number.value if number else ""
    customer.number_key = number.key if number else ""
    customer.domain = domain.value if domain else ""
    customer.city = place.value if place else ""
    seen_from = {one.country for one in observations} | {one.market for one in observations}
    customer.markets = sorted(seen_from - {""})


@transaction.atomic
def undo_change(change: CustomerChange, *, by: User, at: datetime, reason: str) -> CustomerChange:
    """Both records are as they were before the merge or split, with what was learnt of them since.
    The latest change of a record is undone first."""
    kept, other = lock_customers([change.kept, change.other])
    change = CustomerChange.objects.select_for_update(no_key=True).get(pk=change.pk)
    for customer in (kept, other):
        require(by, "customers.manage", customer)
    if change.undone_at is not None:
        raise WrongState("undone", gettext_noop("This change has been undone in the meantime."))
    later = CustomerChange.objects.standing().filter(
        Q(kept__in=[kept, other]) | Q(other__in=[kept, other]), pk__gt=change.pk
    )
    if later.exists():
        raise WrongState(
            "later-change",
            gettext_noop("These records have been changed since. Undo the later change first."),
        )
    reason = _need_reason(reason)
    if change.kind == ChangeKind.MERGE:
        repointed = change.moved.get("repointed", [])
        Customer.objects.filter(pk__in=repointed).update(merged_into=other)
        other.merged_into = None
        other.save(update_fields=["merged_into"])
        Observation.objects.filter(pk__in=change.moved["observations"]).update(customer=other)
    else:
        held = set(kept.observations.values_list("kind", "country", "value"))
        for one in other.observations.all():
            # What both have learnt since stays where it is.
            if (one.kind, one.country, one.value) not in held:
                Observation.objects.filter(pk=one.pk).update(customer=kept)
        other.merged_into = kept
        other.save(update_fields=["merged_into"])
    _restore(kept, change.moved["kept_before"])
    change.undone_at, change.undone_by, change.undo_reason = at, by, reason
    change.save(update_fields=["undone_at", "undone_by", "undo_reason"])
    verb = "customer.merge_undone" if change.kind == ChangeKind.MERGE else "customer.split_undone"
    _record_change(verb, change, by=by, at=at, reason=reason)
    return change


def _restore(customer: Customer, before: dict[str, Any]) -> None:
    """What the record was called by, with what it has learnt since where it lacked something."""
    for field, value in before.items():
        setattr(customer, field, value)
    seen = list(customer.observations.all())
    here = [one for one in seen if one.country == customer.country]
    for kind, fields in (
        (ObservationKind.NUMBER, {"company_number": "value", "number_key": "key"}),
        (ObservationKind.DOMAIN, {"domain": "value"}),
        (ObservationKind.PLACE, {"city": "value"}),
    ):
        learnt = next((one for one in here if one.kind == kind), None)
        if learnt is not None and not any(before[field] for field in fields):
            for field, value in fields.items():
                setattr(customer, field, getattr(learnt, value))
    seen_from = {one.country for one in seen} | {one.market for one in seen}
    customer.markets = sorted({*before["markets"], *seen_from} - {""})
    customer.save(update_fields=[*CALLED_BY])


def _record_change(verb: str, change: CustomerChange, *, by: User, at: datetime, reason: str) -> None:
    for side, one, other in (("kept", change.kept, change.other), ("other", change.other, change.kept)):
        record(
            verb,
            one,
            by=by,
            at=at,
            reason=reason,
            audience=Audience.VENDOR,
            other=other.reference,
            name=other.name,
            side=side,
        )


# The register's words.


@transaction.atomic
def count_words(*, at: datetime) -> int:
    """Count again how many names carry each word. Returns how many words changed."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            DROP TABLE IF EXISTS pg_temp.counted;
            CREATE TEMPORARY TABLE counted ON COMMIT DROP AS
            SELECT word, count(*)::int AS names
            FROM customers_observation, unnest(keys) AS word
            WHERE kind = 'name' AND left(word, 1) <> ALL(%s) GROUP BY word
            """,
            [[RUN_TOGETHER, IN_TOWN]],
        )
        cursor.execute(
            "SELECT word FROM counted WHERE NOT EXISTS"
            " (SELECT FROM customers_word WHERE customers_word.word = counted.word)"
        )
        add_words(word for (word,) in cursor.fetchall())
        cursor.execute(
            "UPDATE customers_word SET names = counted.names FROM counted"
            " WHERE customers_word.word = counted.word AND customers_word.names <> counted.names"
        )
        changed: int = cursor.rowcount
    names = Observation.objects.filter(kind=ObservationKind.NAME).count()
    Count.objects.update_or_create(pk=1, defaults={"names": names, "counted_at": at})
    return changed


@transaction.atomic
def read_names_anew(*, most: int) -> int:
    """Names that were read in an older way get the words of the present one."""
    old = Observation.objects.filter(kind=ObservationKind.NAME).exclude(reading=READING)
    old = old.select_related("customer").order_by("pk")
    rows = list(old.select_for_update(of=("self",), skip_locked=True)[:most])
    for one in rows:
        town = next((key.lstrip(IN_TOWN) for key in one.keys if key.startswith(IN_TOWN)), one.customer.city)
        one.key, one.keys = name_key(one.value)[:253], search_keys(one.value, town)
        one.reading = READING
    Observation.objects.bulk_update(rows, ["key", "keys", "reading"], batch_size=500)
    add_words(key for one in rows for key in one.keys)
    return len(rows)
