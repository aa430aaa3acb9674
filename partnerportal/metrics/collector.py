"""Figures that are read when they are requested: the outbox from the database, jobs, beat and rate limits from Redis."""

import logging
from collections.abc import Iterator

import redis
from django.db import DatabaseError
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from partnerportal.core.counters import counted, tick_age
from partnerportal.outbox.queries import outbox_figures

logger = logging.getLogger(__name__)

#: Shared counters: their labels and description.
COUNTERS = {
    "delivery_attempts": (("outcome",), "Attempts to deliver an e-mail: sent, deferred (tried again), rejected, or error (a bug)."),
    "jobs": (("job", "outcome"), "Jobs that a worker has processed."),
    "job_seconds": (("job",), "Time that workers spent on jobs."),
    "rate_limit_hits": (("limit",), "Attempts refused by a rate limit. “sign_in” is the limit of wrong passwords and codes."),
}


class SharedFigures(Collector):
    """The same figures from each web process. What is unavailable is missing, and `portal_up` says so."""

    def collect(self) -> Iterator[Metric]:
        up = GaugeMetricFamily("portal_up", "Whether the database or Redis responds.", labels=["service"])
        for service, read in (("database", self._from_database), ("redis", self._from_redis)):
            try:
                families = list(read())
            except (DatabaseError, redis.RedisError, OSError) as error:
                logger.warning("Metrics of the %s are missing: %s", service, error)
                up.add_metric([service], 0)
            else:
                up.add_metric([service], 1)
                yield from families
        yield up

    def _from_database(self) -> Iterator[Metric]:
        figures = outbox_figures()
        for name, text, value in (
            ("queued", "E-mails to be sent, counted up to 10,000.", figures.queued),
            ("retrying", "Those of them with an unsuccessful attempt.", figures.retrying),
            ("failed", "Failed e-mails that have not been marked as seen, counted up to 10,000.", figures.failed),
            ("oldest_seconds", "Age of the oldest of the e-mails to be sent; 0 without one.", figures.oldest),
            ("overdue_seconds", "Time since the earliest attempt that is due and hasn't begun; 0 without one.", figures.overdue),
        ):
            yield GaugeMetricFamily(f"portal_outbox_{name}", text, value)

    def _from_redis(self) -> Iterator[Metric]:
        for name, (labels, text) in COUNTERS.items():
            family = CounterMetricFamily(f"portal_{name}", text, labels=labels)
            for values, value in sorted(counted(name).items()):
                family.add_metric(values, value)
            yield family
        if (age := tick_age()) is not None:
            yield GaugeMetricFamily("portal_beat_age_seconds", "Time since beat last published a job.", age)
