"""Fixtures for all tests."""

import contextlib
import gc
from collections.abc import Iterator
from copy import copy
from typing import Any

import pgtrigger
import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import OperationalError, connection, transaction
from django.test import Client, TransactionTestCase
from django.test import client as test_client
from django.test.utils import ContextList
from django.utils import translation

from tests import workers
from tests.cast import Cast
from tests.smtp import Sink

#: What Django itself puts into the database after migrating: making it anew after each test takes longer than most tests.
MADE_BY_DJANGO = {"django_migrations", "django_content_type", "auth_permission"}


def _empty_tables(case: TransactionTestCase) -> None:
    names = connection.introspection.django_table_names(only_existing=True, include_views=False)
    tables = [connection.ops.quote_name(name) for name in sorted(set(names) - MADE_BY_DJANGO)]
    # Not TRUNCATE, which makes new files for each table and index: the tests' tables hold a few rows each. What another process
    # is still writing is waited for. Foreign keys are looked at when all is gone.
    statements = [f"LOCK TABLE {', '.join(tables)} IN SHARE ROW EXCLUSIVE MODE", *(f"DELETE FROM {name}" for name in tables)]  # noqa: S608
    with pgtrigger.ignore(), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("; ".join(statements))


def _empty_tables_patiently(case: TransactionTestCase) -> None:
    """After a test with real transactions. A worker beside the tests may hold a table that is to be emptied, and want one that is
    emptied already; then PostgreSQL ends one of the two, and here that is no failure of the test."""
    for _ in range(5):
        with contextlib.suppress(OperationalError):
            return _empty_tables(case)
    return _empty_tables(case)


TransactionTestCase._fixture_teardown = _empty_tables_patiently


def _keep_the_first_context(store: dict[str, Any], signal: Any, sender: Any, template: Any, context: Any, **_kwargs: Any) -> None:
    """What the test client keeps of a response: the page's own context, not a copy of it for each of some hundred included templates."""
    store.setdefault("templates", []).append(template)
    if "context" not in store:
        store["context"] = ContextList([copy(context)])


test_client.store_rendered_templates = _keep_the_first_context


@pytest.fixture
def cast(db: None) -> Cast:
    """Agency Alder with its people, agency Birch with Charlie."""
    return Cast()


@pytest.fixture
def alice(cast: Cast) -> Client:
    """A browser in which Alice, owner of Alder, is signed in."""
    client = Client()
    client.force_login(cast.alice)
    return client


@pytest.fixture
def stan(cast: Cast) -> Client:
    """A browser in which Stan, staff at Alder, is signed in."""
    client = Client()
    client.force_login(cast.stan)
    return client


@pytest.fixture
def charlie(cast: Cast) -> Client:
    """A browser in which Charlie, owner of Birch, is signed in."""
    client = Client()
    client.force_login(cast.charlie)
    return client


@pytest.fixture
def clean_cache() -> None:
    """An empty cache; each parallel test process has a Redis database of its own."""
    cache.clear()


@pytest.fixture(scope="session")
def smtp_sink() -> Iterator[Sink]:
    """A mail server: `smtp_sink.wait_for("kim@client.example")` is what the worker sent there."""
    with Sink() as sink:
        yield sink


@pytest.fixture(scope="session")
def broker_wire() -> Iterator[workers.Wire]:
    """The worker's way to the broker, which can be cut."""
    with workers.Wire() as wire:
        yield wire


@pytest.fixture(scope="module")
def celery_worker(
    django_db_setup: None, smtp_sink: Sink, broker_wire: workers.Wire, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[workers.Process]:
    """A worker that does what is committed (so the test needs `transactional_db`) and sends its mails to `smtp_sink`.

    For a module's tests only: it would take others' jobs before they can look at them.
    """
    with workers.worker(smtp_sink, broker_wire.url, tmp_path_factory.mktemp("worker")) as process:
        yield process


@pytest.fixture(scope="module")
def celery_beat(
    celery_worker: workers.Process, smtp_sink: Sink, broker_wire: workers.Wire, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[workers.Process]:
    """Beat beside the worker, for all tests of a module: the sweep runs every few moments."""
    with workers.beat(smtp_sink, broker_wire.url, tmp_path_factory.mktemp("beat")) as process:
        yield process


def pytest_collection_finish() -> None:
    """What is loaded by now stays until the end: the search for garbage needn't look at it again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000)


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    """A request leaves its language behind in the thread (the next one sets its own); a test must not find another's."""
    with translation.override(settings.LANGUAGE_CODE):
        yield
