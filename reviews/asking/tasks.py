"""What workers and beat do about review requests."""

from celery import shared_task


@shared_task(name="reviews.remind")
def remind_of_reviews() -> int:
    """Mail the reminders that are due; how many that were."""
    from reviews.asking.services import remind_due

    return remind_due()
