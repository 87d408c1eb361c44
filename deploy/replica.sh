#!/bin/sh
# A streaming replica of the PostgreSQL at PGHOST: copies it at the first start, and follows it from then on.
set -eu
if [ ! -s "$PGDATA/PG_VERSION" ]; then
    echo "Copying the database of $PGHOST"
    chmod 0700 "$PGDATA"
    # What it leaves of a copy that was cut short it removes itself; the recovery settings name the primary.
    pg_basebackup --pgdata="$PGDATA" --checkpoint=fast --wal-method=stream --write-recovery-conf
fi
# What readers ask it is not broken off by what it replays.
exec postgres -c hot_standby_feedback=on "$@"
