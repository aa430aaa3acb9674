"""The Celery application: any number of `celery -A partnerportal worker`, and one `celery -A partnerportal beat`."""

import os
from typing import Any

from celery import Celery
from celery.signals import after_task_publish, beat_init, heartbeat_sent, worker_init

from partnerportal.db_timeouts import set_statement_timeouts
from partnerportal.heartbeat import touch_heartbeat

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "partnerportal.settings")

app = Celery("partnerportal")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_init.connect
def _a_worker_starts(**_: Any) -> None:
    # Before it divides itself, so that each of its processes has them.
    set_statement_timeouts("worker")


@beat_init.connect
def _beat_starts(**_: Any) -> None:
    # Each job that the broker has taken, every few seconds (OUTBOX_SWEEP_INTERVAL), shows that both are alive.
    after_task_publish.connect(touch_heartbeat)


heartbeat_sent.connect(touch_heartbeat)
