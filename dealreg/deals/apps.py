from django.apps import AppConfig


class DealsConfig(AppConfig):
    name = "dealreg.deals"
    label = "deals"
