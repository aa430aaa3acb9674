"""Two ways to send e-mails: in the test process without a commit (`smtp`), or by a Celery worker (`worker`)."""

from collections.abc import Iterator
from typing import Any

import pytest

from partnerportal.outbox.delivery import close_connection
from tests.smtp import Sink
from tests.workers import Process


@pytest.fixture(autouse=True)
def _own_connection() -> Iterator[None]:
    """Close the connection before and after each test: tests elsewhere keep one, to another server."""
    close_connection()
    yield
    close_connection()


@pytest.fixture
def smtp(smtp_sink: Sink, settings: Any) -> Iterator[Sink]:
    """Mail server for e-mails sent by the test process."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", smtp_sink.port
    smtp_sink.reset()
    yield smtp_sink
    smtp_sink.reset()


@pytest.fixture
def worker(celery_worker: Process) -> Process:
    """Running worker with an empty mail server."""
    return celery_worker
