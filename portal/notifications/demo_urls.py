"""Mails that the demo wrote to files instead of sending them: 404 anywhere else."""

from django.urls import path, re_path

from portal.notifications import views

app_name = "demo_mail"
urlpatterns = [
    path("", views.demo_mails, name="list"),
    re_path(r"^(?P<name>[0-9T]{21}-[0-9a-f]{16})/$", views.demo_mail, name="read"),
    re_path(r"^(?P<name>[0-9T]{21}-[0-9a-f]{16})/html/$", views.demo_mail_html, name="html"),
]
