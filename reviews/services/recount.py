"""Consistency check of the rating summaries maintained by database triggers."""

import logging
from datetime import date
from typing import Any

from django.db import transaction
from django.db.models import Count, DateField, F, Func, Value
from django.db.models.functions import Cast
from django.utils import timezone

from partnerportal.agencies.models import Agency
from partnerportal.audit.models import AuditEvent
from partnerportal.audit.services import record
from reviews.models import RatingSummary, Review, ReviewMonth, ReviewRequest

logger = logging.getLogger(__name__)

#: Agencies compared per query.
BATCH_SIZE = 200


def repair_summaries() -> list[int]:
    """Compare all summaries with the reviews and return the keys of the agencies whose summary or months were corrected."""
    keys = list(Agency.objects.order_by("pk").values_list("pk", flat=True))
    batches = (keys[start : start + BATCH_SIZE] for start in range(0, len(keys), BATCH_SIZE))
    return [key for batch in batches for key in _find_mismatches(batch) if any([_repair(key), _repair_months(key)])]


def _find_mismatches(keys: list[int]) -> list[int]:
    """Return agencies whose summary seems wrong; concurrent writes can cause false positives."""
    totals, request_totals = RatingSummary.totals(), RatingSummary.request_totals()
    zeros = dict.fromkeys((*totals, *request_totals), 0)
    calculated: dict[int, dict[str, int]] = {key: dict(zeros) for key in keys}
    rows: Any = Review.objects.filter(agency__in=keys).order_by().values("agency").annotate(**totals)
    requests: Any = ReviewRequest.objects.filter(agency__in=keys).order_by().values("agency").annotate(**request_totals)
    for row in (*rows, *requests):
        calculated[row.pop("agency")] |= row
    stored = {summary.pk: summary.figures() for summary in RatingSummary.objects.filter(agency__in=keys)}
    wrong_months = {key for key, _month, _number in counted_months(keys) ^ _stored_months(keys)}
    return [key for key in keys if stored.get(key, zeros) != calculated[key] or key in wrong_months]


def counted_months(keys: list[int]) -> set[tuple[int, date, int]]:
    """Return the agency, month and number of all `ReviewMonth`s of these agencies, counted from the reviews."""
    local = Func(F("agency__time_zone"), F("created_at"), function="timezone")
    month = Cast(Func(Value("month"), local, function="date_trunc"), DateField())
    reviews = Review.objects.counted().filter(agency__in=keys).order_by()
    return set(reviews.values("agency", month=month).annotate(number=Count("*")).values_list("agency", "month", "number"))


def _stored_months(keys: list[int]) -> set[tuple[int, date, int]]:
    return set(ReviewMonth.objects.filter(agency__in=keys).exclude(count=0).values_list("agency", "month", "count"))


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


@transaction.atomic
def _repair_months(key: int) -> bool:
    """Count an agency's reviews by month again, under the same lock. Return False if the numbers were right."""
    RatingSummary.objects.select_for_update().get(agency=key)
    counted, stored = counted_months([key]), _stored_months([key])
    if counted == stored:
        return False
    logger.error("The reviews by month of agency %s were wrong (stored, counted): %s, %s", key, sorted(stored), sorted(counted))
    ReviewMonth.objects.filter(agency=key).delete()
    ReviewMonth.objects.bulk_create(ReviewMonth(agency_id=agency, month=month, count=number) for agency, month, number in counted)
    return True
