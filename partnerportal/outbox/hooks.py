"""Registrations with Celery and other apps."""

from celery.signals import task_prerun
from django.db import close_old_connections

from partnerportal.accounts.address_data import ADDRESS_DATA
from partnerportal.outbox import events  # noqa: F401  # registers the descriptions of audit events
from partnerportal.outbox.address_data import SECTIONS

ADDRESS_DATA.extend(SECTIONS)

# Workers keep their database connection between tasks, as web processes do (see CELERY_DB_REUSE_MAX).
task_prerun.connect(close_old_connections)
