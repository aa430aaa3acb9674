"""Tasks that send e-mails, and a sweep for e-mails whose task was lost."""

import logging
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from celery import shared_task
from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import QuerySet
from django.db.models.functions import Now
from django_guid import get_guid, set_guid

from partnerportal.core.batches import process_in_batches
from partnerportal.core.compiled import compiled
from partnerportal.core.counters import count
from partnerportal.outbox.delivery import PermanentFailure, TemporaryFailure, deliver
from partnerportal.outbox.models import OutgoingMail
from partnerportal.outbox.retention import delete_past_retention
from partnerportal.outbox.services import enqueue

logger = logging.getLogger(__name__)

#: Maximum number of e-mails that one sweep enqueues.
SWEEP_BATCH = 1000

#: Seconds after which a worker returns the rest of several e-mails to the queue.
TIME_SLICE = 2

#: Seconds for which a worker retries saving the outcome of an attempt.
SAVE_TIMEOUT = 600


@shared_task(name="outbox.send")
def send(*mail_ids: int) -> None:
    """Send e-mails that are due and that no other worker is processing, several only if each is new.

    The claim prevents a second attempt if the task was enqueued twice.
    """
    if len(mail_ids) == 1:
        claimed = [mail_id for mail_id in mail_ids if OutgoingMail.objects.claim(mail_id)]
    else:
        claimed = OutgoingMail.objects.claim_new(mail_ids)
    guid, end = get_guid(), time.monotonic() + TIME_SLICE
    for position, mail_id in enumerate(claimed):
        if position and time.monotonic() > end:
            OutgoingMail.objects.release(claimed[position:])
            enqueue(*claimed[position:])
            return
        set_guid(guid)
        _send(mail_id)


def _send(mail_id: int) -> None:
    """Send one claimed e-mail, and commit its outcome.

    The row lock is held during SMTP, so that no second attempt starts if the first one takes longer than
    its lease. If the worker is killed after the server accepted the e-mail and before the commit, it is
    sent twice.
    """
    save_outcome = None
    try:
        with transaction.atomic():
            mail = next(iter(_locked(pk=mail_id)), None)
            if mail is None:
                return
            if mail.request_id:
                # Log entries keep the original request ID after a sweep or a resend.
                set_guid(mail.request_id)
            save_outcome = _attempt(mail)
            save_outcome()
    except (OperationalError, InterfaceError):
        if save_outcome is None:
            raise
        logger.warning("Connection to the database lost while sending e-mail %s.", mail_id)
        _save_with_retry(save_outcome)


@compiled
def _locked(*, pk: Any) -> QuerySet[OutgoingMail]:
    # Without skip_locked, because another worker that tried to claim it can hold the lock briefly.
    return OutgoingMail.objects.select_for_update().filter(pk=pk, status=OutgoingMail.Status.QUEUED)


@shared_task(name="outbox.sweep")
def sweep() -> int:
    """Enqueue all due e-mails that no worker is processing and return their number.

    These are retries, e-mails whose task was never enqueued or was lost by the broker, and e-mails
    claimed by a worker that was killed.
    """
    OutgoingMail.objects.fail_exhausted()
    with transaction.atomic():
        stalled = OutgoingMail.objects.stalled().select_for_update(skip_locked=True).order_by("next_attempt_at")
        attempts = dict(stalled.values_list("pk", "attempts")[:SWEEP_BATCH])
        OutgoingMail.objects.filter(pk__in=attempts).update(sent_to_broker_at=Now())
    enqueue(*(mail_id for mail_id, number in attempts.items() if not number))
    for mail_id in (mail_id for mail_id, number in attempts.items() if number):
        enqueue(mail_id)
    return len(attempts)


@shared_task(name="outbox.delete_old")
def delete_old() -> int:
    """Delete e-mails past the retention period and return their number."""
    return process_in_batches(delete_past_retention)


def _attempt(mail: OutgoingMail) -> Callable[[], None]:
    """Try to deliver an e-mail and return the function that saves the outcome."""
    outcome, save_outcome = _outcome_of(mail)
    count(("delivery_attempts", (outcome,), 1))
    return save_outcome


def _outcome_of(mail: OutgoingMail) -> tuple[str, Callable[[], None]]:
    try:
        deliver(mail)
    except TemporaryFailure as error:
        logger.warning("E-mail %s, attempt %s: %s", mail.pk, mail.attempts, error)
        return "deferred", partial(mail.reschedule, str(error))
    except PermanentFailure as error:
        logger.error("E-mail %s was rejected: %s", mail.pk, error)
        return "rejected", partial(mail.mark_failed, str(error))
    except Exception as error:
        # Bugs and wrong settings are logged and shown on the e-mail, which is retried until they are fixed.
        logger.exception("E-mail %s, attempt %s", mail.pk, mail.attempts)
        return "error", partial(mail.reschedule, repr(error))
    logger.info("E-mail %s sent.", mail.pk)
    return "sent", mail.mark_sent


def _save_with_retry(save_outcome: Callable[[], None]) -> None:
    """Save the outcome once the database is available again, so that a sent e-mail isn’t sent twice."""
    deadline = time.monotonic() + SAVE_TIMEOUT
    while True:
        # A lost connection must be reopened.
        connection.close()
        try:
            save_outcome()
        except (OperationalError, InterfaceError):
            if time.monotonic() > deadline:
                raise
            time.sleep(1)
        else:
            return
