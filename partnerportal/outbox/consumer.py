"""Workaround for a Celery defect that stops the worker (`CELERY_WORKER_CONSUMER`)."""

import logging

from celery.worker.consumer import Consumer as CelerysConsumer

logger = logging.getLogger(__name__)


class Consumer(CelerysConsumer):
    """Consumer that survives a restart of the broker while the worker has prefetched jobs.

    Celery 5.7 with kombu 5.7 closes a broken connection twice. The second time, kombu tries to return
    prefetched jobs over the closed connection, and the resulting AttributeError stops the worker. The
    broker redelivers those jobs after its `visibility_timeout`. Tasks that can't be delayed or repeated
    need their own protection, such as the outbox claim. Can be removed once
    `test_worker_survives_a_lost_broker_with_prefetched_jobs` passes without it.
    """

    def on_connection_error_after_connected(self, exc: Exception) -> None:
        try:
            super().on_connection_error_after_connected(exc)
        except AttributeError:
            # The connection has been released at this point; the consumer opens a new one next.
            logger.warning("Connection to the broker lost; it will redeliver unacknowledged jobs.", exc_info=True)
