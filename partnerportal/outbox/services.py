"""Writing mails: the row goes into the caller's transaction, the sending comes after its commit."""

import json
import logging
import re
from email.utils import make_msgid
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import models, transaction
from django.db.models.functions import Now
from django.template.loader import render_to_string
from django.utils import translation
from kombu.exceptions import OperationalError

from partnerportal.outbox.models import OutgoingMail
from partnerportal.outbox.sealing import seal

logger = logging.getLogger(__name__)


def queue_mail(
    *,
    kind: str,
    to: str,
    subject: str,
    text: str,
    html: str = "",
    agency: models.Model | None = None,
    customer: models.Model | None = None,
    from_name: str = "",
    reply_to: str = "",
) -> OutgoingMail:
    """Write one mail to the outbox; it leaves once the transaction is committed.

    Mails without an `agency` (an account's codes and resets) are seen by admins only.
    """
    mail = OutgoingMail.objects.create(
        kind=kind,
        to_email=to,
        subject=re.sub(r"\s+", " ", subject).strip()[:300],
        sealed_body=seal(json.dumps({"text": text, "html": html})),
        agency_id=agency.pk if agency else None,
        customer_id=customer.pk if customer else None,
        from_name=from_name,
        reply_to=reply_to,
        message_id=make_msgid(domain=urlsplit(settings.SITE_URL).hostname),
    )
    transaction.on_commit(partial(enqueue, mail.pk))
    return mail


def queue_template_mail(name: str, context: dict[str, Any], *, language: str, **fields: Any) -> OutgoingMail:
    """`queue_mail` with subject and bodies from `templates/email/<name>/{subject.txt,body.txt,body.html}`."""
    with translation.override(language):
        parts = render_mail(name, context)
    return queue_mail(kind=name, **parts, **fields)


def render_mail(name: str, context: dict[str, Any]) -> dict[str, str]:
    """`subject`, `text` and `html` of a mail, in the active language."""
    return {
        "subject": render_to_string(f"email/{name}/subject.txt", context).strip(),
        "text": render_to_string(f"email/{name}/body.txt", context).strip() + "\n",
        "html": render_to_string(f"email/{name}/body.html", context),
    }


def enqueue(mail_id: int) -> None:
    """Tell the broker that a mail waits. If the broker is away, the row waits for the sweep."""
    from partnerportal.outbox.tasks import send

    try:
        # Beyond the lease the sweep hands it out anew: what expires then piles up nowhere.
        send.apply_async((mail_id,), retry=False, expires=settings.OUTBOX_LEASE)
    except OperationalError:
        logger.warning("The broker is away; mail %s waits in the outbox.", mail_id)


def send_again(mail: OutgoingMail) -> OutgoingMail:
    """Put a mail back in line, with all its attempts; one that went out already goes out as a new mail."""
    with transaction.atomic():
        if mail.status == OutgoingMail.Status.SENT:
            mail.pk, mail.status, mail.sent_at = None, OutgoingMail.Status.QUEUED, None
            mail.message_id = make_msgid(domain=urlsplit(settings.SITE_URL).hostname)
            mail._state.adding = True
            mail.attempts, mail.last_error = 0, ""
            mail.next_attempt_at = mail.enqueued_at = Now()
            mail.save()
        else:
            OutgoingMail.objects.filter(pk=mail.pk).exclude(status=OutgoingMail.Status.SENT).update(
                status=OutgoingMail.Status.QUEUED, attempts=0, next_attempt_at=Now(), enqueued_at=Now()
            )
        transaction.on_commit(partial(enqueue, mail.pk))
    return mail
