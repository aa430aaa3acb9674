"""How long PostgreSQL may take: a web process gives up soon, because a person waits; a worker later; a command such as `migrate` never.

The limits go with the opening of each connection, so they cost no query and no pooled session can keep another's. Reached, they are an
`OperationalError`: the transaction is undone, and the page is a 503 that may be asked for again.
"""

from typing import Literal

from django.conf import settings
from django.db import connections


def set_statement_timeouts(process: Literal["web", "worker"]) -> None:
    """From now on the connections of this process carry its limits (`WEB_STATEMENT_TIMEOUT` …); a pooler would refuse them."""
    if settings.DATABASE_USES_PGBOUNCER:
        return
    limits = {
        "statement_timeout": getattr(settings, f"{process.upper()}_STATEMENT_TIMEOUT"),
        "lock_timeout": getattr(settings, f"{process.upper()}_LOCK_TIMEOUT"),
        "idle_in_transaction_session_timeout": getattr(settings, f"{process.upper()}_IDLE_TIMEOUT"),
    }
    given = connections.settings["default"]["OPTIONS"]
    # What DATABASE_URL says itself comes last, and wins.
    own = [given["options"]] if "options" in given else []
    given["options"] = " ".join([*(f"-c {name}={seconds}s" for name, seconds in limits.items()), *own])
