#!/bin/sh
# Install the checked-out version, without losing a request. Run after `git pull`, or after a change in .env:
#
#     deploy/upgrade.sh FOLDER_OF_DUMPS
#
# Stops at the first error. Until the last steps, the former version continues to run; it also works with the newer tables.
set -eu
to=${1:?"usage: deploy/upgrade.sh FOLDER_OF_DUMPS"}
cd "$(dirname "$0")/.."

deploy/backup.sh "$to"
# With the latest fixes of the Python image.
docker compose build --pull migrate
docker compose run --rm migrate
docker compose up --detach --no-deps --wait worker beat
# The proxy holds requests until the new containers are ready.
docker compose up --detach --no-deps --wait web
deploy/reload-proxy.sh
