"""The origin of the current request. Workers and management commands have none."""

from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True)
class Origin:
    """Source and IP address of a request."""

    source: str
    ip_address: str | None


origin: ContextVar[Origin | None] = ContextVar("audit_origin", default=None)
