from django.apps import AppConfig


class CertificationConfig(AppConfig):
    name = "partners.certification"
    label = "certification"
