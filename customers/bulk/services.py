"""Actions on bulk jobs: preview, start, stop, undo, enqueue again, purge.

A worker, or the request itself, processes the customers between these actions (`runner`).
"""

import logging
from dataclasses import dataclass
from datetime import timedelta

from celery import current_app
from django.conf import settings
from django.db import transaction
from django.db.models import Count, F, Max, Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone
from kombu.exceptions import OperationalError

from customers.bulk.actions import ACTIONS, BulkAction, Values
from customers.bulk.models import KEEP_DAYS, BulkStatus
from customers.models import BulkJob, Customer, FormSubmission
from customers.services.submissions import add_once
from partnerportal.accounts.models import User
from partnerportal.agencies.models import Agency
from partnerportal.audit.services import record

logger = logging.getLogger(__name__)

#: Number of times that a stalled job is enqueued again before it fails.
MAX_ATTEMPTS = 5


@dataclass(frozen=True)
class Selection:
    """Customers of an action: those with these numbers, or if None, all that match the list's query string."""

    numbers: list[int] | None
    query: str


@dataclass(frozen=True)
class Preview:
    """What an action would do now."""

    changed: int
    #: Number of customers left out by reason.
    left_out: dict[str, int]

    @property
    def total(self) -> int:
        """Number of selected customers."""
        return self.changed + sum(self.left_out.values())


def preview(customers: QuerySet[Customer], action: BulkAction, values: Values) -> Preview:
    """Return how many of the customers the action would change, and how many it would leave out."""
    counts = dict(customers.order_by().annotate(reason=action.reason(values)).values_list("reason").annotate(number=Count("pk")))
    return Preview(counts.pop("", 0), counts)


def start(*, agency: Agency, selection: Selection, action: BulkAction, values: Values, total: int, by: User, form_number: str) -> BulkJob:
    """Start an action once per form. The caller processes it or lets a worker do so.

    Raises:
        AlreadyAdded: The form has already started an action.
    """

    def create() -> BulkJob:
        return BulkJob.objects.create(
            agency=agency,
            started_by=by,
            action=action.key,
            values=values,
            selected=selection.numbers,
            query="" if selection.numbers is not None else selection.query,
            up_to=agency.customers.aggregate(last=Max("number"))["last"] or 0,
            progress_total=total,
        )

    # The form's number alone identifies the submission: the same action can be meant twice.
    return add_once(agency, number=form_number, content={"form": form_number}, by=by, add=create)


def job_of_form(agency: Agency, form_number: str) -> BulkJob | None:
    """Return the job that this form has started."""
    started = FormSubmission.objects.of_form(agency, form_number).values("added_id")
    return BulkJob.objects.filter(agency=agency, pk__in=started).first()


@transaction.atomic
def stop(job: BulkJob) -> bool:
    """Stop an action. Return False if it isn't running."""
    locked = _lock(job)
    if locked.status != BulkStatus.RUNNING:
        return False
    finish(locked, BulkStatus.STOPPED)
    return True


@transaction.atomic
def start_undo(job: BulkJob, *, by: User) -> bool:
    """Begin to undo an action. Return False if this isn't possible, or no longer. The caller processes it or lets a worker do so."""
    locked = _lock(job)
    if not locked.can_be_undone:
        return False
    locked.status, locked.undone_by, locked.progress, locked.progress_total = BulkStatus.UNDOING, by, 0, locked.changed
    locked.heard_at, locked.attempts = timezone.now(), 0
    locked.save()
    return True


def finish(job: BulkJob, status: BulkStatus) -> None:
    """End a locked action, and remove what can name a customer."""
    action = ACTIONS.get(job.action)
    if action and job.started_by:
        action.finished(job.agency, job.changed, values=job.values, by=job.started_by)
    job.status, job.finished_at, job.query = status, timezone.now(), ""
    job.values = {name: value for name, value in job.values.items() if action and name not in action.private}
    job.save()
    record("customers.bulk_changed", job.agency, by=job.started_by, kind=job.action, count=job.changed)


def enqueue(job_id: int) -> None:
    """Enqueue the worker's task. If the broker is unavailable, a sweep finds the job."""
    try:
        current_app.send_task("customers.work_bulk", (job_id,), retry=False, expires=settings.IMPORT_LEASE)
    except OperationalError as error:
        logger.warning("Broker unavailable; bulk action %s stays queued: %s", job_id, error)


def sweep() -> int:
    """Enqueue jobs that no worker processes, and return their number. Jobs fail after `MAX_ATTEMPTS` without progress."""
    at_work = Q(status__in=[BulkStatus.RUNNING, BulkStatus.UNDOING])
    stalled = BulkJob.objects.filter(at_work, heard_at__lte=Now() - timedelta(seconds=settings.IMPORT_LEASE))
    _fail(stalled.filter(attempts__gte=MAX_ATTEMPTS))
    keys = list(stalled.filter(attempts__lt=MAX_ATTEMPTS).values_list("pk", flat=True))
    BulkJob.objects.filter(pk__in=keys).update(heard_at=Now(), attempts=F("attempts") + 1)
    for key in keys:
        enqueue(key)
    return len(keys)


def purge() -> int:
    """Delete jobs after `KEEP_DAYS`, and return their number."""
    old = BulkJob.objects.filter(finished_at__lt=Now() - timedelta(days=KEEP_DAYS)).exclude(status=BulkStatus.UNDOING)
    keys = list(old.values_list("pk", flat=True))
    BulkJob.objects.filter(pk__in=keys).delete()
    return len(keys)


@transaction.atomic
def _fail(jobs: QuerySet[BulkJob]) -> None:
    for job in jobs.select_related("agency", "started_by").select_for_update(skip_locked=True, of=("self",)):
        logger.error("Bulk action %s failed.", job.pk)
        if job.status == BulkStatus.RUNNING:
            finish(job, BulkStatus.FAILED)
        else:
            job.status = BulkStatus.FAILED
            job.save(update_fields=["status"])


def _lock(job: BulkJob) -> BulkJob:
    return BulkJob.objects.select_for_update(of=("self",)).select_related("agency", "started_by").get(pk=job.pk)
