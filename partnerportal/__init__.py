"""Partner Portal. Imports the Celery application so that `shared_task` finds it in every process."""

from partnerportal.celery import app as celery_app

__all__ = ["celery_app"]
