"""Sending: one task a mail, and a sweep for what got lost on the way."""

import logging
import time
from collections.abc import Callable
from functools import partial

from celery import shared_task
from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models.functions import Now
from django_guid import set_guid

from partnerportal.outbox.delivery import PermanentFailure, TemporaryFailure, deliver
from partnerportal.outbox.models import OutgoingMail
from partnerportal.outbox.services import enqueue

logger = logging.getLogger(__name__)

#: How many mails one sweep hands out; the next sweep takes the next ones.
SWEEP_BATCH = 1000

#: Seconds for which a worker that can't write down what the mail server answered goes on trying.
SAVE_TIMEOUT = 600


@shared_task(name="outbox.send")
def send(mail_id: int) -> None:
    """Send one mail, if it is due and nobody else is at it.

    The claim makes sure that a mail handed out twice is tried once; the row lock, held while SMTP talks, that an
    attempt slower than its lease isn't joined by a second one (the claim skips a locked row). Killed before SMTP's yes
    is written down, the worker leaves the mail due; that moment is the only one in which a mail can go out twice.
    """
    if not OutgoingMail.objects.claim(mail_id):
        return
    write_down = None
    try:
        with transaction.atomic():
            # Not skipping: whoever else just tried to claim it may hold it for a moment more.
            mail = OutgoingMail.objects.select_for_update().filter(pk=mail_id, status=OutgoingMail.Status.QUEUED).first()
            if mail is None:
                return
            if mail.request_id:
                # Handed out by a sweep, or again by an admin, it is still that request's mail.
                set_guid(mail.request_id)
            write_down = _attempt(mail)
            write_down()
    except (OperationalError, InterfaceError):
        if write_down is None:
            raise
        logger.warning("Connection to the database lost while sending e-mail %s.", mail_id)
        _save_with_retry(write_down)


@shared_task(name="outbox.sweep")
def sweep() -> int:
    """Hand out what is due but in nobody's hands; how many mails that were.

    Finds retries, what was lost between commit and broker, what a broker forgot, and what a killed worker held.
    """
    OutgoingMail.objects.fail_exhausted()
    with transaction.atomic():
        stalled = OutgoingMail.objects.stalled().select_for_update(skip_locked=True).order_by("next_attempt_at")
        ids = list(stalled.values_list("pk", flat=True)[:SWEEP_BATCH])
        OutgoingMail.objects.filter(pk__in=ids).update(sent_to_broker_at=Now())
    enqueue(*ids)
    return len(ids)


def _attempt(mail: OutgoingMail) -> Callable[[], None]:
    """Try once; what then has to be written down."""
    try:
        deliver(mail)
    except TemporaryFailure as error:
        logger.warning("E-mail %s, attempt %s: %s", mail.pk, mail.attempts, error)
        return partial(mail.reschedule, str(error))
    except PermanentFailure as error:
        logger.error("E-mail %s was rejected: %s", mail.pk, error)
        return partial(mail.mark_failed, str(error))
    except Exception as error:
        # A defect or a wrong setting: it shows in the log and at the mail, which waits until it is mended.
        logger.exception("E-mail %s, attempt %s", mail.pk, mail.attempts)
        return partial(mail.reschedule, repr(error))
    logger.info("E-mail %s sent.", mail.pk)
    return mail.mark_sent


def _save_with_retry(write_down: Callable[[], None]) -> None:
    """Write down how an attempt ended once the database is back: a mail that went out must not go out again."""
    end = time.monotonic() + SAVE_TIMEOUT
    while True:
        # What went away doesn't come back on the same connection.
        connection.close()
        try:
            write_down()
        except (OperationalError, InterfaceError):
            if time.monotonic() > end:
                raise
            time.sleep(1)
        else:
            return
