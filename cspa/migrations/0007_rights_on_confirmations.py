from django.db import migrations

from ..auth.groups import sync_groups


def give(apps, schema_editor):
    sync_groups(apps)


class Migration(migrations.Migration):

    dependencies = [
        ('cspa', '0006_rules_of_groups'),
        ('delegations', '0004_requests_for_confirmations'),
    ]

    operations = [
        migrations.RunPython(give, migrations.RunPython.noop),
    ]
