from django.apps import AppConfig


class SpecialisationsConfig(AppConfig):
    name = "partners.specialisations"
    label = "specialisations"

    def ready(self) -> None:
        from partners.organisations.panels import register_partner_panel
        from partners.specialisations.selectors import specialisations_panel

        register_partner_panel(
            "specialisations", "specialisations/panel.html", specialisations_panel, position=20, aside=True
        )
