from django.urls import include, path, re_path
from django.views.generic import RedirectView

from partners.organisations.views import (
    distributors,
    email_address,
    invitations,
    offices,
    partners,
    people,
    status,
)

people_urls = [
    path("", people.own_people, name="list"),
    path("invite/", people.invite_to_own, name="invite"),
    path("<int:pk>/", people.person, name="page"),
    path("<int:pk>/deactivate/", people.deactivate, name="deactivate"),
    path("<int:pk>/reactivate/", people.reactivate, name="reactivate"),
    path("invitations/<int:pk>/resend/", people.resend, name="resend"),
    path("invitations/<int:pk>/withdraw/", people.withdraw, name="withdraw"),
]
partner_urls = [
    path("", partners.partner_list, name="list"),
    re_path(r"^partners\.(?P<kind>csv|xlsx)$", partners.partner_export, name="export"),
    path("add/", partners.partner_add, name="add"),
    path("<slug:reference>/", partners.partner_page, name="page"),
    path("<slug:reference>/edit/", partners.partner_edit, name="edit"),
    path("<slug:reference>/people/", people.partner_people, name="people"),
    path("<slug:reference>/people/invite/", people.invite_to_partner, name="invite"),
]
distributor_urls = [
    path("", distributors.distributor_list, name="list"),
    path("add/", distributors.distributor_add, name="add"),
    path("<slug:reference>/", distributors.distributor_page, name="page"),
    path("<slug:reference>/edit/", distributors.distributor_edit, name="edit"),
    path("<slug:reference>/people/", people.distributor_people, name="people"),
    path("<slug:reference>/people/invite/", people.invite_to_distributor, name="invite"),
]
office_urls = [
    path("", offices.office_list, name="list"),
    path("add/", offices.office_add, name="add"),
    path("<int:pk>/", offices.office_page, name="page"),
    path("<int:pk>/edit/", offices.office_edit, name="edit"),
]
urlpatterns = [
    path("people/", include((people_urls, "people"))),
    path("partners/", include((partner_urls, "partners"))),
    path("distributors/", include((distributor_urls, "distributors"))),
    path("offices/", include((office_urls, "offices"))),
    path("settings/membership/", people.switch_organisation, name="switch_organisation"),
    path("settings/email/", email_address.change_email_address, name="email_address"),
    path("settings/email/<str:token>/", email_address.confirm_email_address, name="confirm_email_address"),
    # In front of allauth's page, on which anybody could make any address theirs.
    path("accounts/email/", RedirectView.as_view(pattern_name="email_address"), name="account_email"),
    path("accounts/invitation/<str:token>/", invitations.accept_invitation, name="accept_invitation"),
    path("status/", status.partner_status, name="partner_status"),
]
