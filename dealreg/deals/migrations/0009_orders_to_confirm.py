"""When the orders that wait already are to be confirmed: counted from the deal's last change."""

from datetime import time

from django.db import migrations

from portal.core.calendar import WorkingHours

# As the first edition says.
OFFICE = (time(9), time(18))
DAYS = 5


def fill(apps, schema_editor):
    Deal = apps.get_model("deals", "Deal")
    waiting = Deal.objects.filter(status="won", order_confirmed_at=None, order_due_at=None)
    for deal in waiting.select_related("distributor").iterator(chunk_size=1_000):
        hours = WorkingHours(deal.distributor.country, *OFFICE)
        Deal.objects.filter(pk=deal.pk).update(order_due_at=hours.add_days(deal.changed_at, DAYS))


class Migration(migrations.Migration):
    dependencies = [("deals", "0008_the_end")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
