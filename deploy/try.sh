#!/bin/sh
# Try the containers on a machine with an engine, as an operator or in CI: installation, first administrator, backup, restore, and an
# upgrade under load. Uses a separate project (its own containers, networks and volumes), and deletes it at the end. Takes minutes.
#
#     deploy/try.sh [SERVER]
#
# SERVER is one on the internet that answers at port 443 (example.com), to which web must have no route. Needs docker with Compose
# 2.24, python3, and the free port 8443. Exits with 1 if a check fails or a request is lost.
set -eu
outside=${1:-example.com}
cd "$(dirname "$0")/.."
work=$(mktemp -d)
export COMPOSE_PROJECT_NAME=portal-try COMPOSE_FILE="docker-compose.yml:$work/try.yml" COMPOSE_ENV_FILES="$work/env"

step() { echo "try: $(date +%T) $*"; }
finish() {
    code=$?
    [ $code = 0 ] || docker compose logs --tail 30 || true
    docker compose down --volumes --remove-orphans --timeout 5 || true
    docker image rm --force portal-try > /dev/null 2>&1 || true
    rm -rf "$work"
    exit $code
}
trap finish EXIT
trap 'exit 130' INT TERM

random() { python3 -c 'import secrets; print(secrets.token_urlsafe(50))'; }
cat > "$work/env" <<END
SECRET_KEY=$(random)
SITE_URL=https://localhost:8443
POSTGRES_PASSWORD=try
EMAIL_URL=smtp://mail.invalid:25
WEB_REPLICAS=2
END
# `env_file` names .env, which stays that of the installation, as does its image.
cat > "$work/try.yml" <<END
x-env: &env { image: portal-try, env_file: !override ["$work/env"] }
services:
  proxy: { ports: !override ["127.0.0.1:8443:8443"] }
  web: *env
  worker: *env
  beat: *env
  migrate: *env
END

# Sends 15 requests a second, GET and forms, until the file `stop` exists; prints the number of requests and of lost ones.
cat > "$work/load.py" <<'END'
import collections, concurrent.futures, pathlib, ssl, sys, time, urllib.error, urllib.request
stop, insecure = pathlib.Path(sys.argv[1]), ssl._create_unverified_context()
def ask(form):
    request = urllib.request.Request("https://localhost:8443/accounts/login/", data=b"login=x" if form else None)
    try:
        return urllib.request.urlopen(request, timeout=60, context=insecure).status
    except urllib.error.HTTPError as error:
        # A form without a CSRF token is refused by the portal, and so has reached it.
        return 200 if form and error.code == 403 else error.code
    except OSError as error:
        return type(error).__name__
with concurrent.futures.ThreadPoolExecutor(600) as pool:
    asked = []
    while not stop.exists():
        asked.append(pool.submit(ask, len(asked) % 3 == 0))
        time.sleep(1 / 15)
    outcomes = collections.Counter(request.result() for request in asked)
lost = sum(count for outcome, count in outcomes.items() if outcome != 200)
print(f"{len(asked)} requests, {lost} lost: {dict(outcomes)}")
sys.exit(bool(lost))
END

under_load() { # NAME COMMAND…
    name=$1
    shift
    rm -f "$work/stop"
    python3 "$work/load.py" "$work/stop" > "$work/load" & load=$!
    sleep 3
    "$@" > "$work/command" 2>&1 || { touch "$work/stop"; wait "$load" || true; cat "$work/command"; exit 1; }
    sleep 3
    touch "$work/stop"
    wait "$load" || { step "$name: $(cat "$work/load")"; exit 1; }
    step "$name: $(cat "$work/load")"
}
count() { docker compose exec -T db psql --username portal --dbname portal --no-align --tuples-only --command "SELECT count(*) FROM $1"; }

step "Building and starting …"
docker compose build migrate
docker compose up --detach
docker compose up --detach --no-deps --wait web worker beat proxy

step "Creating the first administrator …"
docker compose exec -T -e DJANGO_SUPERUSER_PASSWORD="$(random)" web python manage.py createsuperuser --noinput --email ada@portal.example
[ "$(count accounts_user)" = 1 ]

step "Checking that web has no route out, and that the worker has …"
route='import socket; socket.create_connection(("'$outside'", 443), 5)'
if docker compose exec -T web python -c "$route" 2> /dev/null; then
    step "Web reaches $outside."
    exit 1
fi
docker compose exec -T worker python -c "$route" 2> /dev/null || step "The worker has none either, so this proves nothing. Name a SERVER."

step "Backup and restore …"
mkdir "$work/dumps"
dump=$(deploy/backup.sh "$work/dumps")
docker compose exec -T db psql --quiet --username portal --dbname portal --command "UPDATE accounts_user SET is_active = false"
deploy/restore.sh "$dump" > "$work/command" 2>&1 || { cat "$work/command"; exit 1; }
[ "$(count "accounts_user WHERE is_active")" = 1 ]

echo "LOG_LEVEL=WARNING" >> "$work/env"
under_load "A changed variable, and upgrade.sh" deploy/upgrade.sh "$work/dumps"
under_load "A reload of the proxy" deploy/reload-proxy.sh
echo "WEB_REPLICAS=3" >> "$work/env"
under_load "Three replicas instead of two" docker compose up --detach --no-deps --wait web
[ "$(docker compose ps --quiet web | wc -l)" -eq 3 ]
echo "WEB_REPLICAS=1" >> "$work/env"
under_load "One replica instead of three" docker compose up --detach --no-deps --wait web
echo "LOG_LEVEL=INFO" >> "$work/env"
under_load "A changed variable with one replica" docker compose up --detach --no-deps --wait web worker beat

step "All checks passed."
