"""Creates the tables and data of the bare application, and prints its pages as JSON."""

import json
import os
import sys
from dataclasses import asdict

import django
from django.core.management import call_command

from bench.drive import Page

ROWS = 10_000


def main() -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "bench.bare.settings"
    django.setup()
    from django.conf import settings
    from django.contrib.auth.models import User
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext
    from django.utils import timezone

    from bench.bare.models import Entry

    with connection.cursor() as cursor:
        cursor.execute(f"CREATE SCHEMA IF NOT EXISTS {settings.SCHEMA}")
    call_command("migrate", run_syncdb=True, verbosity=0)
    if not Entry.objects.exists():
        Entry.objects.bulk_create(
            Entry(name=f"Company {n} GmbH", city=f"City {n % 50}", email=f"info{n}@bare.example", created_at=timezone.now())
            for n in range(ROWS)
        )
        with connection.cursor() as cursor:
            cursor.execute(f"VACUUM (ANALYZE) {settings.SCHEMA}.bare_entry")
    client = Client()
    client.force_login(User.objects.get_or_create(username="bare")[0])
    cookie = f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"
    pages = []
    for name, path in (("bare: static page, 30 kB", "/static/"), ("bare: list of 25", "/list/")):
        with CaptureQueriesContext(connection) as queries:
            assert client.get(path).status_code == 200  # noqa: S101
        pages.append(Page(name, path, cookie="" if "static" in name else cookie, queries=0 if "static" in name else len(queries)))
    json.dump([asdict(page) for page in pages], sys.stdout)


if __name__ == "__main__":
    main()
