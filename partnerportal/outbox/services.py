"""Writing mails: the row goes into the caller's transaction, the sending comes after its commit."""

import json
import logging
import re
from email.utils import make_msgid, parseaddr
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import models, transaction
from django.db.models.functions import Now
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext
from django_guid import get_guid
from kombu.exceptions import OperationalError

from partnerportal.accounts.models import User
from partnerportal.audit.services import record
from partnerportal.outbox.models import BODY_CIPHER, OutgoingMail

logger = logging.getLogger(__name__)

#: The sender's name in `DEFAULT_FROM_EMAIL`, as long as nobody has chosen another one.
OUR_NAME = "Partner Portal"
#: A mail names so many of its predecessors besides the first.
MAX_REFERENCES = 20


def queue_mail(
    *,
    kind: str,
    to: str,
    subject: str,
    text: str,
    html: str = "",
    agency: models.Model | None = None,
    customer: models.Model | None = None,
    language: str = "",
    from_name: str = "",
    reply_to: str = "",
    thread: str = "",
    by_hand: bool = False,
    headers: dict[str, str] | None = None,
) -> OutgoingMail:
    """Write one mail to the outbox; it leaves once the transaction is committed.

    Mails without an `agency` (an account's codes and resets) are seen by admins only. A mail of a `thread` answers the ones that
    went to the same address before it. `by_hand`: somebody typed it, so that answering machines may answer. `headers` are further
    ones, kept as secret as the body: they may hold an address that acts for whoever has it. Without a `from_name`, the portal is
    named as the sender, in the mail's `language`.
    """
    mail = OutgoingMail.objects.create(
        kind=kind,
        to_email=to,
        subject=_one_line(subject)[:300],
        sealed_body=BODY_CIPHER.encrypt(json.dumps({"text": text, "html": html, "headers": headers or {}})),
        agency_id=agency.pk if agency else None,
        customer_id=customer.pk if customer else None,
        from_name=_one_line(from_name or _portal_name(language))[:150],
        reply_to=reply_to,
        message_id=_new_message_id(),
        thread=thread,
        references=_earlier(thread, to) if thread else "",
        by_hand=by_hand,
        request_id=_current_request(),
    )
    _enqueue_on_commit(mail)
    return mail


def queue_template_mail(name: str, context: dict[str, Any], *, language: str, **fields: Any) -> OutgoingMail:
    """`queue_mail` with subject and bodies from `templates/email/<name>/{subject.txt,body.txt,body.html}`."""
    with translation.override(language):
        parts = render_mail(name, context)
    return queue_mail(kind=name, **{**parts, **fields})


def render_mail(name: str, context: dict[str, Any]) -> dict[str, str]:
    """`subject`, `text`, `html` and `language` of a mail, in the active language."""
    return {
        "language": translation.get_language() or settings.LANGUAGE_CODE,
        "subject": render_to_string(f"email/{name}/subject.txt", context).strip(),
        "text": render_to_string(f"email/{name}/body.txt", context).strip() + "\n",
        "html": render_to_string(f"email/{name}/body.html", context),
    }


def enqueue(*mail_ids: int) -> None:
    """Tell the broker that mails wait. If it is away, they wait for the next sweep.

    A broker that can't be reached holds nobody up; one that doesn't answer, for `REDIS_TIMEOUT`.
    """
    from partnerportal.outbox.tasks import send

    for position, mail_id in enumerate(mail_ids):
        try:
            # Beyond the lease the sweep hands it out anew: what expires then piles up nowhere.
            send.apply_async((mail_id,), retry=False, expires=settings.OUTBOX_LEASE)
        except OperationalError as error:
            rest = mail_ids[position:]
            logger.warning("Broker unavailable; %s e-mails stay queued: %s", len(rest), error)
            OutgoingMail.objects.hand_back(rest)
            return


@transaction.atomic
def resend(mail: OutgoingMail, *, by: User) -> None:
    """Put a mail back in line, with all its attempts; one that went out already goes out as a new mail.

    A mail that a worker is just sending is left to it.
    """
    locked = OutgoingMail.objects.select_for_update(skip_locked=True, of=("self",)).select_related("agency").filter(pk=mail.pk).first()
    if locked is None:
        return
    if locked.status == OutgoingMail.Status.SENT:
        locked.pk, locked.sent_at = None, None
        locked.message_id = _new_message_id()
        locked.request_id = _current_request()
        locked._state.adding = True
    locked.status, locked.attempts, locked.last_error = OutgoingMail.Status.QUEUED, 0, ""
    locked.next_attempt_at = locked.enqueued_at = Now()
    locked.save()
    record("mail.resent", locked, by=by)
    _enqueue_on_commit(locked)


def _enqueue_on_commit(mail: OutgoingMail) -> None:
    # Robust: whatever goes wrong here, the change is committed and the row waits.
    transaction.on_commit(lambda: enqueue(mail.pk), robust=True)


def _earlier(thread: str, to: str) -> str:
    """Message-IDs for `References`: the first mail, which holds the thread together, and the latest ones (RFC 5322 knows no limit)."""
    ids = list(OutgoingMail.objects.filter(thread=thread, to_email=to).order_by("pk").values_list("message_id", flat=True))
    return " ".join([*ids[:1], *ids[1:][-MAX_REFERENCES:]])


def _new_message_id() -> str:
    return make_msgid(domain=urlsplit(settings.SITE_URL).hostname)


def _current_request() -> str:
    """The id of the request, or of the job, that is under way; what a client sent for one may be a UUID with any number of hyphens."""
    return (get_guid() or "")[:36]


def _portal_name(language: str) -> str:
    """Return the portal's own name in this language; "" if `DEFAULT_FROM_EMAIL` gives it another one, which delivery then uses."""
    name, _address = parseaddr(settings.DEFAULT_FROM_EMAIL)
    if not language or name != OUR_NAME:
        return ""
    with translation.override(language):
        return gettext("Partner Portal")


def _one_line(text: str) -> str:
    """Without line breaks and other control characters, which a header can't carry."""
    return re.sub(r"[\s\x00-\x1f\x7f-\x9f]+", " ", text).strip()
