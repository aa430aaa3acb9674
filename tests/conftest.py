"""Fixtures for all tests."""

import contextlib
import gc
import re
from collections.abc import Iterator
from copy import copy
from math import inf
from typing import Any

import pgtrigger
import pytest
from django.conf import settings
from django.core.cache import cache
from django.core.signals import setting_changed
from django.db import OperationalError, connection, transaction
from django.dispatch import receiver
from django.test import Client, TransactionTestCase
from django.test import client as test_client
from django.test.utils import ContextList
from django.utils import translation

from partnerportal.network.site import Site, keep_site
from tests import workers
from tests.cast import TABLES_OF_DJANGO, Cast, StoredCast
from tests.servers import WORKER
from tests.smtp import Sink


def _empty_tables(case: TransactionTestCase) -> None:
    names = connection.introspection.django_table_names(only_existing=True, include_views=False)
    tables = [connection.ops.quote_name(name) for name in sorted(set(names) - TABLES_OF_DJANGO)]
    # Not TRUNCATE, which is slow for small tables because it creates new files. The lock waits for other processes' transactions.
    # Foreign keys are checked at the end of the transaction.
    statements = [f"LOCK TABLE {', '.join(tables)} IN SHARE ROW EXCLUSIVE MODE", *(f"DELETE FROM {name}" for name in tables)]  # noqa: S608
    with pgtrigger.ignore(), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("; ".join(statements))


def _empty_tables_with_retries(case: TransactionTestCase) -> None:
    """Empty all tables, and retry after a deadlock with a worker process."""
    for _ in range(5):
        with contextlib.suppress(OperationalError):
            return _empty_tables(case)
    return _empty_tables(case)


TransactionTestCase._fixture_teardown = _empty_tables_with_retries


def _store_rendered_pages(store: dict[str, Any], signal: Any, sender: Any, template: Any, context: Any, **_kwargs: Any) -> None:
    """Store a page's template and a copy of its context in the response, but not those of its hundreds of included templates."""
    if not INCLUDED.search(template.name or ""):
        store.setdefault("templates", []).append(template)
        store.setdefault("context", ContextList()).append(copy(context))


#: Templates that are rendered as parts of a page.
INCLUDED = re.compile(r"(^|/)(includes|bootstrap5|widgets|heroicons)/|^django/")
test_client.store_rendered_templates = _store_rendered_pages


#: The loaded middleware by attribute of the handler of a client.
_middleware: dict[str, Any] = {}
_load_middleware = test_client.ClientHandler.load_middleware


def _load_middleware_once(handler: test_client.ClientHandler, is_async: bool = False) -> None:
    """Load the middleware once for all clients, because it takes as long as some requests."""
    if not _middleware:
        _load_middleware(handler, is_async)
        _middleware.update({name: value for name, value in vars(handler).items() if "middleware" in name})
    vars(handler).update(_middleware)


@receiver(setting_changed)
def _forget_middleware(**_kwargs: Any) -> None:
    """Load the middleware again after a change of settings, which it may have read."""
    _middleware.clear()


test_client.ClientHandler.load_middleware = _load_middleware_once


@pytest.fixture(scope="session")
def stored_cast(django_db_setup: None, django_db_blocker: Any) -> StoredCast:
    """The cast, copied for each test."""
    with django_db_blocker.unblock():
        return StoredCast()


@pytest.fixture
def cast(stored_cast: StoredCast, db: None) -> Cast:
    """Agency Alder with its people, agency Birch with Charlie. Empties the cache, which may contain data of an earlier copy."""
    cache.clear()
    return stored_cast.copy()


@pytest.fixture
def alice(stored_cast: StoredCast, cast: Cast) -> Client:
    """Client of Alice, owner of Alder."""
    return stored_cast.sign_in(cast.alice)


@pytest.fixture
def stan(stored_cast: StoredCast, cast: Cast) -> Client:
    """Client of Stan, staff at Alder."""
    return stored_cast.sign_in(cast.stan)


@pytest.fixture
def charlie(stored_cast: StoredCast, cast: Cast) -> Client:
    """Client of Charlie, owner of Birch."""
    return stored_cast.sign_in(cast.charlie)


@pytest.fixture
def clean_cache() -> None:
    """Empty the cache. Each parallel test process has its own Redis database."""
    cache.clear()


@pytest.fixture(scope="session")
def smtp_sink() -> Iterator[Sink]:
    """SMTP server: `smtp_sink.wait_for("kim@client.example")` returns an e-mail sent by the worker."""
    with Sink() as sink:
        yield sink


@pytest.fixture(scope="session")
def broker_wire() -> Iterator[workers.Wire]:
    """The worker's connection to the broker, which can be cut."""
    with workers.Wire() as wire:
        yield wire


@pytest.fixture(scope="session", params=[WORKER])
def worker_process(
    django_db_setup: None, smtp_sink: Sink, broker_wire: workers.Wire, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[workers.Process]:
    """The only Celery worker of a test run.

    Its parameter makes it part of the node ids, by which tests/servers.py runs all tests with a worker in one process.
    """
    process = workers.worker(smtp_sink, broker_wire.url, tmp_path_factory.mktemp("worker"))
    yield process
    process.stop()


@pytest.fixture(scope="session", params=["beat"])
def beat_process(
    worker_process: workers.Process, smtp_sink: Sink, broker_wire: workers.Wire, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[workers.Process]:
    """The only beat of a test run. Its parameter lets pytest sort the tests with a beat together."""
    process = workers.beat(smtp_sink, broker_wire.url, tmp_path_factory.mktemp("beat"))
    yield process
    process.stop()


@pytest.fixture
def celery_worker(transactional_db: None, worker_process: workers.Process, smtp_sink: Sink) -> Iterator[workers.Process]:
    """Running worker that sends e-mails to an empty `smtp_sink`. Tests must commit their changes."""
    smtp_sink.reset()
    workers.delete_queued_tasks()
    if not worker_process.is_running:
        worker_process.start()
    yield worker_process
    smtp_sink.reset()
    workers.finish_tasks(worker_process)


@pytest.fixture
def celery_beat(celery_worker: workers.Process, beat_process: workers.Process) -> workers.Process:
    """Running beat for the worker. Sweeps run several times per second."""
    if not beat_process.is_running:
        beat_process.start()
    return beat_process


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """Stop the worker and beat if the next test doesn't use them, because they would execute its tasks."""
    for name in ("beat_process", "worker_process"):
        process = getattr(item, "funcargs", {}).get(name)
        if process and name not in getattr(nextitem, "fixturenames", ()):
            process.stop()


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Set up the test database, and end other sessions before it is deleted: those of killed processes can outlive them."""
    yield
    # The server itself may already be shutting down.
    with contextlib.suppress(OperationalError), django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop() -> None:
    """Exclude loaded modules from garbage collection, which speeds it up, and enable it."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(200_000)
    gc.enable()


@pytest.fixture(autouse=True)
def _no_operator() -> Iterator[None]:
    """Let pages not read the operator, of whom the test database says nothing. Processes that tests start read it."""
    keep_site(Site(), seconds=inf)
    yield
    keep_site(Site(), seconds=inf)


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    """Reset the language, which requests leave activated in the thread."""
    with translation.override(settings.LANGUAGE_CODE):
        yield
