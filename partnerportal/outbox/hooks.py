"""Registrations with Celery and with other apps."""

from celery.signals import task_prerun
from django.db import close_old_connections

from partnerportal.outbox import events  # noqa: F401  # registers the descriptions of audit events

# A worker keeps its database connection between tasks, as a web process does (see CELERY_DB_REUSE_MAX).
task_prerun.connect(close_old_connections)
