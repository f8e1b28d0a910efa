from django.urls import path

from portal.accounts import views

urlpatterns = [
    path("settings/", views.own_settings, name="settings"),
]
