#!/bin/sh
# Replace the portal's data with those of a dump. Stops at the first error, and before it has changed anything if the dump is unusable:
#
#     deploy/restore.sh [--send-queued] DUMP
#
# The dump is restored into a new database, which then takes the place of the current one. The former data remain in the database
# portal_before_TIME until you delete it. E-mails that were queued when the dump was made are held back, because they may have been
# sent since; --send-queued sends them, as after a change of PostgreSQL's major version.
set -eu

hold=1
if [ "${1:-}" = --send-queued ]; then
    hold=
    shift
fi
dump=${1:?"usage: deploy/restore.sh [--send-queued] DUMP"}
former=portal_before_$(date +%Y%m%d_%H%M%S)

in_db() { docker compose exec -T db "$@"; }
sql() { in_db psql --username portal --quiet --no-psqlrc --set ON_ERROR_STOP=1 "$@"; }
step() { echo "restore: $*"; }

[ -r "$dump" ] || { echo "restore: can't read $dump" >&2; exit 1; }

step "Starting the database …"
# Until it is healthy: an empty volume is first set up, which takes longer than a connection attempt.
docker compose up --detach --wait db broker

step "Checking the dump …"
in_db pg_restore --list < "$dump" > /dev/null

step "Restoring into a new database …"
in_db dropdb --username portal --if-exists portal_restored
in_db createdb --username portal portal_restored
in_db pg_restore --username portal --dbname portal_restored --no-owner --exit-on-error < "$dump"
sql --dbname portal_restored --command ANALYZE
if [ -n "$hold" ]; then
    sql --dbname portal_restored --command \
        "UPDATE outbox_outgoingmail SET status = 'failed', last_error = 'held back after a restore' WHERE status = 'queued'"
fi

step "Stopping the portal and exchanging the databases …"
docker compose stop web worker beat
# Other connections, such as those of a monitoring tool, would prevent it.
sql --dbname postgres --command \
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'portal'" > /dev/null
sql --dbname postgres --single-transaction \
    --command "ALTER DATABASE portal RENAME TO $former" --command "ALTER DATABASE portal_restored RENAME TO portal"

step "Migrating and starting …"
docker compose run --rm migrate
# Jobs and counters of the former data. Sessions remain: they are in the database.
docker compose exec -T broker valkey-cli flushall > /dev/null
docker compose up --detach --no-deps --wait worker beat web proxy

step "Done. The former data are in the database $former. To delete them:"
echo "    docker compose exec db dropdb --username portal $former"
[ -z "$hold" ] || step "Queued e-mails are held back: see Outgoing e-mails, status “failed”, in the admin."
