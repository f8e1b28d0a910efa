from django.urls import path

from partners.lists import views

app_name = "lists"
urlpatterns = [
    path("<int:pk>/", views.open_view, name="open"),
    path("<int:pk>/change/", views.change, name="change"),
    path("<slug:page>/", views.manage, name="manage"),
    path("<slug:page>/save/", views.save, name="save"),
]
