from django.apps import AppConfig


class CatalogueConfig(AppConfig):
    name = "partners.catalogue"
    label = "catalogue"
