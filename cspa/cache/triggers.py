"""Database triggers that raise the version of a table with every change, whoever writes: admin, import, shell, SQL."""

from collections.abc import Callable, Iterable

from django.db import DEFAULT_DB_ALIAS, connections

from cspa.audit import WRITE_LOCK
from cspa.models import TableVersion

CHANNEL = TRIGGER = "cspa_version"


def install(tables: Iterable[str], using: str = DEFAULT_DB_ALIAS) -> None:
    """Give each of ``tables`` its triggers, where it has none."""
    database = connections[using]
    with database.cursor() as cursor:
        existing = set(database.introspection.table_names(cursor))
        if TableVersion._meta.db_table not in existing:
            return
        find, statements = {"sqlite": _on_sqlite, "postgresql": _on_postgresql}[database.vendor]()
        cursor.execute(find)
        guarded = {table for (table,) in cursor.fetchall()}
        for statement in statements(sorted(set(tables) & existing - guarded)):
            cursor.execute(statement)


# A number is a moment in microseconds, or one more than the last: a restored or emptied database never repeats one.


def _on_sqlite() -> tuple[str, Callable]:
    body = (
        f"INSERT INTO {TableVersion._meta.db_table} (name, number) "
        "VALUES ('%s', CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER)) "
        "ON CONFLICT (name) DO UPDATE SET number = max(number + 1, excluded.number);"
    )

    def statements(tables: list[str]) -> Iterable[str]:
        for table in tables:
            for event in ("INSERT", "UPDATE", "DELETE"):
                name = f"{TRIGGER}_{event.lower()}_{table}"
                yield f'CREATE TRIGGER IF NOT EXISTS {name} AFTER {event} ON "{table}" BEGIN {body % table} END'

    # The last of the three that are created.
    return f"SELECT tbl_name FROM sqlite_master WHERE type = 'trigger' AND name LIKE '{TRIGGER}_delete_%'", statements


def _on_postgresql() -> tuple[str, Callable]:
    name = TableVersion._meta.db_table
    # Once a transaction is enough: nobody sees the number before the rows. The lock, which the journal takes too,
    # keeps two transactions that write several tables in another order from a deadlock.
    function = f"""
        CREATE OR REPLACE FUNCTION {TRIGGER}_raise() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            PERFORM pg_advisory_xact_lock({WRITE_LOCK});
            INSERT INTO {name} (name, number)
            VALUES (TG_TABLE_NAME, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint)
            ON CONFLICT (name) DO UPDATE SET number = greatest({name}.number + 1, excluded.number)
            WHERE {name}.xmin <> pg_current_xact_id()::xid;
            PERFORM pg_notify('{CHANNEL}', '');
            RETURN NULL;
        END $$"""

    def statements(tables: list[str]) -> Iterable[str]:
        if tables:
            yield function
        for table in tables:
            yield (
                f'CREATE TRIGGER {TRIGGER} AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON "{table}" '
                f"FOR EACH STATEMENT EXECUTE FUNCTION {TRIGGER}_raise()"
            )

    return f"SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname = '{TRIGGER}'", statements
