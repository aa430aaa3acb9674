"""Celery's consumer, with a defect mended that ends the worker (`CELERY_WORKER_CONSUMER`)."""

import logging

from celery.worker.consumer import Consumer as CelerysConsumer

logger = logging.getLogger(__name__)


class Consumer(CelerysConsumer):
    """A worker that outlives its broker's restart, also when jobs wait in its hands.

    Celery 5.7 with kombu 5.7 closes a connection that broke twice. The second time kombu wants to give back to the broker
    what the worker has fetched and not begun, over the connection that is gone: an AttributeError that nobody catches
    ends the worker. What can't be given back, the broker hands out again after its `visibility_timeout`; whatever can't
    wait so long, or must not be done twice, has to see to that itself, as the outbox does.
    Superfluous as soon as `test_a_broker_that_goes_away_while_jobs_wait_in_the_worker_does_not_end_it` passes without.
    """

    def on_connection_error_after_connected(self, exc: Exception) -> None:
        try:
            super().on_connection_error_after_connected(exc)
        except AttributeError:
            # The connection is let go of by now, and a new one is what comes next.
            logger.warning("Connection to the broker lost; it will redeliver unacknowledged jobs.", exc_info=True)
