"""How the log reads."""

import logging

from django.http import HttpRequest
from pythonjsonlogger.json import JsonFormatter

from partnerportal.core.redaction import redact, secrets_in

_CONTROLS = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160), 0x2028, 0x2029)}


def drop_client_error_traceback(record: logging.LogRecord) -> bool:
    """For a `CallbackFilter`: a request that was refused (4xx) is no failure of ours, so it needs no traceback. Lets every record pass."""
    if getattr(record, "status_code", 500) < 500:
        record.exc_info = None
    return True


def redacted_message(record: logging.LogRecord) -> bool:
    """For a `CallbackFilter`: redact secret links in the message. Lets every record pass."""
    request = getattr(record, "request", None)
    known = secrets_in(request.path) if isinstance(request, HttpRequest) else ()
    record.msg, record.args = redact(record.getMessage(), *known), ()
    return True


def redact_secrets(record: logging.LogRecord) -> bool:
    """For a `CallbackFilter`: no link that opens something gets into the log, and nothing that was typed can look like a line of its own.
    Lets every record pass."""
    redacted_message(record)
    record.msg = record.msg.translate(_CONTROLS)
    # Its address stands in the message already.
    record.__dict__.pop("request", None)
    return True


class RedactingFormatter(logging.Formatter):
    """Redacts secret links in all that another formatter writes, including tracebacks and additional fields."""

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
