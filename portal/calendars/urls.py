from django.urls import path

from portal.calendars import views

app_name = "calendars"
urlpatterns = [
    path("settings/calendar/", views.address, name="address"),
    path("settings/calendar/revoke/", views.revoke, name="revoke"),
    path("calendar/<slug:token>.ics", views.feed, name="feed"),
]
