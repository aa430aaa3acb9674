"""The Celery application. Run any number of workers, and a single beat."""

import os
from typing import Any

from celery import Celery
from celery.signals import after_task_publish, beat_init, heartbeat_sent, setup_logging, worker_init
from django.conf import settings

from partnerportal.db_timeouts import set_statement_timeouts
from partnerportal.heartbeat import record_tick_of_beat, touch_heartbeat
from partnerportal.metrics.jobs import count_jobs

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "partnerportal.settings")

app = Celery("partnerportal")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@setup_logging.connect
def _on_setup_logging(**_: Any) -> None:
    """Do nothing: with a receiver, Celery leaves the log as LOG_LEVEL and LOG_FORMAT have set it. Its own default is WARNING."""


@worker_init.connect
def _on_worker_init(**_: Any) -> None:
    # Before the worker forks, so that all its processes inherit the timeouts.
    set_statement_timeouts("worker")
    if settings.METRICS_ENABLED:
        count_jobs()


@beat_init.connect
def _on_beat_init(**_: Any) -> None:
    # Beat publishes a task every OUTBOX_SWEEP_INTERVAL seconds, which shows that beat and broker work.
    after_task_publish.connect(touch_heartbeat)
    if settings.METRICS_ENABLED:
        after_task_publish.connect(record_tick_of_beat)


heartbeat_sent.connect(touch_heartbeat)
