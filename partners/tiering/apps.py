from django.apps import AppConfig


class TieringConfig(AppConfig):
    name = "partners.tiering"
    label = "tiering"
