"""A sign of life from processes that answer no requests: while they work they touch `HEARTBEAT_FILE`, and its age tells.

A worker touches it every two seconds while it is connected to the broker; beat, whenever the broker has taken a job from it.
"""

from pathlib import Path
from typing import Any

from django.conf import settings


def touch_heartbeat(**_: Any) -> None:
    """A receiver for Celery's signals."""
    if settings.HEARTBEAT_FILE:
        Path(settings.HEARTBEAT_FILE).touch()
