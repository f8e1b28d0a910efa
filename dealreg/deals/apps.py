from django.apps import AppConfig


class DealsConfig(AppConfig):
    name = "dealreg.deals"
    label = "deals"

    def ready(self) -> None:
        from dealreg.deals import waiting_work as waiting
        from dealreg.deals.actions import handing_over
        from dealreg.deals.views.customers import CUSTOMERS
        from dealreg.deals.views.listing import APPROVALS, DEALS, QUEUE
        from dealreg.deals.views.pipeline import PIPELINE
        from partners.lists.pages import register_list_page
        from partners.organisations.handing_over import register_hand_over
        from portal.notifications.asking import register_waiting_subjects

        for page in (DEALS, QUEUE, APPROVALS, PIPELINE, CUSTOMERS):
            register_list_page(page)
        register_hand_over(
            "deals",
            handing_over.LABEL,
            count=handing_over.count_deals_in_hand,
            reassign=handing_over.hand_over_deals,
        )

        register_waiting_subjects(
            "deal-to-decide",
            "deal-half-time",
            "deal-silence",
            "deal-answered",
            read=waiting.decisions_waiting,
        )
        register_waiting_subjects(
            "extension-to-decide",
            "extension-half-time",
            "extension-silence",
            read=waiting.extensions_waiting,
        )
        register_waiting_subjects("extension-overdue", read=waiting.overdue_extensions)
        register_waiting_subjects("deal-overdue", read=waiting.overdue_decisions)
        register_waiting_subjects("deal-information-requested", read=waiting.questions_waiting)
        register_waiting_subjects("deal-expiring", read=waiting.protections_to_close)
        register_waiting_subjects("deal-won", "deal-order-reminder", read=waiting.orders_waiting)
        register_waiting_subjects("deal-order-disputed", read=waiting.orders_to_correct)
        register_waiting_subjects(
            "deal-amendment-asked",
            "deal-amendment-half-time",
            "deal-amendment-overdue",
            "deal-amendment-silence",
            read=waiting.amendments_waiting,
        )
        register_waiting_subjects("deal-conflict", "deal-both-protected", read=waiting.conflicts_waiting)
        register_waiting_subjects(
            "deal-appealed", "appeal-half-time", "appeal-overdue", read=waiting.appeals_waiting
        )
        register_waiting_subjects(
            "discount-asked", "discount-half-time", "discount-overdue", read=waiting.discounts_waiting
        )
        register_waiting_subjects("revocation-to-decide", read=waiting.revocations_waiting)
        register_waiting_subjects("revocation-announced", read=waiting.views_waiting)
