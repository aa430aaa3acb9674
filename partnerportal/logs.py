"""How the log reads."""

import logging
import re

#: Addresses whose next part opens something for whoever has it: personal links, and those that reset a password.
_SECRET = re.compile(r"(/(?:r/stop|r|a|accounts/password/reset/key)/)[^/\s'\"]+")


def refusal_in_one_line(record: logging.LogRecord) -> bool:
    """For a `CallbackFilter`: a request that was refused (4xx) is no failure of ours, so it needs no traceback. Lets every record pass."""
    if getattr(record, "status_code", 500) < 500:
        record.exc_info = None
    return True


def no_secret_addresses(record: logging.LogRecord) -> bool:
    """For a `CallbackFilter`: whoever reads the log opens no personal link that was refused. Lets every record pass."""
    message = record.getMessage()
    if _SECRET.search(message):
        record.msg, record.args = _SECRET.sub(r"\1…", message), None
    if hasattr(record, "request"):
        record.request = _SECRET.sub(r"\1…", repr(record.request))
    return True
