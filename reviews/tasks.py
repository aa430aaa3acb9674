"""Tasks of this app, where Celery looks for them."""

from reviews.asking.tasks import remind_of_reviews

__all__ = ["remind_of_reviews"]
