"""Sending of digests: each group of members in one transaction."""

import logging
from collections.abc import Collection, Iterator
from datetime import date, datetime, timedelta

from celery import current_app
from django.db import transaction
from django.utils import timezone
from kombu.exceptions import OperationalError

from customers.models import Customer
from partnerportal.accounts.models import User
from partnerportal.agencies.models import Agency, DigestItem, Membership
from partnerportal.agencies.queries import active_members
from partnerportal.desk.digest.mails import KIND, digest_letter
from partnerportal.desk.digest.models import DigestRun
from partnerportal.desk.digest.queries import due_groups, facts_for
from partnerportal.outbox.models import OutgoingMail
from partnerportal.outbox.services import queue_letters

logger = logging.getLogger(__name__)

#: Days after which the record of a digest is deleted.
KEPT_DAYS = 31


def send_due_digests(now: datetime | None = None) -> Iterator[int]:
    """Send all digests that are due, pausing after each group with the number of its e-mails.

    An agency whose digests can't be sent is logged, so that the others still receive theirs.
    """
    now = now or timezone.now()
    for agency_id, day, members in due_groups(now):
        try:
            count = _send(agency_id, day, members, now)
        except Exception:
            logger.exception("Digests of agency %s failed", agency_id)
        else:
            yield count


@transaction.atomic
def _send(agency_id: int, day: date, keys: list[int], now: datetime) -> int:
    """Send the digests of an agency's members, and return the number of e-mails.

    The rows that record them, the e-mails and the deletion of the mentioned items are one transaction. A concurrent
    one that records a digest first, sends it.
    """
    claimed = DigestRun.objects.claim(keys, day, now)
    agency = Agency.objects.get(pk=agency_id)
    members = [member for member in active_members(agency) if member.pk in claimed]
    if not members:
        return 0
    facts = facts_for(agency, members, day, now)
    letters = [letter for member in members if (letter := digest_letter(member, facts))]
    DigestItem.objects.filter(pk__in=[item.pk for items in facts.items.values() for item in items]).delete()
    if letters:
        queue_letters(letters)
    return len(letters)


def enqueue() -> None:
    """Let a worker send the rest. If the broker is unavailable, the next beat does."""
    try:
        current_app.send_task("desk.send_digests", retry=False, expires=15 * 60)
    except OperationalError as error:
        logger.warning("Broker unavailable; digests wait for the next beat: %s", error)


def purge() -> int:
    """Delete the records of digests from long ago, and return their number."""
    deleted, _models = DigestRun.objects.filter(local_date__lt=timezone.localdate() - timedelta(days=KEPT_DAYS)).delete()
    return deleted


def erase_digests(customer: Customer, by: User) -> None:
    """Delete the digests that can name an erased customer."""
    erase_agency_digests(customer.agency_id, {customer.display_name, customer.name_in_text})


def erase_agency_digests(agency_id: int, names: Collection[str]) -> None:
    """Delete the digests that were sent to an agency's members, and queued ones that contain one of the names."""
    addresses = Membership.objects.filter(agency=agency_id).values("user__email")
    digests = OutgoingMail.objects.filter(kind=KIND, to_email__in=addresses)
    digests.exclude(status=OutgoingMail.Status.QUEUED).delete()
    for mail in digests.filter(status=OutgoingMail.Status.QUEUED):
        if any(name in mail.text for name in names):
            mail.delete()
