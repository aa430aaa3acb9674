"""Loads what a Celery worker and a beat need, for the process of which they are forks (tests/workers.py)."""

import celery.apps.beat
import celery.apps.worker
import celery.bin.celery
import celery.concurrency.prefork
import django
from celery.worker import consumer
from kombu.transport import redis

from partnerportal import celery_app

__all__ = ["celery", "consumer", "redis"]

django.setup()
celery_app.loader.import_default_modules()
