"""Consistency check of the rating summaries maintained by database triggers."""

import logging
from typing import Any

from django.db import transaction
from django.db.models import Count, DateField, F, Func, IntegerField, Value
from django.db.models.functions import Cast
from django.utils import timezone

from partnerportal.agencies.models import Agency
from partnerportal.audit.models import AuditEvent
from partnerportal.audit.services import record
from reviews.models import RatingSummary, RequestMonth, Review, ReviewMonth, ReviewRequest

logger = logging.getLogger(__name__)

#: Rows of a table of months.
Rows = set[tuple[Any, ...]]
#: The compared columns of these tables; those from `count` on are figures.
_COLUMNS: dict[type[ReviewMonth | RequestMonth], tuple[str, ...]] = {
    ReviewMonth: ("agency", "month", *ReviewMonth.totals()),
    RequestMonth: ("agency", "month", "days", "count"),
}


def _local(field: str) -> Func:
    return Func(F("agency__time_zone"), F(field), function="timezone")


def _local_date(field: str) -> Cast:
    """Return an expression for the date of a timestamp in the agency's time zone."""
    return Cast(_local(field), DateField())


_MONTH = Cast(Func(Value("month"), _local("created_at"), function="date_trunc"), DateField())

#: Agencies compared per query.
BATCH_SIZE = 200


def repair_summaries() -> list[int]:
    """Compare all summaries with the reviews and requests. Return the keys of the agencies whose summary or months were corrected."""
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
    wrong_months = {agency for counted_rows, stored_rows in _months(keys).values() for agency, *_row in counted_rows ^ stored_rows}
    return [key for key in keys if stored.get(key, zeros) != calculated[key] or key in wrong_months]


def _months(keys: list[int]) -> dict[type[ReviewMonth | RequestMonth], tuple[Rows, Rows]]:
    """Return the counted and the stored rows of these agencies in both tables; rows of zeros are the same as none."""
    stored: dict[type[ReviewMonth | RequestMonth], Rows] = {
        model: {row for row in model.objects.filter(agency__in=keys).values_list(*columns) if any(row[columns.index("count") :])}
        for model, columns in _COLUMNS.items()
    }
    return {
        ReviewMonth: (counted_months(keys), stored[ReviewMonth]),
        RequestMonth: (counted_request_months(keys), stored[RequestMonth]),
    }


def counted_months(keys: list[int]) -> Rows:
    """Return all `ReviewMonth`s of these agencies, counted from the reviews, in the order of `_COLUMNS`."""
    reviews: Any = Review.objects.counted().filter(agency__in=keys).order_by()
    return set(reviews.values("agency", month=_MONTH).annotate(**ReviewMonth.totals()).values_list(*_COLUMNS[ReviewMonth]))


def counted_request_months(keys: list[int]) -> Rows:
    """Return all `RequestMonth`s of these agencies, counted from the review requests, in the order of `_COLUMNS`."""
    requests: Any = ReviewRequest.objects.exclude(status="withdrawn").filter(agency__in=keys).order_by()
    dates = _local_date("answered_at"), _local_date("created_at")
    days = Func(*dates, template="(%(expressions)s)", arg_joiner=" - ", output_field=IntegerField())
    return set(requests.values("agency", month=_MONTH, days=days).annotate(count=Count("*")).values_list(*_COLUMNS[RequestMonth]))


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
    """Count an agency's reviews and requests by month again, under the same lock. Return False if the numbers were right."""
    RatingSummary.objects.select_for_update().get(agency=key)
    wrong = {model: both for model, both in _months([key]).items() if both[0] != both[1]}
    for model, (counted, stored) in wrong.items():
        table = model._meta.db_table
        logger.error("The rows of agency %s in %s were wrong (stored, counted): %s, %s", key, table, stored - counted, counted - stored)
        rows: Any = model.objects.filter(agency=key)
        rows.delete()
        rows.bulk_create(model(agency_id=key, **dict(zip(_COLUMNS[model][1:], row[1:], strict=True))) for row in counted)
    return bool(wrong)
