"""Celery tasks."""

from partnerportal.network.applications.tasks import delete_old_applications

__all__ = ["delete_old_applications"]
