"""Work of a bulk action: each batch is one transaction, which changes the customers and stores the position.

A killed worker's batch is rolled back, and the next worker continues after the last committed one.
"""

from collections.abc import Iterator
from typing import Any, cast

from django.db import transaction
from django.db.models import QuerySet
from django.http import QueryDict
from django.utils import timezone

from customers.bulk.actions import ACTIONS, BulkAction
from customers.bulk.models import BulkStatus, LeftOut
from customers.bulk.services import enqueue, finish
from customers.forms.filters import CustomerFilter
from customers.models import BulkBatch, BulkJob, Customer
from partnerportal.accounts.models import User
from partnerportal.agencies.models import Agency
from partnerportal.audit.services import record
from partnerportal.core.search import SearchQuerySet

#: Maximum number of customers that the request itself processes. A worker processes more.
DIRECT_LIMIT = 100
#: Number of customers in each transaction, at least `DIRECT_LIMIT`.
BATCH_SIZE = 500


def process(job: BulkJob) -> None:
    """Process a new action or undo now if it is small, or let a worker do so."""
    if job.progress_total > DIRECT_LIMIT:
        enqueue(job.pk)
        return
    for _batch in batches(job.pk):
        pass


def batches(job_id: int) -> Iterator[None]:
    """Process an action or its undo, pausing after each committed batch."""
    while _process_batch(job_id):
        yield


def matching(agency: Agency, query: str, user: Any) -> QuerySet[Customer] | None:
    """Return the customers that match the list's query string, or None if it is no longer valid.

    The search never falls back to similar words: changed customers may no longer match, and the next batch
    would then find others.
    """
    data = QueryDict(query, mutable=True)
    search = str(data.get("q", ""))
    data.pop("q", None)
    filters = CustomerFilter(data, agency=agency, user=user, team=list(agency.members.all()))
    if filters.errors:
        # For example, the account manager has left the team. Without the filter, more customers would match.
        return None
    customers, _count, _is_more = filters.customers()
    return cast(SearchQuerySet, customers).matching(search) if search else customers


@transaction.atomic
def _process_batch(job_id: int) -> bool:
    """Process the next batch. Return False if the job has ended."""
    agency = BulkJob.objects.filter(pk=job_id).values("agency")
    # Nobody leaves the team and no customer is erased until the end of the batch. Jobs of an agency take turns.
    if not Agency.objects.select_for_update(no_key=True).filter(pk__in=agency).first():
        return False
    # Waits for a second click on “Undo” or “Stop”, which holds the row for a moment.
    jobs = BulkJob.objects.select_for_update(of=("self",)).select_related("agency", "started_by", "undone_by")
    job = jobs.filter(pk=job_id).first()
    action = ACTIONS.get(job.action) if job else None
    if job is None or not job.is_at_work or action is None:
        return False
    job.heard_at, job.attempts = timezone.now(), 0
    (_undo_batch if job.status == BulkStatus.UNDOING else _change_batch)(job, action)
    job.save()
    return job.is_at_work


def _change_batch(job: BulkJob, action: BulkAction) -> None:
    customers = _customers_of(job, action)
    by = job.started_by
    if customers is None or by is None:
        finish(job, BulkStatus.FAILED)
        return
    following = customers.filter(number__gt=job.last_number, number__lte=job.up_to).order_by("number")
    locked = list(following.select_for_update(no_key=True, of=("self",)).values_list("pk", "number")[:BATCH_SIZE])
    # Read again, because they may have changed until they were locked.
    found = customers.filter(pk__in=[key for key, _number in locked]).annotate(reason=action.reason(job.values)).order_by("number")
    rows: list[Any] = list(found.only("number", "agency", "status", "responsible"))
    to_change = [row for row in rows if not row.reason]
    before = action.apply(to_change, values=job.values, by=by) if to_change else {}
    changes = [[row.pk, before[row.pk]] for row in to_change if row.pk in before]
    left_out = [[row.pk, row.number, row.reason or LeftOut.EDITED] for row in rows if row.pk not in before]
    if rows:
        BulkBatch.objects.create(job=job, number=job.batches, changes=changes, left_out=left_out)
        job.batches += 1
    job.progress += len(rows)
    _count(job, "changed", len(changes))
    for _key, _number, reason in left_out:
        _count(job, reason, 1)
    if len(locked) < BATCH_SIZE:
        finish(job, BulkStatus.DONE)
    else:
        job.last_number = locked[-1][1]


def _undo_batch(job: BulkJob, action: BulkAction) -> None:
    batch = job.processed.get(number=job.undone_batches)
    before = dict(batch.changes)
    customers = list(
        Customer.objects.filter(agency=job.agency, pk__in=before)
        .order_by("number")
        .select_for_update(no_key=True)
        .only("number", "agency", "status", "responsible")
    )
    reasons = action.undo(customers, before, values=job.values, by=job.undone_by) if customers else {}
    batch.not_undone = [[row.pk, row.number, reasons[row.pk]] for row in customers if row.pk in reasons]
    batch.save(update_fields=["not_undone"])
    job.undone_batches += 1
    job.progress += len(customers)
    _count(job, "undone", len(customers) - len(reasons))
    for reason in reasons.values():
        _count(job, f"kept_{reason}", 1)
    if job.undone_batches == job.batches:
        job.status = BulkStatus.UNDONE
        record("customers.bulk_undone", job.agency, by=job.undone_by, kind=job.action, count=job.undone)


def _customers_of(job: BulkJob, action: BulkAction) -> QuerySet[Customer] | None:
    """Return the customers of the action, or None if it can't continue.

    It continues only while the member who started it may do it and its values are valid.
    """
    member = job.agency.memberships.filter(user=job.started_by, user__is_active=True).first()
    if not member or not member.has_role(action.role) or not action.is_possible(job.agency, job.values):
        return None
    if job.selected is not None:
        return job.agency.customers.filter(number__in=job.selected)
    return matching(job.agency, job.query, cast(User, job.started_by))


def _count(job: BulkJob, name: str, number: int) -> None:
    if number:
        job.counts[name] = job.counts.get(name, 0) + number
