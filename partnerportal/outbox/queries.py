"""Figures of the delivery."""

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Count, Min, Q
from django.db.models.functions import Now

from partnerportal.outbox.models import OutgoingMail, OutgoingMailQuerySet

#: Maximum number of e-mails that are counted, so that the figures of a large outbox don't take longer.
MAX_COUNTED = 10_000


@dataclass(frozen=True)
class OutboxFigures:
    """Numbers of e-mails, up to `MAX_COUNTED`, and ages in seconds."""

    queued: int
    retrying: int
    failed: int
    oldest: float
    overdue: float


def outbox_figures() -> OutboxFigures:
    """Return the current figures. Of more than `MAX_COUNTED` e-mails, those that are due first count."""
    queued = OutgoingMail.objects.filter(status=OutgoingMail.Status.QUEUED).order_by("next_attempt_at")[:MAX_COUNTED]
    figures = queued.aggregate(
        queued=Count("pk"),
        retrying=Count("pk", filter=Q(attempts__gt=0)),
        oldest=Now() - Min("created_at"),
        overdue=Now() - Min("next_attempt_at"),
    )
    return OutboxFigures(
        queued=figures["queued"],
        retrying=figures["retrying"],
        failed=failed_mails()[:MAX_COUNTED].count(),
        oldest=_seconds(figures["oldest"]),
        overdue=_seconds(figures["overdue"]),
    )


def failed_mails() -> OutgoingMailQuerySet:
    """Return the failed e-mails that no one has marked as seen, newest first."""
    return OutgoingMail.objects.unseen().order_by("-pk")


def _seconds(age: timedelta | None) -> float:
    return max(0.0, age.total_seconds()) if age else 0.0
