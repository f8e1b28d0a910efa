from django.apps import AppConfig


class CustomersConfig(AppConfig):
    name = "partners.customers"
    label = "customers"
