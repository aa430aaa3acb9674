"""Review rounds and automatic requests of the demo: a finished round, a running one, and upcoming requests."""

from collections import Counter
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from customers.models import Customer, Project, Tag
from customers.services.items import add_item
from partnerportal.accounts.models import User
from partnerportal.outbox.models import OutgoingMail
from reviews.models import AutomaticRequests, ReviewRequest, ReviewRound
from reviews.rounds.automatic import cancel, switch
from reviews.rounds.models import Outcome, RoundStatus
from reviews.rounds.runner import ask, prepare
from reviews.rounds.services import exclude_customers, finish_round, plan_round, start_round

#: Position of the customer, title, days since its completion, whether its automatic request was cancelled.
COMPLETED = (
    (21, "Terminbuchung für Sehtests", 3, False),
    (22, "Product pages for retailers", 7, False),
    (24, "Druckdaten hochladen", 9, False),
    (25, "Weinpakete zum Verschenken", 12, True),
)
#: Days between the completion of a project and the automatic request, and since these were switched on.
DAYS, SWITCHED_ON = 14, 15
#: Days since the finished round began, number of its requests per day, and how many requests the running one has sent.
FINISHED_BEGAN, FINISHED_PER_DAY, RUNNING_SENT = 45, 5, 3


@transaction.atomic
def add_rounds(customers: list[Customer], *, by: User) -> None:
    """Add both rounds. What the finished one sent is as old as it is."""
    agency, now = customers[0].agency, timezone.now()
    began = now - timedelta(days=FINISHED_BEGAN)
    finished = _planned("Kunden mit Wartungsvertrag", customers, by=by, tag_id=Tag.objects.get(agency=agency, name="Maintenance").pk)
    start_round(finished, by=by)
    requests = ReviewRequest.objects.filter(agency=agency)
    answered = requests.filter(status=ReviewRequest.Status.ANSWERED, created_at__gte=began)
    asked = finished.entries.filter(customer__in=answered.values("customer"))
    answered.filter(customer__in=asked.values("customer")).update(round=finished)
    asked.update(outcome=Outcome.REQUESTED)
    _send(finished, None, by=by)
    finished.refresh_from_db()
    finish_round(finished, RoundStatus.DONE, by=None)
    finished.per_day, finished.created_at, finished.started_at = FINISHED_PER_DAY, began, began
    finished.finished_at = began + timedelta(days=2)
    finished.save()
    mailed = requests.filter(round=finished, status=ReviewRequest.Status.OPEN)
    mails = OutgoingMail.objects.filter(pk__in=mailed.values("mail"))
    mails.update(status=OutgoingMail.Status.SENT, created_at=began, sent_at=began)
    mailed.update(created_at=began, mailed_at=began, reminded_at=began + timedelta(days=7))

    running = _planned("Alle Kunden, einmal im Jahr", customers, by=by, per_day=RUNNING_SENT)
    waiting = running.entries.filter(outcome=Outcome.WAITING)
    excluded = waiting.filter(customer__in=[customers[position] for position, *_more in COMPLETED]).values_list("pk", flat=True)
    exclude_customers(running, listed=list(waiting.values_list("pk", flat=True)), excluded=list(excluded))
    start_round(running, by=by)
    _send(running, RUNNING_SENT, by=by)


@transaction.atomic
def add_automatic_requests(customers: list[Customer], *, by: User) -> None:
    """Switch automatic requests on, and add completed projects whose requests are upcoming or cancelled."""
    now = timezone.now()
    switch(customers[0].agency, is_on=True, days=DAYS, by=by)
    AutomaticRequests.objects.update(enabled_at=now - timedelta(days=SWITCHED_ON))
    for position, title, days_ago, is_cancelled in COMPLETED:
        project = Project(title=title, status=Project.Status.DONE, completed_at=now - timedelta(days=days_ago))
        add_item(project, customer=customers[position], by=by)
        if is_cancelled:
            cancel(Project.objects.get(pk=project.pk), by=by)


def _planned(name: str, customers: Iterable[Customer], *, by: User, **fields: Any) -> ReviewRound:
    review_round = plan_round(ReviewRound(agency=next(iter(customers)).agency, name=name, **fields), by=by, form_number="")
    prepare(review_round)
    review_round.refresh_from_db()
    return review_round


def _send(review_round: ReviewRound, number: int | None, *, by: User) -> None:
    """Send a number of requests, or all, regardless of the working hours."""
    review_round.refresh_from_db()
    for entry in review_round.entries.filter(outcome=Outcome.WAITING).select_related("customer").order_by("pk")[:number]:
        entry.outcome = ask(entry.customer, None, by=by, review_round=review_round)
        entry.save()
    counts = Counter(review_round.entries.exclude(outcome=Outcome.WAITING).values_list("outcome", flat=True))
    review_round.counts = dict(counts)
    review_round.save()
