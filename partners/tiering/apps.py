from django.apps import AppConfig


class TieringConfig(AppConfig):
    name = "partners.tiering"
    label = "tiering"

    def ready(self) -> None:
        from partners.tiering.selectors import changes_to_decide, reviews_to_decide
        from portal.notifications.asking import register_waiting_subjects

        register_waiting_subjects("tier-review-opened", "tier-plan-ended", read=reviews_to_decide)
        register_waiting_subjects("tier-change-ground-gone", read=changes_to_decide)
