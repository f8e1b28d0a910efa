import copy
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.utils.functional import Promise

from portal.accounts.models import User
from portal.notifications.asking import waiting_subjects
from portal.notifications.kinds import EVERY_SIDE, KINDS, REVIEWERS, Kind
from portal.notifications.mails import side_of, subject_line
from portal.notifications.models import Notification, NotificationQuerySet

UNREAD_CAP = 100


def unread_count(user: User) -> int:
    """How many notifications the person has not read; 100 means "more than 99"."""
    return Notification.objects.visible_to(user).unread()[:UNREAD_CAP].count()


def sides_for(notification: Notification) -> tuple[str, ...]:
    """On which sides it may be read: what is said internally never reaches a partner."""
    return REVIEWERS if notification.context.get("internal") else KINDS[notification.kind].sides


def kinds_asking(user: User) -> list[str]:
    """The kinds that ask this person, as they act now, to do something."""
    side = side_of(user.acting_as) if user.acting_as else ""
    return [kind.code for kind in KINDS.values() if side in kind.asks]


def asking_now(user: User, notifications: NotificationQuerySet, at: datetime) -> NotificationQuerySet:
    """Those that still ask this person to do something: the present state of the subject decides, and of
    several about one subject the latest stands for all."""
    waiting = models.Q(pk__in=[])
    for read, kinds in _kinds_by_reader(user).items():
        asked = models.Q(kind__in=kinds)
        if read is not None:
            subjects = read(user, at)
            asked &= models.Q(
                subject_type=ContentType.objects.get_for_model(subjects.model),
                subject_id__in=subjects.order_by().values("pk"),
            )
        waiting |= asked
    later = models.Q(created_at__gt=models.OuterRef("created_at")) | models.Q(
        created_at=models.OuterRef("created_at"), pk__gt=models.OuterRef("pk")
    )
    repeated = Notification.objects.filter(
        waiting,
        later,
        recipient=models.OuterRef("recipient"),
        subject_type=models.OuterRef("subject_type"),
        subject_id=models.OuterRef("subject_id"),
    )
    return notifications.filter(waiting).exclude(models.Exists(repeated))


def _kinds_by_reader(user: User) -> dict[Any, list[str]]:
    grouped: dict[Any, list[str]] = {}
    for kind in kinds_asking(user):
        grouped.setdefault(waiting_subjects(kind), []).append(kind)
    return grouped


def membership_that_sees(
    user: User, subject: models.Model, sides: tuple[str, ...] = EVERY_SIDE
) -> Any | None:
    """The active membership on one of these sides under which the person may see the record, the current
    one first; None without one. Asked with the record's own visible_to, once for each membership."""
    if not user.is_active:
        return None
    rows: Any = type(subject)._default_manager
    for membership in user.memberships.active().order_by("-is_current", "pk"):
        if side_of(membership) not in sides:
            continue
        eyes = copy.copy(user)
        eyes.acting_as = membership
        if rows.visible_to(eyes).filter(pk=subject.pk).exists():
            return membership
    return None


@dataclass(frozen=True)
class Line:
    """A notification as a line of the inbox. A record that the person may no longer see is not named."""

    notification: Notification
    kind: Kind
    text: "str | Promise"
    seen: bool
    asks: bool


def inbox_lines(user: User, notifications: Iterable[Notification], at: datetime) -> list[Line]:
    """The lines for one page; the queries do not grow with its length."""
    notifications = list(notifications)
    shown = Notification.objects.filter(pk__in=[notification.pk for notification in notifications])
    asking = set(asking_now(user, shown, at).order_by().values_list("pk", flat=True))
    models.prefetch_related_objects(notifications, "subject")
    visible = _visible_subjects(user, notifications)
    side = side_of(user.acting_as) if user.acting_as else ""
    lines = []
    for notification in notifications:
        seen = (notification.subject_type_id, notification.subject_id) in visible
        lines.append(
            Line(
                notification=notification,
                kind=KINDS[notification.kind],
                text=subject_line(notification, side) if seen else KINDS[notification.kind].label,
                seen=seen,
                asks=notification.pk in asking,
            )
        )
    return lines


def _visible_subjects(user: User, notifications: list[Notification]) -> set[tuple[int, int]]:
    wanted: dict[int, set[int]] = {}
    for notification in notifications:
        wanted.setdefault(notification.subject_type_id, set()).add(notification.subject_id)
    visible = set()
    for type_id, ids in wanted.items():
        model = ContentType.objects.get_for_id(type_id).model_class()
        if model is not None:
            manager: Any = model._default_manager
            rows = manager.visible_to(user, any_membership=True).filter(pk__in=ids)
            visible |= {(type_id, pk) for pk in rows.order_by().values_list("pk", flat=True)}
    return visible


def about_number(user: User, notifications: NotificationQuerySet, text: str) -> NotificationQuerySet:
    """Those about records whose number contains `text` and that the person may see, and those that name
    such a number (a conflict names two)."""
    found = models.Q(context__later__icontains=text) | models.Q(context__earlier__icontains=text)
    for content_type in ContentType.objects.filter(
        models.Exists(Notification.objects.visible_to(user).filter(subject_type=models.OuterRef("pk")))
    ):
        model = content_type.model_class()
        if model is not None and any(field.name == "reference" for field in model._meta.get_fields()):
            manager: Any = model._default_manager
            rows = manager.visible_to(user, any_membership=True)
            subjects = rows.filter(reference__icontains=text).order_by().values("pk")
            found |= models.Q(subject_type=content_type, subject_id__in=subjects)
    return notifications.filter(found)
