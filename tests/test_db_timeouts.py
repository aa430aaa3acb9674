"""Database timeouts by process type, and with a connection pooler."""

import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any, Literal

import pytest
from django.db import OperationalError, connections

from partnerportal.db_timeouts import set_statement_timeouts
from partnerportal.embedded.environment import BASE_DIR

NONE = {"statement_timeout": "0", "lock_timeout": "0", "idle_in_transaction_session_timeout": "0"}


@pytest.fixture(autouse=True)
def options(db: None) -> Iterator[dict[str, Any]]:
    """Options of new connections, restored after the test."""
    options = connections.settings["default"]["OPTIONS"]
    before = dict(options)
    yield options
    options.clear()
    options.update(before)


def limits() -> dict[str, str]:
    """Return the timeouts of a new connection."""
    fresh = connections.create_connection("default")
    try:
        with fresh.cursor() as cursor:
            cursor.execute(" UNION ALL ".join(f"SELECT '{name}', current_setting('{name}')" for name in NONE))
            return dict(cursor.fetchall())
    finally:
        fresh.close()


def test_management_commands_have_no_timeouts() -> None:
    assert limits() == NONE


@pytest.mark.parametrize(("process", "expected"), [("web", ("15s", "10s", "1min")), ("worker", ("5min", "1min", "15min"))])
def test_web_timeouts_are_shorter_than_worker_timeouts(process: Literal["web", "worker"], expected: tuple[str, ...]) -> None:
    set_statement_timeouts(process)
    assert tuple(limits().values()) == expected


def test_worker_sets_timeouts_on_start() -> None:
    """Runs in its own interpreter, because the timeouts apply to the whole process."""
    code = (
        "from celery.signals import worker_init; from partnerportal import celery_app; celery_app.finalize(); worker_init.send(None); "
        "from django.db import connections; print(connections.settings['default']['OPTIONS']['options'])"
    )
    started = subprocess.run(
        [sys.executable, "-c", code],
        cwd=BASE_DIR,
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "partnerportal.settings"},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    assert "-c statement_timeout=300s -c lock_timeout=60s -c idle_in_transaction_session_timeout=900s" in started.stdout


def test_options_in_database_url_take_precedence(options: dict[str, Any]) -> None:
    options["options"] = "-c statement_timeout=7s -c work_mem=64MB"
    set_statement_timeouts("web")
    assert limits() == {"statement_timeout": "7s", "lock_timeout": "10s", "idle_in_transaction_session_timeout": "1min"}


def test_pgbouncer_receives_no_timeouts(options: dict[str, Any], settings: Any) -> None:
    settings.DATABASE_USES_PGBOUNCER = True
    before = options["options"]
    set_statement_timeouts("web")
    assert options["options"] == before


def test_statement_timeout_raises_operational_error(settings: Any) -> None:
    settings.WEB_STATEMENT_TIMEOUT = 1
    set_statement_timeouts("web")
    fresh = connections.create_connection("default")
    with pytest.raises(OperationalError, match="statement timeout"), fresh.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(10)")
    fresh.close()
