"""Queueing of e-mails. The row is created in the caller's transaction; a worker sends it after the commit."""

import json
import logging
import re
import threading
from collections.abc import Iterable, Sequence
from email.utils import make_msgid, parseaddr
from typing import Any
from urllib.parse import urlsplit

from celery import current_app
from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet, Value
from django.db.models.functions import Now
from django_guid import get_guid
from kombu.exceptions import OperationalError

from partnerportal.accounts.models import User
from partnerportal.audit.services import record
from partnerportal.core.compiled import compiled
from partnerportal.outbox.letters import Letter, RenderedLetter, render_letter
from partnerportal.outbox.models import BODY_CIPHER, DeletedMail, OutgoingMail

logger = logging.getLogger(__name__)

#: Maximum number of e-mails in a task.
BATCH_SIZE = 20
#: Sender name in `DEFAULT_FROM_EMAIL` that is replaced by the portal's name in the recipient's language.
DEFAULT_SENDER_NAME = "Partner Portal"
#: Maximum number of the latest Message-IDs in `References`, after the first one, which identifies the thread.
MAX_REFERENCES = 20


def queue_letter(letter: Letter) -> OutgoingMail:
    """Render a letter and queue it. It is sent after the transaction commits."""
    return queue_letters([letter])[0]


def queue_letters(letters: Sequence[Letter]) -> list[OutgoingMail]:
    """Render letters and queue them with one query; see `queue_letter`."""
    return _queue([(letter, render_letter(letter)) for letter in letters])


def queue_rendered(letter: Letter, rendered: RenderedLetter) -> OutgoingMail:
    """Queue a letter that is already rendered."""
    return _queue([(letter, rendered)])[0]


def _queue(letters: Sequence[tuple[Letter, RenderedLetter]]) -> list[OutgoingMail]:
    threads: dict[str, list[tuple[str, str]]] = {}
    for letter, _rendered in letters:
        if letter.thread and letter.thread not in threads:
            threads[letter.thread] = [] if letter.begins_thread else _message_ids(letter.thread)
    mails = []
    for letter, rendered in letters:
        thread = threads.get(letter.thread, [])
        mails.append(_unsaved(letter, rendered, [message_id for message_id, to in thread if to == letter.to]))
        thread.append((mails[-1].message_id, letter.to))
    OutgoingMail.objects.bulk_create(mails)
    _enqueue_on_commit([mail.pk for mail in mails])
    return mails


def _unsaved(letter: Letter, rendered: RenderedLetter, earlier: list[str]) -> OutgoingMail:
    """Return the e-mail of a letter, which references the `earlier` ones of its thread."""
    body = {"text": rendered.text, "html": rendered.html, "headers": dict(letter.headers)}
    return OutgoingMail(
        kind=letter.kind,
        to_email=letter.to,
        subject=_one_line(rendered.subject)[:300],
        encrypted_body=BODY_CIPHER.encrypt(json.dumps(body)),
        agency_id=letter.agency.pk if letter.agency else None,
        customer_id=letter.customer.pk if letter.customer else None,
        to_team=letter.to_team,
        from_name=_one_line(letter.from_name or _sender_name(rendered))[:150],
        reply_to=letter.reply_to,
        message_id=_new_message_id(),
        thread=letter.thread,
        references=" ".join([*earlier[:1], *earlier[1:][-MAX_REFERENCES:]]),
        written_by_person=bool(letter.body),
        request_id=_current_request_id(),
    )


def enqueue(*mail_ids: int) -> None:
    """Enqueue sending tasks. If the broker is unavailable, the next sweep picks the e-mails up.

    An unreachable broker causes no delay; a broker that doesn't respond delays the caller by `REDIS_TIMEOUT`.
    """
    for position in range(0, len(mail_ids), BATCH_SIZE):
        try:
            # Expires with the lease: after that, the sweep enqueues the e-mails again.
            current_app.send_task("outbox.send", mail_ids[position : position + BATCH_SIZE], retry=False, expires=settings.OUTBOX_LEASE)
        except OperationalError as error:
            rest = mail_ids[position:]
            logger.warning("Broker unavailable; %s e-mails stay queued: %s", len(rest), error)
            OutgoingMail.objects.requeue(rest)
            return


