from django.apps import AppConfig


class CertificationConfig(AppConfig):
    name = "partners.certification"
    label = "certification"

    def ready(self) -> None:
        from partners.certification import departures, team
        from partners.certification.strength import strength_panel
        from partners.certification.taken_along import transfers_waiting
        from partners.organisations.panels import register_partner_panel
        from portal.notifications.asking import register_waiting_subjects

        register_waiting_subjects("transfer-to-decide", read=transfers_waiting)
        register_partner_panel("certified-staff", "team/_strength.html", strength_panel, position=10)
        register_waiting_subjects(
            "departure-report-due", "departure-report-overdue", read=departures.departures_to_report
        )
        register_waiting_subjects(
            "departure-replacement-due", "departure-reminder", read=departures.departures_to_act_on
        )
        register_waiting_subjects("departure-correction-asked", read=departures.corrections_to_decide)
        register_waiting_subjects("partner-without-administrator", read=team.partners_without_administrator)
