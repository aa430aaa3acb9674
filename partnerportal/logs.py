"""How the log reads."""

import logging
import re

#: What stands behind these opens something: personal links, links to confirm an address or to set a new password.
_SECRETS = re.compile(r"(/(?:r/stop|r|a|confirm-email|password/reset/key)/)[^/\s?#]+")
_CONTROLS = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160), 0x2028, 0x2029)}


def refusal_in_one_line(record: logging.LogRecord) -> bool:
    """For a `CallbackFilter`: a request that was refused (4xx) is no failure of ours, so it needs no traceback. Lets every record pass."""
    if getattr(record, "status_code", 500) < 500:
        record.exc_info = None
    return True


def nothing_hidden(record: logging.LogRecord) -> bool:
    """For a `CallbackFilter`: no link that opens something gets into the log, and nothing that was typed can look like a line of its own.
    Lets every record pass."""
    record.msg, record.args = _SECRETS.sub(r"\1…", record.getMessage()).translate(_CONTROLS), ()
    # Its address stands in the message already.
    record.__dict__.pop("request", None)
    return True
