from django.apps import AppConfig


class SpecialisationsConfig(AppConfig):
    name = "partners.specialisations"
    label = "specialisations"
