#!/bin/sh
# Write one dump per day to FOLDER and delete dumps older than DAYS. Run from cron with access to docker:
#
#     15 3 * * *  cd /srv/partnerportal && deploy/backup.sh /var/backups/portal 30
set -eu
umask 077

to=${1:?"usage: deploy/backup.sh FOLDER [DAYS]"}
days=${2:-30}
dump=$to/portal-$(date +%F).dump

# An incomplete dump must neither look like a backup nor replace one.
docker compose exec -T db pg_dump --username portal --format custom portal > "$dump.new"
mv "$dump.new" "$dump"
find "$to" -name 'portal-*.dump' -mtime "+$days" -delete
