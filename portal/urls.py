"""The addresses of the portal. They read like sentences, and stay."""

from django.urls import include, path

from partners.certification.views.certificates import verify
from portal.core.health import healthz, readyz

urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("", include("portal.dashboard.urls")),
    path("jobs/", include("portal.jobs.urls")),
    path("", include("portal.calendars.urls")),
    path("", include("portal.core.urls")),
    path("", include("portal.accounts.urls")),
    path("", include("partners.organisations.urls")),
    path("accounts/", include("allauth.urls")),
    path("views/", include("partners.lists.urls")),
    path("deals/", include("dealreg.deals.urls")),
    path("customers/", include("dealreg.deals.customer_urls")),
    path("", include("partners.certification.urls")),
    path("departures/", include("partners.certification.departure_urls")),
    path("tier-reviews/", include("partners.tiering.urls")),
    path("programme/", include("partners.programme.urls")),
    path("catalogue/", include("partners.catalogue.urls")),
    path("certificates/", include("partners.certification.certificate_urls")),
    path("verify/<str:code>/", verify, name="verify_certificate"),
    path("privacy/", include("partners.certification.privacy_urls")),
    path("inbox/", include("portal.notifications.urls")),
    path("demo/mail/", include("portal.notifications.demo_urls")),
    path("documents/", include("portal.documents.urls")),
]
