from django.apps import AppConfig


class ProgrammeConfig(AppConfig):
    name = "partners.programme"
    label = "programme"

    def ready(self) -> None:
        from partners.organisations.territory import read_territory_with
        from partners.programme.selectors import rulebook_on

        read_territory_with(lambda day: rulebook_on(day).territory)
