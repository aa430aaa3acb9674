"""Actions on review rounds: plan, exclude, start, pause, resume, stop, enqueue again, purge.

A worker, or for small rounds the request itself, works on them between these actions (`runner`).
"""

import logging
from collections.abc import Collection
from contextlib import suppress
from datetime import timedelta

from celery import current_app
from django.conf import settings
from django.db import transaction
from django.db.models import F, Max, Q
from django.db.models.functions import Now
from django.utils import timezone
from kombu.exceptions import OperationalError

from customers.models import Customer
from customers.services.submissions import add_once
from partnerportal.accounts.models import User
from partnerportal.agencies.models import Agency, Role
from partnerportal.audit.services import record
from reviews.models import ReviewRound, RoundEntry
from reviews.rounds.models import Outcome, RoundStatus

logger = logging.getLogger(__name__)

#: Number of times that a stalled round is enqueued again before it fails.
MAX_ATTEMPTS = 5
#: Days after which a draft is deleted.
KEEP_DRAFT_DAYS = 30


def plan_round(review_round: ReviewRound, *, by: User, form_number: str) -> ReviewRound:
    """Save a new round once per form. The caller prepares it or lets a worker do so.

    Raises:
        AlreadyAdded: The form has already added a round.
    """

    def create() -> ReviewRound:
        review_round.started_by = by
        review_round.up_to = review_round.agency.customers.aggregate(last=Max("number"))["last"] or 0
        review_round.save()
        return review_round

    return add_once(review_round.agency, number=form_number, content={"form": form_number}, by=by, add=create)


@transaction.atomic
def exclude_customers(review_round: ReviewRound, *, listed: Collection[int], excluded: Collection[int]) -> bool:
    """Exclude these of the `listed` entries of a draft by hand, and include the others. Return False if it is no longer a draft."""
    locked = lock_round(review_round)
    if locked.status != RoundStatus.DRAFT:
        return False
    entries = RoundEntry.objects.filter(round=locked, pk__in=listed)
    added = entries.filter(pk__in=excluded, outcome=Outcome.WAITING).update(outcome=Outcome.EXCLUDED)
    removed = entries.exclude(pk__in=excluded).filter(outcome=Outcome.EXCLUDED).update(outcome=Outcome.WAITING)
    locked.count(Outcome.EXCLUDED, added - removed)
    locked.save(update_fields=["counts"])
    return True


def start_round(review_round: ReviewRound, *, by: User) -> bool:
    """Start a draft. Return False if it isn't one."""
    return _run(review_round, {RoundStatus.DRAFT}, "review_round.started", by=by)


def resume_round(review_round: ReviewRound, *, by: User) -> bool:
    """Resume a paused or failed round, or its preparation. Return False if it is neither."""
    return _run(review_round, {RoundStatus.PAUSED, RoundStatus.FAILED}, "review_round.resumed", by=by)


@transaction.atomic
def pause_round(review_round: ReviewRound, *, by: User | None) -> bool:
    """Pause a running round. Return False if it isn't running."""
    locked = lock_round(review_round)
    if locked.status != RoundStatus.RUNNING:
        return False
    locked.status = RoundStatus.PAUSED
    locked.save(update_fields=["status"])
    record("review_round.paused", locked, by=by, count=locked.requested)
    return True


@transaction.atomic
def stop_round(review_round: ReviewRound, *, by: User) -> bool:
    """Permanently stop a round that was started. Return False if it has ended or wasn't started."""
    locked = lock_round(review_round)
    if locked.is_planned or locked.has_ended:
        return False
    finish_round(locked, RoundStatus.STOPPED, by=by)
    locked.save()
    return True


@transaction.atomic
def discard_round(review_round: ReviewRound) -> bool:
    """Delete a round that wasn't started. Return False if it was."""
    locked = lock_round(review_round)
    if not locked.is_planned:
        return False
    locked.delete()
    return True


