from django.apps import AppConfig


class ListsConfig(AppConfig):
    name = "partners.lists"
    label = "lists"
