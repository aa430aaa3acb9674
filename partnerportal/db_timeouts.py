"""PostgreSQL timeouts: short for web processes, longer for workers, none for management commands.

They are connection options, so they need no query. An exceeded timeout raises `OperationalError`,
which web processes answer with 503.
"""

from typing import Literal

from django.conf import settings
from django.db import connections


def set_statement_timeouts(process: Literal["web", "worker"]) -> None:
    """Apply the timeouts in the settings to new connections. PgBouncer would reject them."""
    if settings.DATABASE_USES_PGBOUNCER:
        return
    limits = {
        "statement_timeout": getattr(settings, f"{process.upper()}_STATEMENT_TIMEOUT"),
        "lock_timeout": getattr(settings, f"{process.upper()}_LOCK_TIMEOUT"),
        "idle_in_transaction_session_timeout": getattr(settings, f"{process.upper()}_IDLE_TIMEOUT"),
    }
    connection_options = connections.settings["default"]["OPTIONS"]
    # Options in DATABASE_URL take precedence because they come last.
    own = [connection_options["options"]] if "options" in connection_options else []
    connection_options["options"] = " ".join([*(f"-c {name}={seconds}s" for name, seconds in limits.items()), *own])
