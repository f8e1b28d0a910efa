"""A person's own views of a list: nobody else's permission is needed, and nothing is recorded."""

from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet, Value
from django.db.models.functions import Lower
from django.http import QueryDict

from partners.lists.models import LONGEST_QUERY, SavedView
from partners.lists.pages import ListPage, list_page
from partners.organisations.access import require
from partners.organisations.models import Membership
from portal.accounts.models import User
from portal.core.errors import NotAllowed, RuleViolation, gettext_noop

MOST_VIEWS = 20
LONGEST_NAME = 60


@transaction.atomic
def save_view(*, by: User, at: datetime, page: ListPage, name: str, query: QueryDict) -> SavedView:
    """Keep what the list shows under a name; what the list's filters do not understand is dropped."""
    membership = _lock(require(by, page.capability))
    views = SavedView.objects.filter(membership=membership, page=page.name)
    if views.count() >= MOST_VIEWS:
        raise RuleViolation(
            "too-many",
            gettext_noop(
                "You have %(limit)s views of this list, the most that is possible. Delete one first."
            ),
            field="name",
            limit=MOST_VIEWS,
        )
    return SavedView.objects.create(
        membership=membership,
        page=page.name,
        name=_free_name(name, views),
        query=_kept(page, query, by),
        created_at=at,
    )


@transaction.atomic
def rename_view(view: SavedView, *, by: User, name: str) -> SavedView:
    view = _own(view, by)
    others = SavedView.objects.filter(membership=view.membership_id, page=view.page).exclude(pk=view.pk)
    view.name = _free_name(name, others)
    view.save(update_fields=["name"])
    return view


@transaction.atomic
def change_view(view: SavedView, *, by: User, query: QueryDict) -> SavedView:
    """Keep what the list shows now under the name that the view has."""
    view = _own(view, by)
    page = list_page(view.page)
    if page is None:
        raise NotAllowed("not-allowed", gettext_noop("This list does not exist any more."))
    view.query = _kept(page, query, by)
    view.save(update_fields=["query"])
    return view


@transaction.atomic
def open_with(view: SavedView, *, by: User) -> SavedView:
    """From now on the list opens with this view."""
    view = _own(view, by)
    SavedView.objects.filter(membership=view.membership_id, page=view.page, is_default=True).update(
        is_default=False
    )
    view.is_default = True
    view.save(update_fields=["is_default"])
    return view


@transaction.atomic
def open_plain(view: SavedView, *, by: User) -> SavedView:
    """The list opens without this view again."""
    view = _own(view, by)
    view.is_default = False
    view.save(update_fields=["is_default"])
    return view


@transaction.atomic
def delete_view(view: SavedView, *, by: User) -> None:
    _own(view, by).delete()


def _lock(membership: Membership) -> Membership:
    # One after the other, or two at once would pass the limit and the name.
    return Membership.objects.select_for_update(of=("self",), no_key=True).get(pk=membership.pk)


def _own(view: SavedView, by: User) -> SavedView:
    """Read once the lock is held: what was deleted while one waited for it is not there any more
    (`SavedView.DoesNotExist`)."""
    if by.acting_as is None or by.acting_as.pk != view.membership_id:
        raise NotAllowed("not-allowed", gettext_noop("This view belongs to somebody else."))
    _lock(by.acting_as)
    return SavedView.objects.visible_to(by).get(pk=view.pk)


def _free_name(name: str, others: QuerySet[SavedView]) -> str:
    name = " ".join(name.split())
    if not name:
        raise RuleViolation("required", gettext_noop("Give the view a name."), field="name")
    if len(name) > LONGEST_NAME:
        raise RuleViolation(
            "too-long", gettext_noop("At most %(limit)s characters."), field="name", limit=LONGEST_NAME
        )
    # As the index compares them: upper case takes other letters for the same.
    if others.annotate(lower=Lower("name")).filter(lower=Lower(Value(name))).exists():
        raise RuleViolation("taken", gettext_noop("You have a view of this name already."), field="name")
    return name


def _kept(page: ListPage, query: QueryDict, by: User) -> str:
    kept = page.understood(query, by).urlencode()
    if len(kept) > LONGEST_QUERY:
        raise RuleViolation("too-long", gettext_noop("These filters are too long to be kept."), field="name")
    return kept
