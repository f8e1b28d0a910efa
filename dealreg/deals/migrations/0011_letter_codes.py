from secrets import token_hex

from django.db import migrations


def draw_codes(apps, schema_editor):
    """Deals that were approved before there were letters get theirs."""
    deals = apps.get_model("deals", "Deal").objects.filter(letter_code=None, protected_until__isnull=False)
    for pk in deals.values_list("pk", flat=True).iterator(chunk_size=2000):
        deals.filter(pk=pk).update(letter_code=token_hex(16))


class Migration(migrations.Migration):
    dependencies = [("deals", "0010_mentions_and_name_pieces")]

    operations = [migrations.RunPython(draw_codes, migrations.RunPython.noop, elidable=True)]
