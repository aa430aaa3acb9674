"""Two ways to send: by this process (`smtp`), where nothing needs to be committed, and by a worker as production runs it (`worker`)."""

from collections.abc import Iterator
from typing import Any

import pytest

from partnerportal.outbox.delivery import close_connection
from tests.smtp import Sink
from tests.workers import Process


@pytest.fixture(autouse=True)
def _no_connection_is_kept_from_test_to_test() -> Iterator[None]:
    yield
    close_connection()


@pytest.fixture
def smtp(smtp_sink: Sink, settings: Any) -> Iterator[Sink]:
    """The mail server, for mails that this process sends."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", smtp_sink.port
    smtp_sink.reset()
    yield smtp_sink
    smtp_sink.reset()


@pytest.fixture
def worker(transactional_db: None, celery_worker: Process, smtp_sink: Sink) -> Iterator[Process]:
    """The worker, running, with an empty mail server."""
    smtp_sink.reset()
    yield celery_worker
    smtp_sink.reset()
    if not celery_worker.is_running:
        celery_worker.start()
