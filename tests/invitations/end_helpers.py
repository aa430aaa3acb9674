"""Helpers of tests about the end of an access."""

from datetime import date
from zoneinfo import ZoneInfo

from django.utils import timezone

from invitations.models import AccessInvitation
from partnerportal.outbox.models import OutgoingMail


def until(row: AccessInvitation, day: date) -> AccessInvitation:
    """Let the access end on this day."""
    AccessInvitation.objects.filter(pk=row.pk).update(term="month", project=None, ends_on=day)
    row.refresh_from_db()
    return row


def today(row: AccessInvitation) -> date:
    """Return today's date in the agency's time zone."""
    return timezone.localdate(timezone=ZoneInfo(row.agency.time_zone))


def kinds() -> list[tuple[str, str]]:
    """Return the kinds and recipients of all e-mails."""
    return sorted(OutgoingMail.objects.values_list("kind", "to_email"))


def status(row: AccessInvitation) -> str:
    """Return the stored status."""
    return AccessInvitation.objects.get(pk=row.pk).status
