from django.apps import AppConfig


class ProgrammeConfig(AppConfig):
    name = "partners.programme"
    label = "programme"
