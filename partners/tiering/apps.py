from django.apps import AppConfig


class TieringConfig(AppConfig):
    name = "partners.tiering"
    label = "tiering"

    def ready(self) -> None:
        from partners.tiering.selectors import reviews_to_decide
        from portal.notifications.asking import register_waiting_subjects

        register_waiting_subjects("tier-review-opened", "tier-plan-ended", read=reviews_to_decide)
