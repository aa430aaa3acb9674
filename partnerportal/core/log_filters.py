"""Filters and formatters of the log."""

import logging
from collections.abc import Callable, Collection

from django.http import HttpRequest
from pythonjsonlogger.json import JsonFormatter

from partnerportal.core.redaction import redact, secrets_in

_CONTROLS = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160), 0x2028, 0x2029)}


def drop_client_error_traceback(record: logging.LogRecord) -> bool:
    """Remove the traceback of 4xx responses, which aren't failures. Passes every record."""
    if getattr(record, "status_code", 500) < 500:
        record.exc_info = None
    return True


def redact_message(record: logging.LogRecord) -> bool:
    """Redact secret links in the message. Passes every record."""
    request = getattr(record, "request", None)
    known = secrets_in(request.path) if isinstance(request, HttpRequest) else ()
    record.msg, record.args = redact(record.getMessage(), *known), ()
    return True


def redact_secrets(record: logging.LogRecord) -> bool:
    """Redact secret links and escape control characters in the message. Passes every record."""
    redact_message(record)
    record.msg = record.msg.translate(_CONTROLS)
    # Its URL is part of the message.
    record.__dict__.pop("request", None)
    return True


def without_tasks(names: Collection[str]) -> Callable[[logging.LogRecord], bool]:
    """Return a filter that drops Celery's messages about the regular course of these tasks."""

    def is_kept(record: logging.LogRecord) -> bool:
        if record.levelno > logging.INFO or not record.name.startswith("celery."):
            return True
        data = getattr(record, "data", None)
        # Of beat's messages, the second argument is the task.
        task = data.get("name") if isinstance(data, dict) else (*record.args, None, None)[1] if isinstance(record.args, tuple) else None
        return task not in names

    return is_kept


class RedactingFormatter(logging.Formatter):
    """Redacts secret links in the output of another formatter, including tracebacks and additional fields."""

    def __init__(self, formatter: logging.Formatter | None) -> None:
        super().__init__()
        self._formatter = formatter or logging.Formatter()

    def format(self, record: logging.LogRecord) -> str:
        return redact(self._formatter.format(record))


def line_formatter(fmt: str) -> RedactingFormatter:
    """Return the formatter for people."""
    return RedactingFormatter(logging.Formatter(fmt))


def json_formatter(fmt: str, rename_fields: dict[str, str], timestamp: str) -> RedactingFormatter:
    """Return the formatter for machines: one JSON object per line."""
    return RedactingFormatter(JsonFormatter(fmt, rename_fields=rename_fields, timestamp=timestamp))
