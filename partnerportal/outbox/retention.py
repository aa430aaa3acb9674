"""Deletion of old e-mails."""

from collections.abc import Collection, Iterator
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from partnerportal.outbox.kinds import KINDS_WITH_ADDRESS
from partnerportal.outbox.models import DeletedMail, OutgoingMail


def delete_past_retention(batch: int) -> int:
    """Delete up to `batch` e-mails past the retention period, and return their number.

    Sent e-mails and failed ones that a member has seen are deleted, and failed ones that no one has seen after their own
    period, if there is one. Notifications about accounts that name an IP address are deleted after the period of addresses, sent
    or failed. Rows that another transaction has locked are skipped.
    """
    total = 0
    for mails in _past_retention():
        total += _delete(mails, batch - total)
    return total


def delete_conversations(threads: Collection[str]) -> None:
    """Delete all e-mails of conversations, in the transaction that deletes what they are about."""
    OutgoingMail.objects.filter(thread__in=threads).delete()
    DeletedMail.objects.filter(thread__in=threads).delete()


def _past_retention() -> Iterator[QuerySet[OutgoingMail]]:
    mails = OutgoingMail.objects.all()
    before = timezone.now() - timedelta(days=settings.SENT_MAIL_RETENTION)
    # Each query uses an index.
    yield mails.filter(status=OutgoingMail.Status.SENT, sent_at__lt=before).order_by("sent_at")
    yield mails.filter(seen_at__isnull=False, created_at__lt=before).order_by("created_at")
    if settings.FAILED_MAIL_RETENTION:
        before = timezone.now() - timedelta(days=settings.FAILED_MAIL_RETENTION)
        yield mails.filter(status=OutgoingMail.Status.FAILED, seen_at__isnull=True, created_at__lt=before).order_by("pk")
    if settings.IP_ADDRESS_RETENTION:
        before = timezone.now() - timedelta(days=settings.IP_ADDRESS_RETENTION)
        about_accounts = mails.filter(agency=None, kind__in=sorted(KINDS_WITH_ADDRESS))
        # Without an order, for which the planner would read all e-mails by their key.
        yield about_accounts.exclude(status=OutgoingMail.Status.QUEUED).filter(created_at__lt=before).order_by()


@transaction.atomic
def _delete(mails: QuerySet[OutgoingMail], number: int) -> int:
    """Delete the first e-mails, and keep the Message-IDs of those that belong to a conversation."""
    rows = list(mails.select_for_update(skip_locked=True).values_list("pk", "thread", "to_email", "message_id")[:number])
    # In the order in which they were written, which is that of the references.
    threads = sorted(row for row in rows if row[1])
    DeletedMail.objects.bulk_create(DeletedMail(thread=thread, to_email=to, message_id=key) for _pk, thread, to, key in threads)
    # Without the bodies, which Django would otherwise load.
    OutgoingMail.objects.filter(pk__in=[pk for pk, *_rest in rows]).only("pk").delete()
    return len(rows)
