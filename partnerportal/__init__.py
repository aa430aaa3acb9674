"""Partner Portal. Importing Celery's application here lets `shared_task` find it in every process."""

from partnerportal.celery import app as celery_app

__all__ = ["celery_app"]
