"""Tasks of this app, where Celery looks for them."""

from celery import shared_task

from reviews.services.recount import repair_summaries
from reviews.services.requests import remind_due


@shared_task(name="reviews.remind")
def remind() -> int:
    """Mail the reminders that are due; how many that were."""
    return remind_due()


@shared_task(name="reviews.services.recount")
def recount() -> None:
    """Every night: count all ratings afresh, report what differs, put it right."""
    repair_summaries()
