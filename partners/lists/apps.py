from django.apps import AppConfig


class ListsConfig(AppConfig):
    name = "partners.lists"
    label = "lists"

    def ready(self) -> None:
        from partners.lists.pages import register_list_page
        from partners.lists.partner_list import PARTNERS, partner_views
        from partners.organisations.kept_views import register_partner_views

        register_list_page(PARTNERS)
        register_partner_views(partner_views)
