from django.db import migrations


def note_proven_addresses(apps, schema_editor):
    """Everybody came by an invitation to their address: it counts as proven. Other addresses do not."""
    user_model, address_model = apps.get_model("accounts", "User"), apps.get_model("account", "EmailAddress")
    address_model.objects.all().delete()
    address_model.objects.bulk_create(
        (
            address_model(user=user, email=user.email.lower(), verified=True, primary=True)
            for user in user_model.objects.only("email").iterator()
        ),
        batch_size=1_000,
    )


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_session_version"),
        ("account", "0009_emailaddress_unique_primary_email"),
    ]

    operations = [migrations.RunPython(note_proven_addresses, migrations.RunPython.noop)]
