"""Sending: one task a mail, and a sweep for what got lost on the way."""

import logging

from celery import shared_task
from django.db import transaction
from django.db.models.functions import Now

from partnerportal.outbox.delivery import FinalFailure, TemporaryFailure, deliver
from partnerportal.outbox.models import OutgoingMail
from partnerportal.outbox.services import enqueue

logger = logging.getLogger(__name__)

#: How many mails one sweep hands out; the next sweep takes the next ones.
SWEEP_BATCH = 1000


@shared_task(name="outbox.send")
def send(mail_id: int) -> None:
    """Send one mail, if it is due and nobody else is at it.

    The claim makes sure that a mail handed out twice is tried once; the row lock, held while SMTP talks, that an
    attempt slower than its lease isn't joined by a second one. Killed before SMTP's yes is written down, the worker
    leaves the mail due; that moment is the only one in which a mail can go out twice.
    """
    if not OutgoingMail.objects.claim(mail_id):
        return
    with transaction.atomic():
        mail = OutgoingMail.objects.select_for_update(skip_locked=True, of=("self",)).filter(pk=mail_id, status="queued").first()
        if mail is None:
            return
        try:
            deliver(mail)
        except TemporaryFailure as error:
            logger.warning("Mail %s, attempt %s: %s", mail.pk, mail.attempts, error)
            mail.put_off(str(error))
        except FinalFailure as error:
            logger.error("Mail %s is refused: %s", mail.pk, error)
            mail.mark_refused(str(error))
        else:
            mail.mark_sent()


@shared_task(name="outbox.sweep")
def sweep() -> int:
    """Hand out what is due but in nobody's hands; how many mails that were.

    Finds retries, what was lost between commit and broker, what a broker forgot, and what a killed worker held.
    """
    with transaction.atomic():
        lost = OutgoingMail.objects.lost().select_for_update(skip_locked=True).order_by("next_attempt_at")
        ids = list(lost.values_list("pk", flat=True)[:SWEEP_BATCH])
        OutgoingMail.objects.filter(pk__in=ids).update(enqueued_at=Now())
    for mail_id in ids:
        enqueue(mail_id)
    return len(ids)
