from django.apps import AppConfig


class SpecialisationsConfig(AppConfig):
    name = "partners.specialisations"
    label = "specialisations"

    def ready(self) -> None:
        from partners.organisations.panels import register_partner_panel
        from partners.organisations.standing import read_counting_tier_with
        from partners.specialisations.selectors import counting_tier_on, specialisations_panel

        read_counting_tier_with(counting_tier_on)
        register_partner_panel(
            "specialisations", "specialisations/panel.html", specialisations_panel, position=20, aside=True
        )
