"""Counts the jobs of a worker (Celery signals)."""

from time import perf_counter
from typing import Any

from celery.signals import task_postrun, task_prerun

from partnerportal.core.counters import count

_started: dict[str, float] = {}


def count_jobs() -> None:
    """Count the jobs of this process and of its forks."""
    task_prerun.connect(_on_start)
    task_postrun.connect(_on_end)


def _on_start(task_id: str, **_: Any) -> None:
    _started[task_id] = perf_counter()


def _on_end(task_id: str, task: Any, state: str | None = None, **_: Any) -> None:
    seconds = perf_counter() - _started.pop(task_id, perf_counter())
    # The state is None if the worker rejects or ignores the job.
    count(("jobs", (task.name, (state or "ignored").lower()), 1), ("job_seconds", (task.name,), seconds))
