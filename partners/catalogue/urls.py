from django.urls import path

from partners.catalogue import views

app_name = "catalogue"

urlpatterns = [
    path("", views.overview, name="overview"),
    path("price-lists/", views.price_lists, name="price-lists"),
    path("import/", views.upload, name="import"),
    path("imports/<uuid:reference>/", views.price_import, name="price-import"),
    path("imports/<uuid:reference>/problems.csv", views.problems, name="problems"),
    path("imports/<uuid:reference>/apply/", views.apply, name="apply"),
    path("imports/<uuid:reference>/discard/", views.discard, name="discard"),
]
