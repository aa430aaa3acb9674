"""Heartbeat of processes that serve no requests: health checks read the age of `HEARTBEAT_FILE`.

A worker touches it every two seconds while it is connected to the broker, beat after each task it publishes.
"""

from pathlib import Path
from typing import Any

from django.conf import settings

from partnerportal.core.counters import record_tick


def touch_heartbeat(**_: Any) -> None:
    """Receive a Celery signal."""
    if settings.HEARTBEAT_FILE:
        Path(settings.HEARTBEAT_FILE).touch()


def record_tick_of_beat(**_: Any) -> None:
    """Receive the signal that beat has published a task."""
    record_tick()
