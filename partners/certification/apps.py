from django.apps import AppConfig


class CertificationConfig(AppConfig):
    name = "partners.certification"
    label = "certification"

    def ready(self) -> None:
        from partners.certification.strength import strength_panel
        from partners.organisations.panels import register_partner_panel

        register_partner_panel("certified-staff", "team/_strength.html", strength_panel, position=10)
