"""Work of a review round: each step is one transaction, which asks one customer and stores the result.

A killed worker's step is rolled back, so that the next worker neither repeats nor loses a request.
"""

from collections.abc import Iterator
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from customers.models import Customer, Project
from partnerportal.accounts.models import User
from partnerportal.audit.services import record
from partnerportal.core.pending import day_in
from reviews.models import ReviewRound, RoundEntry
from reviews.rounds.hours import is_open, next_opening
from reviews.rounds.models import Outcome, RoundStatus
from reviews.rounds.queries import reasons, selected_customers, with_reason
from reviews.rounds.services import enqueue, finish_round, may_send
from reviews.services.requests import lock_customer, request_review

#: Number of customers of a round that the request itself prepares. A worker prepares more.
DIRECT_LIMIT = 500
#: Number of customers prepared in each transaction, at least `DIRECT_LIMIT`.
BATCH_SIZE = 500
#: Why `request_review` refused, by the code of its error.
_REFUSED = {
    "not_active": Outcome.ARCHIVED,
    "own_staff": Outcome.OWN_STAFF,
    "no_email": Outcome.NO_EMAIL,
    "stopped": Outcome.UNSUBSCRIBED,
    "recently_requested": Outcome.RECENT,
}


def prepare(review_round: ReviewRound) -> None:
    """Find the customers of a new round now if they are few, or let a worker do so."""
    if selected_customers(review_round)[: DIRECT_LIMIT + 1].count() > DIRECT_LIMIT:
        enqueue(review_round.pk)
        return
    for _step in steps(review_round.pk):
        pass


def steps(round_id: int) -> Iterator[None]:
    """Prepare a round, or send its requests, pausing after each committed step."""
    while _step(round_id):
        yield


@transaction.atomic
def _step(round_id: int) -> bool:
    """Do the next step. Return False if there is nothing more to do now."""
    # Waits for a click on “Pause” or “Stop”, and for another worker.
    rounds = ReviewRound.objects.select_for_update(of=("self",)).select_related("agency", "started_by")
    review_round = rounds.filter(pk=round_id).first()
    if review_round is None or review_round.status not in {RoundStatus.PREPARING, RoundStatus.RUNNING}:
        return False
    review_round.heard_at, review_round.attempts = timezone.now(), 0
    goes_on = _prepare_batch(review_round) if review_round.status == RoundStatus.PREPARING else _ask_next(review_round)
    review_round.save()
    return goes_on


def _prepare_batch(review_round: ReviewRound) -> bool:
    customers = selected_customers(review_round).filter(number__gt=review_round.last_number, number__lte=review_round.up_to)
    found = list(with_reason(customers, review_round).only("number", "email", "agency").order_by("number")[:BATCH_SIZE])
    entries = [
        RoundEntry(round=review_round, agency_id=review_round.agency_id, customer=customer, outcome=reason or Outcome.WAITING)
        for customer, reason in zip(found, reasons(review_round.agency, found), strict=True)
    ]
    RoundEntry.objects.bulk_create(entries)
    for entry in entries:
        if entry.outcome != Outcome.WAITING:
            review_round.count(entry.outcome)
    review_round.total += len(entries)
    if len(found) < BATCH_SIZE:
        review_round.status = RoundStatus.DRAFT
        return False
    review_round.last_number = found[-1].number
    return True


def _ask_next(review_round: ReviewRound) -> bool:
    now, zone = timezone.now(), review_round.agency.time_zone
    entry = review_round.entries.filter(outcome=Outcome.WAITING).select_related("customer").order_by("pk").first()
    if entry is None:
        if erased := review_round.waiting:
            review_round.count(Outcome.GONE, erased)
        finish_round(review_round, RoundStatus.DONE, by=None)
        return False
    if not may_send(review_round.agency, review_round.started_by):
        review_round.status = RoundStatus.PAUSED
        record("review_round.paused", review_round, by=None, count=review_round.requested)
        return False
    if review_round.sent_on != (today := day_in(zone, now)):
        review_round.sent_on, review_round.sent_count = today, 0
    is_full = review_round.sent_count >= review_round.per_day
    if is_full or not is_open(now, zone, review_round.from_hour, review_round.until_hour):
        review_round.resume_at = next_opening(now, zone, review_round.from_hour)
        return False
    review_round.resume_at = None
    customer = lock_customer(entry.customer)
    if not review_round.entries.filter(pk=entry.pk, customer=customer).exists():
        return True  # The customer was erased or merged before it was locked.
    entry.outcome = _ask(review_round, customer)
    entry.save(update_fields=["outcome"])
    review_round.count(entry.outcome)
    review_round.sent_count += entry.outcome == Outcome.REQUESTED
    return True


def _ask(review_round: ReviewRound, customer: Customer) -> Outcome:
    """Request the review of a locked customer, or return why it is now left out."""
    if customer.status not in {Customer.Status.ACTIVE, Customer.Status.ARCHIVED}:
        return Outcome.GONE
    found: Any = with_reason(selected_customers(review_round).filter(pk=customer.pk), review_round).first()
    if found is None:
        return Outcome.UNMATCHED
    if found.reason:
        return Outcome(found.reason)
    rated = customer.projects.get(pk=found.rated) if found.rated else None
    return ask(customer, rated, by=review_round.started_by, review_round=review_round)


def ask(customer: Customer, project: Project | None, *, by: User | None, review_round: ReviewRound | None = None) -> Outcome:
    """Request a review by e-mail, or return why it was refused."""
    assert by  # noqa: S101  # the caller checks it
    try:
        request_review(
            customer=customer,
            project=project,
            by=by,
            by_mail=True,
            greeting=review_round.greeting if review_round else "",
            closing=review_round.closing if review_round else "",
            review_round=review_round,
        )
    except ValidationError as error:
        if error.code not in _REFUSED:
            raise
        return _REFUSED[error.code]
    return Outcome.REQUESTED
