from django.urls import path

from partners.programme import views

app_name = "programme"

urlpatterns = [
    path("", views.overview, name="overview"),
    path("compare/", views.compare, name="compare"),
    path("import/", views.import_file, name="import"),
    path("editions/", views.editions, name="editions"),
    path("editions/<slug:code>/", views.edition, name="edition"),
    path("editions/<slug:code>/grid.<slug:extension>", views.export, name="export"),
    path("editions/<slug:code>/file/", views.edition_file, name="edition-file"),
    path("editions/<slug:code>/publish/", views.publish, name="publish"),
    path("editions/<slug:code>/discard/", views.discard, name="discard"),
]
