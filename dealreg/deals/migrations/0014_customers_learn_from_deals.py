from django.db import migrations

from partners.customers.identity import read_identity
from partners.customers.keys import READING, is_word, search_keys, spellings
from partners.customers.models import facts_of
from portal.core.errors import PortalError

CHUNK = 1_000


def observe(apps, schema_editor):
    """What each registration told of its customer, with its number and day; the first one counts as
    the source of what the record held. Whose partners named a customer, their managers see it."""
    Deal = apps.get_model("deals", "Deal")
    Customer = apps.get_model("customers", "Customer")
    Observation = apps.get_model("customers", "Observation")
    Word = apps.get_model("customers", "Word")
    told = Deal.objects.exclude(customer=None).exclude(submitted_at=None)
    ids = list(told.order_by("customer_id").values_list("customer_id", flat=True).distinct())
    for start in range(0, len(ids), CHUNK):
        some = ids[start : start + CHUNK]
        known = {
            (one.customer_id, one.kind, one.country, one.value): one
            for one in Observation.objects.filter(customer__in=some)
        }
        customers = {customer.pk: customer for customer in Customer.objects.filter(pk__in=some)}
        words = set()
        for deal in told.filter(customer__in=some).select_related("partner").order_by("submitted_at", "pk"):
            try:
                identity = read_identity(
                    name=deal.customer_name,
                    country=deal.customer_country,
                    city=deal.customer_city,
                    company_number=deal.company_number,
                    web_domain=deal.web_domain,
                )
            except PortalError:
                continue
            customer = customers[deal.customer_id]
            customer.markets = sorted({*customer.markets, identity.country, deal.partner.country} - {""})
            for kind, value, key in facts_of(identity):
                one = known.setdefault(
                    (customer.pk, kind, identity.country, value),
                    Observation(
                        customer=customer,
                        kind=kind,
                        value=value,
                        key=key,
                        country=identity.country,
                        keys=search_keys(value, identity.city) if kind == "name" else [],
                        reading=READING if kind == "name" else 0,
                        first_seen_at=deal.submitted_at,
                    ),
                )
                if not one.first_source:
                    one.first_source, one.market = deal.reference, deal.partner.country
                    one.first_seen_at = deal.submitted_at
                one.last_seen_at, one.last_source = deal.submitted_at, deal.reference
                words.update(key for key in one.keys if is_word(key))
        Observation.objects.bulk_create(one for one in known.values() if one.pk is None)
        Observation.objects.bulk_update(
            (one for one in known.values() if one.first_source),
            ["first_seen_at", "first_source", "last_seen_at", "last_source", "market"],
            batch_size=CHUNK,
        )
        Word.objects.bulk_create(
            [Word(word=word, spellings=spellings(word)) for word in sorted(words)], ignore_conflicts=True
        )
        Customer.objects.bulk_update(customers.values(), ["markets"])


class Migration(migrations.Migration):
    dependencies = [
        ("customers", "0003_register_filled"),
        ("deals", "0013_conflict_reasons"),
    ]

    operations = [migrations.RunPython(observe, migrations.RunPython.noop)]
