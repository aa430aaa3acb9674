"""Review rounds in tests: a clock, a worker, and what was sent."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import time_machine

from customers.models import Project
from partnerportal.outbox.models import OutgoingMail
from reviews.models import ReviewRound
from reviews.rounds.runner import steps
from tests.factories.customers import ProjectFactory

BERLIN = ZoneInfo("Europe/Berlin")
#: A Wednesday at ten, far from any change of clocks.
WORKDAY = "2026-06-10T10:00"


def at(text: str) -> time_machine.travel:
    """Stop the clock at a time in Berlin, the agencies' time zone."""
    return time_machine.travel(datetime.fromisoformat(text).replace(tzinfo=BERLIN), tick=False)


def work(review_round: ReviewRound) -> ReviewRound:
    """Let a worker do all that it can do now."""
    for _step in steps(review_round.pk):
        pass
    review_round.refresh_from_db()
    return review_round


def sent() -> list[str]:
    """Return the addresses of the requests that were sent."""
    return list(OutgoingMail.objects.filter(kind="review_request").order_by("pk").values_list("to_email", flat=True))


def outcomes(review_round: ReviewRound) -> dict[str, str]:
    """Return the outcome of each of the round's customers, by e-mail address."""
    return dict(review_round.entries.values_list("customer__email", "outcome"))


def completed(moment: str, **fields: Any) -> Project:
    """Return a project that was completed at this time in Berlin. The trigger itself takes the database's time."""
    project = ProjectFactory(status="done", **fields)
    Project.objects.filter(pk=project.pk).update(completed_at=datetime.fromisoformat(moment).replace(tzinfo=BERLIN))
    project.refresh_from_db()
    return project
