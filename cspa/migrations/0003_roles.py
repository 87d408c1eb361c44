from django.db import migrations

from ..auth.groups import sync_groups, remove_groups


def make(apps, schema_editor):
    sync_groups(apps)


def remove(apps, schema_editor):
    remove_groups(apps)


class Migration(migrations.Migration):

    dependencies = [
        ('admin', '0003_logentry_add_action_flag_choices'),
        ('auth', '0012_alter_user_first_name_max_length'),
        ('cspa', '0002_fields_of_work'),
        ('delegations', '0003_observations_of_pages'),
        ('news', '0010_rights_on_articles'),
    ]

    operations = [
        migrations.RunPython(make, remove),
    ]
