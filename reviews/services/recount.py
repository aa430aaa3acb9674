"""Whether the database's triggers added up right: all rating summaries, counted afresh."""

import logging
from typing import Any

from django.db import transaction
from django.utils import timezone

from partnerportal.agencies.models import Agency
from partnerportal.audit.models import AuditEvent
from partnerportal.audit.services import record
from reviews.models import RatingSummary, Review

logger = logging.getLogger(__name__)

#: So many agencies are compared at a time.
BATCH = 200


def repair_summaries() -> list[int]:
    """Compare every summary with its reviews; the agencies whose summary was wrong and has been put right."""
    keys = list(Agency.objects.order_by("pk").values_list("pk", flat=True))
    batches = (keys[start : start + BATCH] for start in range(0, len(keys), BATCH))
    return [key for batch in batches for key in _find_mismatches(batch) if _repair(key)]


def _find_mismatches(keys: list[int]) -> list[int]:
    """Agencies whose summary seems to differ; a review that comes in just now can make it seem so."""
    totals = RatingSummary.totals()
    rows: Any = Review.objects.counted().filter(agency__in=keys).values("agency").annotate(**totals)
    counted = {row["agency"]: {name: row[name] for name in totals} for row in rows}
    stored = {summary.pk: summary.figures() for summary in RatingSummary.objects.filter(agency__in=keys)}
    nothing = dict.fromkeys(totals, 0)
    return [key for key in keys if stored.get(key, nothing) != counted.get(key, nothing)]


@transaction.atomic
def _repair(key: int) -> bool:
    """Count one agency's reviews while no other can be added up. False if the summary was right after all."""
    agency = Agency.objects.get(pk=key)
    RatingSummary.objects.get_or_create(agency=agency)
    # Whoever writes a review now waits, at the trigger, until this is over.
    stored = RatingSummary.objects.select_for_update().get(agency=agency)
    was, afresh = stored.figures(), RatingSummary.recalculated(agency).figures()
    if was == afresh:
        return False
    wrong = {name: [was[name], afresh[name]] for name in afresh if was[name] != afresh[name]}
    logger.error("The rating summary of agency %s was wrong (stored, counted): %s", key, wrong)
    RatingSummary.objects.filter(agency=agency).update(**afresh, changed_at=timezone.now())
    record("rating_summary.repaired", stored, by=None, label=agency.name, source=AuditEvent.Source.SYSTEM, wrong=wrong)
    return True
