from django.urls import path

from partners.tiering import views

app_name = "tiering"
urlpatterns = [
    path("", views.review_list, name="list"),
    path("<int:pk>/", views.review_page, name="review"),
]
