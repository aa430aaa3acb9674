"""How the log reads."""

import logging


def refusal_in_one_line(record: logging.LogRecord) -> bool:
    """For a `CallbackFilter`: a request that was refused (4xx) is no failure of ours, so it needs no traceback. Lets every record pass."""
    if getattr(record, "status_code", 500) < 500:
        record.exc_info = None
    return True