@transaction.atomic
def resend(mail: OutgoingMail, *, by: User) -> None:
    """Queue an e-mail again with all its attempts. An e-mail that was already sent is copied.

    An e-mail that a worker is sending at this moment is skipped.
    """
    locked = OutgoingMail.objects.select_for_update(skip_locked=True, of=("self",)).select_related("agency").filter(pk=mail.pk).first()
    if locked is None:
        return
    if locked.status == OutgoingMail.Status.SENT:
        locked.pk, locked.sent_at = None, None
        locked.message_id = _new_message_id()
        locked.request_id = _current_request_id()
        locked._state.adding = True
    locked.status, locked.attempts, locked.last_error, locked.seen_at = OutgoingMail.Status.QUEUED, 0, "", None
    locked.next_attempt_at = locked.sent_to_broker_at = Now()
    locked.save()
    record("mail.resent", locked, by=by)
    _enqueue_on_commit([locked.pk])


@transaction.atomic
def mark_seen(mail: OutgoingMail, *, by: User, seen: bool = True) -> bool:
    """Mark a failed e-mail as seen, after which it is deleted like sent ones, or as not seen. Return False if nothing changes."""
    failed = OutgoingMail.objects.filter(pk=mail.pk, status=OutgoingMail.Status.FAILED, seen_at__isnull=seen)
    is_changed = failed.update(seen_at=Now() if seen else None) == 1
    if is_changed:
        record("mail.seen" if seen else "mail.unseen", mail, by=by)
    return is_changed


class _Pending(threading.local):
    """E-mails of the thread's current transaction, which are enqueued together."""

    def __init__(self) -> None:
        self.ids: list[int] = []


_pending = _Pending()


def _enqueue_on_commit(mail_ids: Iterable[int]) -> None:
    _pending.ids.extend(mail_ids)
    # Each query has a callback, because those of a savepoint can be rolled back. The first one enqueues all e-mails; workers
    # ignore those that were rolled back. Robust, because the change is already committed and the sweep finds the rows.
    transaction.on_commit(_enqueue_pending, robust=True)


def _enqueue_pending() -> None:
    ids, _pending.ids = _pending.ids, []
    enqueue(*ids)


def _message_ids(thread: str) -> list[tuple[str, str]]:
    """Return the Message-IDs and recipients of a thread's e-mails, oldest first."""
    return [(message_id, to) for _place, _pk, message_id, to in emails_of(thread=thread)]


@compiled
def emails_of(*, thread: Any) -> QuerySet[Any, Any]:
    """Return the e-mails of a thread, beginning with those that the retention deleted."""
    columns = ("place", "pk", "message_id", "to_email")
    deleted, present = (model.objects.filter(thread=thread).order_by() for model in (DeletedMail, OutgoingMail))
    parts = [rows.annotate(place=Value(place)).values_list(*columns) for place, rows in enumerate((deleted, present))]
    return parts[0].union(parts[1], all=True).order_by("place", "pk")


def _new_message_id() -> str:
    return make_msgid(domain=urlsplit(settings.SITE_URL).hostname)


def _current_request_id() -> str:
    """Return the ID of the current request or job. Shortened, because clients can send UUIDs with any number of hyphens."""
    return (get_guid() or "")[:36]


def _sender_name(rendered: RenderedLetter) -> str:
    """Return the portal's name in the letter's language, or "" if `DEFAULT_FROM_EMAIL` contains another sender name."""
    name, _address = parseaddr(settings.DEFAULT_FROM_EMAIL)
    return rendered.portal_name if name == DEFAULT_SENDER_NAME else ""


def _one_line(text: str) -> str:
    """Replace line breaks and control characters, which headers can't contain, by spaces."""
    return re.sub(r"[\s\x00-\x1f\x7f-\x9f]+", " ", text).strip()
