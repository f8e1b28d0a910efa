from django.db import migrations

from partners.customers.keys import READING, is_word, search_keys, spellings
from partners.customers.names import fold, name_key

CHUNK = 2_000


def observe(apps, schema_editor):
    """What stood in each record was observed when it was made."""
    Customer = apps.get_model("customers", "Customer")
    Observation = apps.get_model("customers", "Observation")
    Word = apps.get_model("customers", "Word")
    rows, words, renamed = [], set(), []

    def write():
        Observation.objects.bulk_create(rows, batch_size=CHUNK)
        Word.objects.bulk_create(
            [Word(word=word, spellings=spellings(word)) for word in sorted(words)],
            ignore_conflicts=True,
            batch_size=CHUNK,
        )
        Customer.objects.bulk_update(renamed, ["name_key"], batch_size=CHUNK)
        for written in (rows, words, renamed):
            written.clear()

    for customer in Customer.objects.order_by("pk").iterator(chunk_size=CHUNK):
        customer.name_key = name_key(customer.name)[:200]
        renamed.append(customer)
        keys = search_keys(customer.name, customer.city)
        words.update(key for key in keys if is_word(key))
        for kind, value, key in (
            ("name", customer.name, customer.name_key),
            ("number", customer.company_number, customer.number_key),
            ("domain", customer.domain, customer.domain),
            ("place", customer.city, fold(customer.city)),
        ):
            if value:
                rows.append(
                    Observation(
                        customer=customer,
                        kind=kind,
                        value=value,
                        key=key,
                        country=customer.country,
                        keys=keys if kind == "name" else [],
                        reading=READING if kind == "name" else 0,
                        first_seen_at=customer.created_at,
                        last_seen_at=customer.created_at,
                    )
                )
        if len(rows) >= CHUNK:
            write()
    write()


class Migration(migrations.Migration):
    dependencies = [("customers", "0002_register")]

    operations = [migrations.RunPython(observe, migrations.RunPython.noop)]
