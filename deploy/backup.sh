#!/bin/sh
# Write a dump to FOLDER and delete dumps older than DAYS. Run from cron with access to docker:
#
#     15 3 * * *  cd /srv/partnerportal && deploy/backup.sh /var/backups/portal 30
#
# Prints the name of the dump. With DATABASE_URL in the environment, it uses this machine's pg_dump instead of the container `db`.
set -eu
umask 077

to=${1:?"usage: deploy/backup.sh FOLDER [DAYS]"}
days=${2:-30}
# With the time, so that a second dump on a day, such as before a repeated upgrade, doesn't replace the first.
dump=$to/portal-$(date +%F-%H%M%S).dump
new=$(mktemp "$to/portal-new.XXXXXX")
trap 'rm -f "$new"' EXIT

if [ -n "${DATABASE_URL:-}" ]; then
    pg_dump --format custom --dbname "$DATABASE_URL" > "$new"
    pg_restore --file /dev/null < "$new"
else
    docker compose exec -T db pg_dump --username portal --format custom portal > "$new"
    # Reads the whole dump, as a restore does. An incomplete dump must neither look like a backup nor lead to the deletion of others.
    docker compose exec -T db pg_restore --file /dev/null < "$new"
fi
[ ! -e "$dump" ] || { echo "backup: $dump exists" >&2; exit 1; }
mv "$new" "$dump"
find "$to" -name 'portal-*.dump' -mtime "+$days" -delete
echo "$dump"
