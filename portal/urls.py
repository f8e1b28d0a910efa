"""The addresses of the portal. They read like sentences, and stay."""

from django.urls import include, path

from portal.core.health import healthz, readyz

urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("", include("portal.core.urls")),
    path("accounts/", include("allauth.urls")),
]
