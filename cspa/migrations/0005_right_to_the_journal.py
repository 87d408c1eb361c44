from django.db import migrations

from ..auth.groups import make_groups


def make(apps, schema_editor):
    make_groups(apps)


class Migration(migrations.Migration):

    dependencies = [
        ("cspa", "0004_journal"),
    ]

    operations = [
        migrations.RunPython(make, migrations.RunPython.noop),
    ]
