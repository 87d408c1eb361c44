from django.db import migrations

from cspa.auth.groups import sync_groups


def make(apps, schema_editor):
    sync_groups(apps)


class Migration(migrations.Migration):

    dependencies = [
        ('cspa', '0003_roles'),
        ('links', '0001_addresses'),
    ]

    operations = [
        # The groups keep a right that nothing asks for any longer.
        migrations.RunPython(make, migrations.RunPython.noop),
    ]
