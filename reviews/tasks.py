"""Tasks of this app, where Celery looks for them."""

from celery import shared_task

from reviews.recounting import recount_all


@shared_task(name="reviews.recount")
def recount() -> None:
    """Every night: count all ratings afresh, report what differs, put it right."""
    recount_all()
