#!/bin/sh
# One dump a day in a folder, each kept for so many days. For cron, as somebody who may use docker:
#
#     15 3 * * *  cd /srv/partnerportal && deploy/backup.sh /var/backups/portal 30
set -eu
umask 077

to=${1:?"usage: deploy/backup.sh FOLDER [DAYS]"}
days=${2:-30}
dump=$to/portal-$(date +%F).dump

# One that breaks off must not pass for a backup, nor take the place of one.
docker compose exec -T db pg_dump --username portal --format custom portal > "$dump.new"
mv "$dump.new" "$dump"
find "$to" -name 'portal-*.dump' -mtime "+$days" -delete
