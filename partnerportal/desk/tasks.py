"""Celery tasks, imported for autodiscovery."""

from partnerportal.desk.digest.tasks import send_digests

__all__ = ["send_digests"]
