"""From where the current change comes: set by the middleware for a request, absent in workers and commands."""

from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True)
class Origin:
    """Where a request came from."""

    source: str
    ip_address: str | None


origin: ContextVar[Origin | None] = ContextVar("audit_origin", default=None)
