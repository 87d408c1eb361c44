from django.db import migrations

from ..auth.groups import make_groups


def give(apps, schema_editor):
    make_groups(apps)


class Migration(migrations.Migration):

    dependencies = [
        ('cspa', '0006_rules_of_groups'),
        ('delegations', '0004_requests_for_confirmations'),
    ]

    operations = [
        migrations.RunPython(give, migrations.RunPython.noop),
    ]