def erase_entries(customer: Customer, _by: User) -> None:
    """Remove a customer from all rounds, whose counts stay. Registered as an erasure hook."""
    RoundEntry.objects.filter(customer=customer).delete()


def finish_round(locked: ReviewRound, status: RoundStatus, *, by: User | None) -> None:
    """End a locked round, which the caller saves."""
    locked.status, locked.finished_at, locked.resume_at = status, timezone.now(), None
    action = "review_round.stopped" if status == RoundStatus.STOPPED else "review_round.finished"
    record(action, locked, by=by, count=locked.requested)


def lock_round(review_round: ReviewRound) -> ReviewRound:
    """Lock a round. A worker that sends a request finishes it first."""
    return ReviewRound.objects.select_for_update(of=("self",)).select_related("agency", "started_by").get(pk=review_round.pk)


def may_send(agency: Agency, user: User | None) -> bool:
    """Return whether requests of many can be sent in this member's name: they are still a manager of the agency."""
    member = agency.memberships.filter(user=user, user__is_active=True).first() if user else None
    return member is not None and member.has_role(Role.MANAGER)


def enqueue(round_id: int) -> None:
    """Enqueue the worker's task. If the broker is unavailable, a sweep finds the round."""
    try:
        current_app.send_task("reviews.work_round", (round_id,), retry=False, expires=settings.IMPORT_LEASE)
    except OperationalError as error:
        logger.warning("Broker unavailable; review round %s stays queued: %s", round_id, error)


def sweep() -> int:
    """Enqueue rounds that no worker processes and that don't wait for working hours. Return their number.

    Rounds fail after `MAX_ATTEMPTS` without progress.
    """
    at_work = Q(status__in=[RoundStatus.PREPARING, RoundStatus.RUNNING])
    is_time = Q(resume_at=None) | Q(resume_at__lte=Now())
    stalled = ReviewRound.objects.filter(at_work, is_time, heard_at__lte=Now() - timedelta(seconds=settings.IMPORT_LEASE))
    for round_id in stalled.filter(attempts__gte=MAX_ATTEMPTS).values_list("pk", flat=True):
        logger.error("Review round %s failed.", round_id)
    stalled.filter(attempts__gte=MAX_ATTEMPTS).update(status=RoundStatus.FAILED)
    keys = list(stalled.filter(attempts__lt=MAX_ATTEMPTS).values_list("pk", flat=True))
    ReviewRound.objects.filter(pk__in=keys).update(heard_at=Now(), attempts=F("attempts") + 1)
    for key in keys:
        enqueue(key)
    return len(keys)


def purge() -> int:
    """Delete drafts after `KEEP_DRAFT_DAYS`, and return their number."""
    old = ReviewRound.objects.filter(started_at=None)
    number = 0
    for key in list(old.filter(created_at__lt=Now() - timedelta(days=KEEP_DRAFT_DAYS)).values_list("pk", flat=True)):
        with suppress(ReviewRound.DoesNotExist):  # Discarded concurrently.
            number += discard_round(ReviewRound(pk=key))
    return number


@transaction.atomic
def _run(review_round: ReviewRound, states: set[RoundStatus], action: str, *, by: User) -> bool:
    locked = lock_round(review_round)
    if locked.status not in states:
        return False
    if locked.status == RoundStatus.FAILED and locked.is_planned:
        locked.status = RoundStatus.PREPARING
    else:
        if not may_send(locked.agency, locked.started_by) or locked.status == RoundStatus.DRAFT:
            locked.started_by = by
        locked.status, locked.started_at = RoundStatus.RUNNING, locked.started_at or timezone.now()
        record(action, locked, by=by, count=locked.waiting)
    locked.heard_at, locked.attempts, locked.resume_at = timezone.now(), 0, None
    locked.save()
    transaction.on_commit(lambda: enqueue(locked.pk), robust=True)
    return True
