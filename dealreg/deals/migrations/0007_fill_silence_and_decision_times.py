"""What the clock would have stored for deals that were submitted before it stored it."""

from collections import defaultdict
from datetime import time, timedelta

from django.db import migrations

from portal.core.calendar import WorkingHours

CHUNK = 1_000
# What the first edition says; one that is silent on a parameter is read so.
FIRST = {
    "decision_business_days": 2,
    "silence_business_days": 1,
    "office_opens": "09:00",
    "office_closes": "18:00",
}


def terms_by_edition(apps):
    terms = defaultdict(lambda: dict(FIRST))
    parameters = apps.get_model("programme", "Parameter").objects.filter(
        section="deal_registration", code__in=list(FIRST)
    )
    for edition, code, value in parameters.values_list("edition_id", "code", "value"):
        terms[edition][code] = value
    return terms


def hours_of(country, terms):
    return WorkingHours(
        country, time.fromisoformat(terms["office_opens"]), time.fromisoformat(terms["office_closes"])
    )


def fill_silence(apps, schema_editor):
    Deal = apps.get_model("deals", "Deal")
    terms = terms_by_edition(apps)
    waiting = Deal.objects.filter(step="distributor", status__in=["submitted", "information_requested"])
    for deal in waiting.select_related("distributor").iterator(chunk_size=CHUNK):
        of = terms[deal.edition_id]
        hours = hours_of(deal.distributor.country, of)
        days = of["silence_business_days"]
        if deal.status == "submitted":
            deal.vendor_may_decide_at = hours.add_days(deal.decision_due_at, days)
        else:
            deal.silence_left = deal.clock_left + hours.day_length * days
        deal.save(update_fields=["vendor_may_decide_at", "silence_left"])


def fill_decision_times(apps, schema_editor):
    Deal = apps.get_model("deals", "Deal")
    Question = apps.get_model("deals", "Question")
    terms = terms_by_edition(apps)
    decided = Deal.objects.filter(
        decided_at__isnull=False, submitted_at__isnull=False, distributor__isnull=False
    )
    last = 0
    while True:
        chunk = list(decided.filter(pk__gt=last).select_related("distributor").order_by("pk")[:CHUNK])
        if not chunk:
            return
        last = chunk[-1].pk
        asked = defaultdict(list)
        questions = Question.objects.filter(deal__in=[deal.pk for deal in chunk])
        for deal_id, asked_at, answered_at in questions.values_list("deal_id", "asked_at", "answered_at"):
            asked[deal_id].append((asked_at, answered_at))
        for deal in chunk:
            of = terms[deal.edition_id]
            hours = hours_of(deal.distributor.country, of)
            spent = hours.between(deal.submitted_at, deal.decided_at)
            for asked_at, answered_at in asked[deal.pk]:
                spent -= hours.between(asked_at, min(answered_at or deal.decided_at, deal.decided_at))
            deal.decision_working_time = max(spent, timedelta())
            deal.decided_late = spent > hours.day_length * of["decision_business_days"]
        Deal.objects.bulk_update(chunk, ["decision_working_time", "decided_late"])


def nothing(apps, schema_editor):
    """The columns go with the migration before."""


class Migration(migrations.Migration):
    dependencies = [
        ("deals", "0006_silence_extension_reopening"),
        ("programme", "0002_notice_and_tighter_freeze"),
    ]

    operations = [
        migrations.RunPython(fill_silence, nothing, elidable=True),
        migrations.RunPython(fill_decision_times, nothing, elidable=True),
    ]
