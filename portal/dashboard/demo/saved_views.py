"""Views of the list of deals that some of the cast keep."""

from datetime import datetime

from django.http import QueryDict
from django.utils import translation

from dealreg.deals.views.listing import DEALS
from partners.lists.actions import save_view
from portal.accounts.models import User

# Who, the name in English and French, what the list shows.
VIEWS = (
    (
        "amir@alpha-securite.example",
        "Ends within 30 days",
        "Fin sous 30 jours",
        "deadline=expiring&sort=deadline",
    ),
    (
        "alice@alpha-securite.example",
        "Under review",
        "En cours d’examen",
        "status=under_review&sort=deadline",
    ),
    (
        "denise@distri-nord.example",
        "Orders to confirm",
        "Commandes à confirmer",
        "status=to_confirm&sort=-list_amount",
    ),
    (
        "karim@vendor.example",
        "Large deals",
        "Grandes affaires",
        "status=open&sort=-list_amount&col=partner&col=list_amount&col=deadline&col=status",
    ),
)


def save_views(now: datetime) -> None:
    people = User.objects.in_bulk([email for email, *_rest in VIEWS], field_name="email")
    for email, english, french, query in VIEWS:
        person = people.get(email)
        if person is None:
            continue
        name = french if (person.language or "fr") == "fr" else english
        with translation.override(person.language or None):
            save_view(by=person, at=now, page=DEALS, name=name, query=QueryDict(query))
