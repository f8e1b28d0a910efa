"""Who was told of something, by the kind of notification."""

from portal.notifications.models import Notification


def names_told(kind: str) -> set[str]:
    return set(Notification.objects.filter(kind=kind).values_list("recipient__full_name", flat=True))


def addresses_told(kind: str) -> set[str]:
    return set(Notification.objects.filter(kind=kind).values_list("recipient__email", flat=True))


def short_names_told(kind: str) -> set[str]:
    return {row.recipient.get_short_name() for row in Notification.objects.filter(kind=kind)}
