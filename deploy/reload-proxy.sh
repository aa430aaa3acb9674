#!/bin/sh
# Let the proxy read deploy/caddy/ again, without losing a request. An invalid file changes nothing, and its error is shown.
set -eu
cd "$(dirname "$0")/.."
# The proxy may not read files that only their owner may read, as a checkout with a strict umask has them.
find deploy/caddy -path deploy/caddy/local -prune -o -exec chmod a+rX {} +
docker compose exec -T proxy caddy reload --config /etc/caddy/Caddyfile
