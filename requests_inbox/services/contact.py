"""Processing of submitted contact forms."""

import hashlib
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F

from partnerportal.agencies.models import Agency
from partnerportal.audit.models import AuditEvent
from partnerportal.audit.services import record
from requests_inbox.mails import send_acknowledgement, send_new_request_notification
from requests_inbox.models import ContactRequest, InboxSettings, RequestStatus, Sender, SenderStatus, sender_key


def submission_digest(number: str, fields: dict[str, Any]) -> str:
    """Return a digest of a form's number and input, which is the same for a double click."""
    return hashlib.sha256(repr((number, sorted(fields.items()))).encode(errors="backslashreplace")).hexdigest()


@transaction.atomic
def submit_request(agency: Agency, *, submission: str, suspicious: bool = False, **fields: Any) -> ContactRequest | None:
    """Create a request from a contact form, send an acknowledgement, and notify the team.

    A repeated submission returns the existing request. Requests that are `suspicious` or come from
    a spammer are saved as spam, without any e-mail. Messages from blocked senders are only counted;
    then the result is None.
    """
    key = sender_key(fields["email"])
    sender = Sender.objects.filter(agency=agency, key=key).first()
    if sender and sender.status == SenderStatus.BLOCKED:
        Sender.objects.filter(pk=sender.pk).update(blocked_count=F("blocked_count") + 1)
        return None
    spam = suspicious or (sender is not None and sender.status == SenderStatus.SPAM)
    status = RequestStatus.SPAM if spam else RequestStatus.NEW
    try:
        with transaction.atomic():
            request = ContactRequest.objects.create(agency=agency, sender_key=key, status=status, submission=submission, **fields)
    except IntegrityError:
        return ContactRequest.objects.get(submission=submission)
    if not spam:
        send_acknowledgement(request)
        for member in InboxSettings.notified_members(agency):
            send_new_request_notification(request, to=member)
        record("request.received", request, by=None, source=AuditEvent.Source.WEB)
    return request
