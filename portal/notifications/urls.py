from django.urls import path

from portal.notifications import views

app_name = "inbox"
urlpatterns = [
    path("", views.inbox, name="list"),
    path("read/", views.mark_all, name="mark_all"),
    path("<uuid:pk>/open/", views.open_notification, name="open"),
    path("<uuid:pk>/mark/", views.mark, name="mark"),
]
