from collections.abc import Collection

from allauth.account.models import EmailAddress
from django.db import transaction
from django.db.models import F, Q

from portal.accounts.models import Theme, User


def change_own_settings(
    user: User,
    *,
    full_name: str,
    phone: str,
    language: str,
    time_zone: str,
    theme: str,
    keyboard_shortcuts: bool,
) -> None:
    """A person's own choices; nobody else's permission is needed and nothing is recorded."""
    user.full_name = " ".join(full_name.split())
    user.phone = phone
    user.language = language
    user.time_zone = time_zone
    user.theme = Theme(theme)
    user.keyboard_shortcuts = keyboard_shortcuts
    user.save(update_fields=["full_name", "phone", "language", "time_zone", "theme", "keyboard_shortcuts"])


def end_sessions(user: User) -> None:
    """Every session of the person is refused from the next request on (promise S8)."""
    User.objects.filter(pk=user.pk).update(session_version=F("session_version") + 1)


@transaction.atomic
def note_proven_addresses(people: Collection[User]) -> None:
    """Each person's address is theirs: they opened a mail sent there, or came by the command line. It
    is the only one with which they sign in and reset the password, and nobody else holds it."""
    own = [person.email.lower() for person in people]
    EmailAddress.objects.filter(Q(user__in=people) | Q(email__in=own)).delete()
    EmailAddress.objects.bulk_create(
        EmailAddress(user=person, email=email, verified=True, primary=True)
        for person, email in zip(people, own, strict=True)
    )
