"""Processing of submitted contact forms."""

from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F, QuerySet

from partnerportal.agencies.models import Agency, DigestItem, Notification
from partnerportal.agencies.queries import active_members
from partnerportal.audit.models import AuditEvent
from partnerportal.audit.services import record
from partnerportal.core.compiled import compiled
from requests_inbox.mails import send_new_request
from requests_inbox.models import ContactRequest, InboxSettings, RequestStatus, Sender, SenderStatus, sender_key


def submit_request(agency: Agency, *, submission: str, suspicious: bool = False, **fields: Any) -> ContactRequest | None:
    """Create a request from a contact form, send an acknowledgement, and notify the team.

    A repeated submission returns the existing request. Requests that are `suspicious` or come from
    a spammer are saved as spam, without any e-mail. Messages from blocked senders are only counted;
    then the result is None.
    """
    try:
        with transaction.atomic():
            return _submit(agency, submission, suspicious, fields)
    except IntegrityError:
        existing: ContactRequest | None = ContactRequest.objects.filter(submission=submission).first()
        if existing is None:
            raise
        return existing


def _submit(agency: Agency, submission: str, suspicious: bool, fields: dict[str, Any]) -> ContactRequest | None:
    key = sender_key(fields["email"])
    sender = next(iter(_senders(agency=agency.pk, key=key)), None)
    if sender and sender.status == SenderStatus.BLOCKED:
        Sender.objects.filter(pk=sender.pk).update(blocked_count=F("blocked_count") + 1)
        return None
    spam = suspicious or (sender is not None and sender.status == SenderStatus.SPAM)
    status = RequestStatus.SPAM if spam else RequestStatus.NEW
    request = ContactRequest.objects.create(agency=agency, sender_key=key, status=status, submission=submission, **fields)
    if not spam:
        members = active_members(agency)
        send_new_request(request, to=InboxSettings.notified_among(members))
        DigestItem.objects.add(members, Notification.REQUESTS, request.pk)
        record("request.received", request, by=None, source=AuditEvent.Source.WEB)
    return request


@compiled
def _senders(*, agency: Any, key: Any) -> QuerySet[Sender]:
    return Sender.objects.filter(agency=agency, key=key)
