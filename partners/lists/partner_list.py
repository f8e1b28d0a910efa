"""The list of partners, whose app stands below this one."""

from django.http import QueryDict
from django.utils.translation import gettext_lazy

from partners.lists.pages import ListPage
from partners.lists.selectors import Views, views_of
from partners.organisations.forms.partners import PartnerFilter
from partners.organisations.models import Partner
from portal.accounts.models import User


def _understood(query: QueryDict, user: User) -> QueryDict:
    return PartnerFilter(query, Partner.objects.none(), reader=user).understood


PARTNERS = ListPage("partners", gettext_lazy("Partners"), "partners:list", "partners.list", _understood)


def partner_views(reader: User, understood: QueryDict, opened: str) -> Views:
    return views_of(reader, PARTNERS, query=understood, opened=opened)
