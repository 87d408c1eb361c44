from django.db import migrations

from ..auth.groups import sync_groups


def make(apps, schema_editor):
    sync_groups(apps)


class Migration(migrations.Migration):

    dependencies = [
        ("cspa", "0004_journal"),
    ]

    operations = [
        migrations.RunPython(make, migrations.RunPython.noop),
    ]
