"""What the log says of a request."""

import logging

import pytest
from django.test import Client

from partnerportal.logs import refusal_in_one_line


def test_a_refusal_is_a_line_and_no_traceback(stan: Client, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "django.request"):
        assert stan.get("/customers/import/").status_code == 403
    (record,) = caplog.records
    assert record.exc_info is None
    assert "/customers/import/" in record.getMessage()


def test_a_failure_keeps_its_traceback() -> None:
    failure = logging.LogRecord("django.request", logging.ERROR, "", 0, "Internal Server Error", None, (ValueError, ValueError(), None))
    failure.status_code = 500  # type: ignore[attr-defined]
    assert refusal_in_one_line(failure)
    assert failure.exc_info
