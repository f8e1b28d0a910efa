"""Who may be named with @ in a comment. Only those who may read it and whom its author knows of: each side
its own people, a partner those of the other side who appear on the deal, and nobody ever the people of
another partner or distributor (rule E6, promise S1)."""

import re
from dataclasses import dataclass

from django.db.models import Q

from dealreg.deals.models import Comment, Deal
from dealreg.deals.selectors import side_of
from partners.organisations.models import Membership
from portal.accounts.models import User
from portal.core.errors import RuleViolation, gettext_noop
from portal.core.name_search import folded

MOST_SUGGESTED = 8
# An e-mail address holds an @ as well: a mention stands at the beginning of a word.
_AT = re.compile(r"(?<![\w.+-])@(?=[^\W\d_])")
_WORD_AFTER = re.compile(r"[\w'’-]+")


@dataclass(frozen=True)
class Mentionable:
    person: User
    organisation: str


def mentionable(deal: Deal, *, by: User, internal: bool) -> list[Mentionable]:
    """By name; the author is not among them."""
    side = side_of(by.acting_as, deal)
    if not side or (internal and side == "partner"):
        return []
    of_distributor = Q(distributor=deal.distributor_id) if deal.distributor_id else Q(pk__in=[])
    of_vendor = Q(vendor_office__countries__contains=[deal.partner.country])
    seen = Q(user__in=_appearing(deal, by)) | Q(user=deal.partner.channel_manager_id)
    match side:
        case "partner":
            # Channel managers and the distributor's people as far as they appear on the deal.
            readers = Q(partner=deal.partner_id) | ((of_distributor | of_vendor) & seen)
        case "distributor":
            readers = of_distributor | ((of_vendor | Q(partner=deal.partner_id)) & seen)
        case _:
            readers = of_distributor | of_vendor | Q(partner=deal.partner_id)
    memberships = Membership.objects.active().filter(readers).exclude(user=by)
    if internal:
        memberships = memberships.filter(partner=None).exclude(
            user__in=Membership.objects.filter(partner=deal.partner_id, is_active=True).values("user")
        )
    found: dict[int, Mentionable] = {}
    for membership in memberships.order_by("user__full_name", "pk"):
        found.setdefault(membership.user_id, Mentionable(membership.user, str(membership.organisation)))
    return list(found.values())


def _appearing(deal: Deal, by: User) -> set[int]:
    """Whose names stand on the page that the author reads."""
    named = {deal.registered_by_id}
    named |= set(Comment.objects.visible_to(by).filter(deal=deal).values_list("author", flat=True))
    asked = deal.questions.visible_to(by)
    for asked_by, answered_by in asked.values_list("asked_by", "answered_by"):
        named |= {asked_by, answered_by}
    return {pk for pk in named if pk}


def suggestions(deal: Deal, text: str, *, by: User, internal: bool) -> list[dict[str, str]]:
    """Those whose name, or a part of it, begins so."""
    wanted = folded(text)
    fitting = [
        one
        for one in mentionable(deal, by=by, internal=internal)
        if f" {folded(one.person.full_name)}".find(f" {wanted}") >= 0
    ]
    return [{"text": one.person.full_name, "hint": one.organisation} for one in fitting[:MOST_SUGGESTED]]


def people_mentioned(text: str, deal: Deal, *, by: User, internal: bool) -> dict[User, str]:
    """Each with the name as it stands in the text: the full name, or the first name where only one is
    called so. RuleViolation on anybody else, in the same words whether that person exists or not."""
    places = [match.end() for match in _AT.finditer(text)]
    if not places:
        return {}
    people = [one.person for one in mentionable(deal, by=by, internal=internal)]
    found: dict[User, str] = {}
    for place in places:
        person, name = _named_at(text[place : place + 200], people)
        found.setdefault(person, name)
    return found


def _named_at(rest: str, people: list[User]) -> tuple[User, str]:
    for person in sorted(people, key=lambda one: -len(one.full_name)):
        name = person.full_name
        if name and folded(rest[: len(name)]) == folded(name) and not rest[len(name) :][:1].isalnum():
            return person, rest[: len(name)]
    word = _WORD_AFTER.match(rest)
    first = word.group() if word else ""
    called = [one for one in people if folded(one.get_short_name()) == folded(first)]
    if len(called) == 1:
        return called[0], first
    if called:
        raise RuleViolation(
            "ambiguous-mention",
            gettext_noop("Several people are called %(name)s: write the whole name after the @."),
            field="text",
            name=first,
        )
    raise RuleViolation(
        "unknown-mention",
        gettext_noop("@%(name)s is nobody who reads this comment. Choose from the list, or leave the @ out."),
        field="text",
        name=first,
    )
