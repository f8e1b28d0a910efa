"""Who may be named with @ in a comment. Only those who may read it and whom its author knows of: each side
its own people, a partner those of the other side who appear on the deal, and nobody ever the people of
another partner or distributor (rule E6, promise S1). Who decides at the distributor is not told to a partner:
it names the distributor as a whole."""

import re
from dataclasses import dataclass

from django.db.models import Q
from django.utils.translation import gettext

from dealreg.deals.models import Comment, Deal
from dealreg.deals.selectors import distributor_reviewers, side_of
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


def distributor_to_name(deal: Deal, *, by: User, internal: bool) -> tuple[str, list[User]]:
    """For a partner: the deal's distributor as a whole, and those who decide there; nothing for others,
    nor where nobody would be told."""
    if internal or side_of(by.acting_as, deal) != "partner" or deal.distributor is None:
        return "", []
    people = [person for person in distributor_reviewers(deal) if person != by]
    return (deal.distributor.name, people) if people else ("", [])


def suggestions(deal: Deal, text: str, *, by: User, internal: bool) -> list[dict[str, str]]:
    """Those whose name, or a part of it, begins so."""
    wanted = folded(text)
    fitting = [
        one
        for one in mentionable(deal, by=by, internal=internal)
        if f" {folded(one.person.full_name)}".find(f" {wanted}") >= 0
    ]
    found = [{"text": one.person.full_name, "hint": one.organisation} for one in fitting]
    company, _people = distributor_to_name(deal, by=by, internal=internal)
    if company and f" {folded(company)}".find(f" {wanted}") >= 0:
        found.insert(0, {"text": company, "hint": gettext("Those who decide there")})
    return found[:MOST_SUGGESTED]


def people_mentioned(text: str, deal: Deal, *, by: User, internal: bool) -> dict[User, str]:
    """Each with the name as it stands in the text: the full name, or the first name where only one is
    called so; with the distributor's name, all who decide there. RuleViolation on anybody else, in the
    same words whether that person exists or not."""
    places = [match.end() for match in _AT.finditer(text)]
    if not places:
        return {}
    people = [one.person for one in mentionable(deal, by=by, internal=internal)]
    company, deciders = distributor_to_name(deal, by=by, internal=internal)
    found: dict[User, str] = {}
    for place in places:
        rest = text[place : place + 200]
        if company and _begins_with(rest, company):
            for person in deciders:
                found.setdefault(person, rest[: len(company)])
            continue
        person, name = _named_at(rest, people)
        found.setdefault(person, name)
    return found


def _begins_with(text: str, name: str) -> bool:
    return folded(text[: len(name)]) == folded(name) and not text[len(name) :][:1].isalnum()


def _named_at(rest: str, people: list[User]) -> tuple[User, str]:
    for person in sorted(people, key=lambda one: -len(one.full_name)):
        name = person.full_name
        if name and _begins_with(rest, name):
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
