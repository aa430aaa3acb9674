"""A prospect has pressed Send."""

import hashlib
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F

from partnerportal.agencies.models import Agency
from partnerportal.audit.models import AuditEvent
from partnerportal.audit.services import record
from requests_inbox.mails import send_acknowledgement, send_new_request_notification
from requests_inbox.models import ContactRequest, InboxSettings, Sender, sender_key

Status = ContactRequest.Status


def submission_digest(number: str, fields: dict[str, Any]) -> str:
    """Tells a double click, which sends the same form with the same text, from a second message out of the same page."""
    return hashlib.sha256(repr((number, sorted(fields.items()))).encode(errors="backslashreplace")).hexdigest()


@transaction.atomic
def submit_request(agency: Agency, *, submission: str, suspicious: bool = False, **fields: Any) -> ContactRequest | None:
    """Keep what was sent (`fields` of `ContactRequest`), acknowledge it, and tell the team; a second click changes nothing.

    Nobody is written to about spam: what is `suspicious`, or comes from a sender who sent spam before. None of a blocked sender's
    message is kept but the count; then None.
    """
    key = sender_key(fields["email"])
    sender = Sender.objects.filter(agency=agency, key=key).first()
    if sender and sender.standing == Sender.Standing.BLOCKED:
        Sender.objects.filter(pk=sender.pk).update(turned_away=F("turned_away") + 1)
        return None
    spam = suspicious or (sender is not None and sender.standing == Sender.Standing.SPAM)
    status = Status.SPAM if spam else Status.NEW
    try:
        with transaction.atomic():
            request = ContactRequest.objects.create(agency=agency, sender_key=key, status=status, submission=submission, **fields)
    except IntegrityError:
        return ContactRequest.objects.get(submission=submission)
    if not spam:
        send_acknowledgement(request)
        for member in InboxSettings.told(agency):
            send_new_request_notification(request, to=member)
        record("request.received", request, by=None, source=AuditEvent.Source.WEB)
    return request
