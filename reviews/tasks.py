"""Celery tasks."""

from celery import shared_task

from reviews.rounds.tasks import run_round, send_automatic, sweep_rounds
from reviews.services.recount import repair_summaries
from reviews.services.requests import remind_due

__all__ = ["recount", "remind", "run_round", "send_automatic", "sweep_rounds"]


@shared_task(name="reviews.remind")
def remind() -> int:
    """Send all due reminders and return their number."""
    return remind_due()


@shared_task(name="reviews.recount")
def recount() -> None:
    """Check and correct all rating summaries; runs every night."""
    repair_summaries()
