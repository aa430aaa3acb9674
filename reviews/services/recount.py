"""Consistency check of the rating summaries maintained by database triggers."""

import logging
from typing import Any

from django.db import transaction
from django.utils import timezone

from partnerportal.agencies.models import Agency
from partnerportal.audit.models import AuditEvent
from partnerportal.audit.services import record
from reviews.models import RatingSummary, Review, ReviewRequest

logger = logging.getLogger(__name__)

#: Agencies compared per query.
BATCH_SIZE = 200


def repair_summaries() -> list[int]:
    """Compare all summaries with the reviews and return the keys of the agencies whose summary was corrected."""
    keys = list(Agency.objects.order_by("pk").values_list("pk", flat=True))
    batches = (keys[start : start + BATCH_SIZE] for start in range(0, len(keys), BATCH_SIZE))
    return [key for batch in batches for key in _find_mismatches(batch) if _repair(key)]


def _find_mismatches(keys: list[int]) -> list[int]:
    """Return agencies whose summary seems wrong; concurrent writes can cause false positives."""
    totals, request_totals = RatingSummary.totals(), RatingSummary.request_totals()
    zeros = dict.fromkeys((*totals, *request_totals), 0)
    calculated: dict[int, dict[str, int]] = {key: dict(zeros) for key in keys}
    rows: Any = Review.objects.counted().filter(agency__in=keys).order_by().values("agency").annotate(**totals)
    requests: Any = ReviewRequest.objects.filter(agency__in=keys).order_by().values("agency").annotate(**request_totals)
    for row in (*rows, *requests):
        calculated[row.pop("agency")] |= row
    stored = {summary.pk: summary.figures() for summary in RatingSummary.objects.filter(agency__in=keys)}
    return [key for key in keys if stored.get(key, zeros) != calculated[key]]


@transaction.atomic
def _repair(key: int) -> bool:
    """Recalculate an agency's summary under a lock. Return False if it was right."""
    agency = Agency.objects.get(pk=key)
    RatingSummary.objects.get_or_create(agency=agency)
    # Concurrent writes of reviews wait for this lock in their trigger.
    summary = RatingSummary.objects.select_for_update().get(agency=agency)
    stored, calculated = summary.figures(), RatingSummary.recalculated(agency).figures()
    if stored == calculated:
        return False
    wrong = {name: [stored[name], calculated[name]] for name in calculated if stored[name] != calculated[name]}
    logger.error("The rating summary of agency %s was wrong (stored, counted): %s", key, wrong)
    RatingSummary.objects.filter(agency=agency).update(**calculated, changed_at=timezone.now())
    record("rating_summary.repaired", summary, by=None, label=agency.name, source=AuditEvent.Source.SYSTEM, wrong=wrong)
    return True
