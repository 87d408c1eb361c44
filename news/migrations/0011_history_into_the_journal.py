from django.db import migrations


def into_the_journal(apps, schema_editor):
    """Each state of an article becomes an entry with what differs from the state before."""
    entry, change = apps.get_model("cspa", "Entry"), apps.get_model("cspa", "Change")
    kind, _new = apps.get_model("contenttypes", "ContentType").objects.get_or_create(app_label="news", model="article")
    columns = "language title slug summary body dateline state withdrawal_reason published_at uid story picture".split()
    former = {}
    for row in apps.get_model("news", "HistoricalArticle").objects.order_by("id", "history_id").iterator(500):
        attnames = {name: row._meta.get_field(name).attname for name in columns}
        state = {name: getattr(row, attname) for name, attname in attnames.items()}
        state |= {"published_at": row.published_at.isoformat(), "uid": str(row.uid)}
        before = former.get(row.id)
        former = {} if row.history_type == "-" else {row.id: state}
        if row.history_type == "-":
            made = {"action": "deleted", "before": before or state}
        elif before is None:
            made = {"action": "added"}
        else:
            names = [name for name in columns if before[name] != state[name]]
            made = {
                "action": "changed",
                "before": {name: before[name] for name in names},
                "after": {name: state[name] for name in names},
            }
        reason = (row.history_change_reason or "")[:300]
        made_in = entry.objects.create(
            kind="edit", made_at=row.history_date, user_id=row.history_user_id, reason=reason
        )
        change.objects.create(entry=made_in, content_type=kind, object_id=row.id, **made)


class Migration(migrations.Migration):

    dependencies = [
        ("contenttypes", "0002_remove_content_type_name"),
        ("cspa", "0004_journal"),
        ("news", "0010_rights_on_articles"),
    ]

    operations = [
        migrations.RunPython(into_the_journal, migrations.RunPython.noop),
        migrations.DeleteModel("HistoricalArticle"),
    ]
