"""Actions on contact requests and their senders.

Every action on a request runs in one transaction that locks the request's row first and records
an audit event. If two transitions run concurrently, one succeeds and the other raises
InvalidTransition without any effect.
"""

from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from customers.models import Customer
from customers.services.customers import create_customer
from partnerportal.accounts.models import User
from partnerportal.agencies.models import Agency, Membership, Mode, Notification
from partnerportal.audit.services import record, record_all
from partnerportal.core.pending import InvalidTransition
from partnerportal.outbox.models import OutgoingMail
from partnerportal.outbox.retention import delete_conversations
from requests_inbox.mails import send_reply
from requests_inbox.models import (
    UNDECIDED,
    ContactRequest,
    InboxSettings,
    MessageKind,
    RequestMessage,
    RequestSeen,
    RequestStatus,
    Sender,
    SenderStatus,
)


class CustomerUnavailable(Exception):
    """The selected customer has been archived or erased in the meantime."""


class ReplyConflict(Exception):
    """Another member has replied since the author opened the page; `replies` are unseen."""

    def __init__(self, replies: list[RequestMessage]) -> None:
        super().__init__(len(replies))
        self.replies = replies


class AlreadyAnswered(Exception):
    """The request has been answered, so that whether it needs a reply can no longer be said."""


@transaction.atomic
def reply(request: ContactRequest, *, text: str, by: User, seen: int | None) -> RequestMessage:
    """Send a reply to the prospect by e-mail, and return it.

    `seen` is the primary key of the last message the author has seen; None skips the check for
    newer replies, and a key of no message counts as nothing seen. A repeated submission returns
    the existing reply. The first reply opens a new request and assigns it to its author.

    Raises:
        InvalidTransition: The request is closed, spam or erased.
        ReplyConflict: Another member has replied after `seen`.
    """
    locked = _lock(request)
    if not locked.can_be_answered:
        raise InvalidTransition(locked.status, locked)
    if seen and not locked.messages.filter(pk=seen).exists():
        seen = 0
    if duplicate := _find_duplicate(locked, MessageKind.REPLY, text=text, by=by, seen=seen):
        return duplicate
    if seen is not None:
        unseen = locked.messages.filter(kind=MessageKind.REPLY, pk__gt=seen).exclude(author=by).select_related("author")
        if replies := list(unseen.order_by("pk")):
            raise ReplyConflict(replies)
    mail = send_reply(locked, text=text, by=by)
    message = RequestMessage.objects.create(agency=locked.agency, request=locked, kind=MessageKind.REPLY, author=by, text=text, mail=mail)
    locked.first_reply_at = locked.first_reply_at or timezone.now()
    locked.no_reply_needed_at = None
    locked.assignee = locked.assignee or by
    _save_activity(locked, "request.replied", "first_reply_at", "no_reply_needed_at", "assignee", status=_claimed_status(locked), by=by)
    return message


@transaction.atomic
def mark_no_reply_needed(request: ContactRequest, *, by: User) -> bool:
    """Mark an unanswered request as needing no reply. Return False if it already was.

    Raises:
        InvalidTransition: The request is closed, spam or erased.
        AlreadyAnswered: The request has been answered.
    """
    locked = _lock_unanswered(request)
    if locked.no_reply_needed_at:
        return False
    locked.no_reply_needed_at = timezone.now()
    _save_activity(locked, "request.no_reply_needed", "no_reply_needed_at", by=by)
    return True


@transaction.atomic
def mark_reply_needed(request: ContactRequest, *, by: User) -> bool:
    """Make a request that was marked as needing no reply wait again. Return False if it already does.

    Raises:
        InvalidTransition: The request is closed, spam or erased.
        AlreadyAnswered: The request has been answered.
    """
    locked = _lock_unanswered(request)
    if locked.no_reply_needed_at is None:
        return False
    locked.no_reply_needed_at = None
    _save_activity(locked, "request.reply_needed", "no_reply_needed_at", by=by)
    return True


@transaction.atomic
def add_note(request: ContactRequest, *, text: str, by: User, seen: int | None = None) -> RequestMessage:
    """Add an internal note in any status, and return it. Handles repeated submissions as reply() does.

    Raises:
        InvalidTransition: The request's customer has been erased.
    """
    locked = _lock(request)
    if locked.is_erased:
        raise InvalidTransition(locked.status, locked)
    if duplicate := _find_duplicate(locked, MessageKind.NOTE, text=text, by=by, seen=seen):
        return duplicate
    message = RequestMessage.objects.create(agency=locked.agency, request=locked, kind=MessageKind.NOTE, author=by, text=text)
    _save_activity(locked, "request.noted", by=by)
    return message


@transaction.atomic
def reassign_request(request: ContactRequest, *, to: User, by: User) -> bool:
    """Assign the request to a member, for whom it becomes unread. Return False if it already was.

    Raises:
        InvalidTransition: The request can't be answered.
    """
    locked = _lock(request)
    if not locked.can_be_answered:
        raise InvalidTransition(locked.status, locked)
    if locked.assignee_id == to.pk:
        return False
    locked.assignee = to
    action, data = ("request.taken", {}) if to == by else ("request.handed_over", {"to": str(to)})
    _save_activity(locked, action, "assignee", status=_claimed_status(locked), by=by, **data)
    return True


@transaction.atomic
def unassign_request(request: ContactRequest, *, by: User) -> bool:
    """Take the request from its assignee. Return False if it had none.

    Raises:
        InvalidTransition: The request can't be answered.
    """
    locked = _lock(request)
    if not locked.can_be_answered:
        raise InvalidTransition(locked.status, locked)
    if locked.assignee_id is None:
        return False
    locked.assignee = None
    _save_activity(locked, "request.released", "assignee", by=by)
    return True


@transaction.atomic
def add_customer(request: ContactRequest, *, by: User, fields: dict[str, Any]) -> Customer:
    """Create a customer and assign the request to it.

    Raises:
        InvalidTransition: The request is no longer new or open.
    """
    locked = _lock(request, UNDECIDED)
    customer = create_customer(agency=locked.agency, by=by, **fields)
    _assign(locked, customer, by=by)
    return customer


@transaction.atomic
def assign_request(request: ContactRequest, customer: Customer, *, by: User) -> None:
    """Permanently assign the request to a customer.

    Raises:
        InvalidTransition: The request is no longer new or open.
        CustomerUnavailable: The customer isn't active.
    """
    locked = _lock(request, UNDECIDED)
    # Locks the customer, because it could be archived or erased concurrently.
    active = Customer.objects.select_for_update(of=("self",)).filter(pk=customer.pk, agency=locked.agency).active().first()
    if active is None:
        raise CustomerUnavailable
    _assign(locked, active, by=by)


@transaction.atomic
def close_request(request: ContactRequest, *, by: User) -> None:
    """Close a request that doesn't lead to a customer.

    Raises:
        InvalidTransition: The request is no longer new or open.
    """
    _save_activity(_lock(request, UNDECIDED), "request.closed", status=RequestStatus.CLOSED, by=by)


@transaction.atomic
def reopen_request(request: ContactRequest, *, by: User) -> None:
    """Reopen a closed request.

    Raises:
        InvalidTransition: The request isn't closed.
    """
    _save_activity(_lock(request, (RequestStatus.CLOSED,)), "request.reopened", status=RequestStatus.OPEN, by=by)


@transaction.atomic
def mark_spam(request: ContactRequest, *, by: User, block: bool = False) -> None:
    """Mark the request and future messages from its sender as spam. With `block`, discard the latter.

    Requests that `mark_not_spam` reopened together become spam together.

    Raises:
        InvalidTransition: The request is assigned to a customer.
    """
    reopened = Q(agency=request.agency_id, sender_key=request.sender_key, status=RequestStatus.OPEN, status_since=request.status_since)
    # Locked in order of their keys, like those of `mark_not_spam`.
    found = {row.pk: row for row in ContactRequest.objects.filter(Q(pk=request.pk) | reopened).select_for_update().order_by("pk")}
    locked = _ensure(found.get(request.pk), request, (*UNDECIDED, RequestStatus.CLOSED, RequestStatus.SPAM))
    if locked.status != RequestStatus.SPAM:
        _move(list(found.values()), "request.spam", status=RequestStatus.SPAM, by=by)
    former = _set_sender_status(locked, SenderStatus.BLOCKED if block else SenderStatus.SPAM)
    if block and former != SenderStatus.BLOCKED:
        record("sender.blocked", locked, by=by)


@transaction.atomic
def mark_not_spam(request: ContactRequest, *, by: User) -> None:
    """Reopen all spam from the request's sender, and allow and unblock the sender.

    Raises:
        InvalidTransition: The request isn't spam.
    """
    spam = ContactRequest.objects.filter(agency=request.agency_id, sender_key=request.sender_key, status=RequestStatus.SPAM)
    # Locked in order of their keys, to avoid deadlocks between concurrent calls for one sender.
    requests = list(spam.select_for_update().order_by("pk"))
    if request not in requests:
        stored = ContactRequest.objects.filter(pk=request.pk).first() or request
        raise InvalidTransition(stored.status, stored)
    _move(requests, "request.not_spam", status=RequestStatus.OPEN, by=by)
    if _set_sender_status(request, SenderStatus.FINE) == SenderStatus.BLOCKED:
        record("sender.unblocked", request, by=by)


@transaction.atomic
def unblock_sender(sender: Sender, *, by: User) -> bool:
    """Allow a blocked sender. Return False if the sender isn't blocked."""
    blocked = Sender.objects.filter(pk=sender.pk).blocked()
    unblocked = blocked.update(status=SenderStatus.FINE, since=timezone.now(), blocked_count=0) == 1
    if unblocked:
        record("sender.unblocked", sender, by=by)
    return unblocked


@transaction.atomic
def save_settings(settings: InboxSettings, *, retention_days: int, notified: list[Membership], by: User) -> None:
    """Save for how long settled requests are kept and which members are notified about new ones."""
    settings.retention_days = retention_days
    settings.save()
    for member in settings.agency.memberships.with_notification_modes():
        if member.is_notified_about(Notification.REQUESTS) != (member in notified):
            member.set_notification(Notification.REQUESTS, Mode.NOW if member in notified else Mode.OFF)
    record("inbox.changed", settings, by=by)


def mark_seen(*requests: ContactRequest, by: User) -> None:
    """Mark requests as read by this member."""
    now = timezone.now()
    RequestSeen.objects.bulk_create(
        [RequestSeen(request=request, user=by, seen_at=now) for request in requests],
        update_conflicts=True,
        unique_fields=["request", "user"],
        update_fields=["seen_at"],
    )


def erase_customer_requests(customer: Customer, by: User) -> None:
    """Remove all personal data from a customer's requests, in the transaction that erases the customer.

    The rows remain. The requests' e-mails reference the customer and are deleted with it.
    """
    requests = ContactRequest.objects.filter(customer=customer)
    # Locks the requests first, so that concurrent replies and notes come before or fail.
    keys = {request.sender_key for request in requests.select_for_update().order_by("pk") if request.sender_key}
    RequestMessage.objects.filter(request__in=requests).delete()
    delete_conversations([request.thread for request in requests])
    Sender.objects.filter(agency=customer.agency, key__in=keys).delete()
    requests.update(**dict.fromkeys(ContactRequest.personal_fields(), ""))


@transaction.atomic
def delete_expired(agency: Agency, *, batch: int) -> int:
    """Delete up to `batch` settled requests past the retention period, and return their number.

    Requests locked by another transaction are skipped.
    """
    due = ContactRequest.objects.filter(agency=agency).past_retention(InboxSettings.for_agency(agency).retention_days)
    requests = list(due.select_for_update(skip_locked=True, of=("self",)).order_by("pk")[:batch])
    if requests:
        delete_conversations([request.thread for request in requests])
        ContactRequest.objects.filter(pk__in=[request.pk for request in requests]).delete()
        record("requests.deleted", agency, by=None, label="", count=len(requests))
    return len(requests)


def _lock(request: ContactRequest, allowed: tuple[RequestStatus, ...] = tuple(RequestStatus)) -> ContactRequest:
    """Lock and return the stored request.

    Joins no tables, because PostgreSQL doesn't reread joined rows after waiting for the lock.

    Raises:
        InvalidTransition: The request has been deleted, or its status isn't one of `allowed`.
    """
    return _ensure(ContactRequest.objects.select_for_update().filter(pk=request.pk).first(), request, allowed)


def _lock_unanswered(request: ContactRequest) -> ContactRequest:
    locked = _lock(request)
    if not locked.can_be_answered:
        raise InvalidTransition(locked.status, locked)
    if locked.first_reply_at:
        raise AlreadyAnswered
    return locked


def _ensure(locked: ContactRequest | None, request: ContactRequest, allowed: tuple[RequestStatus, ...]) -> ContactRequest:
    if locked is None:
        raise InvalidTransition(request.status, request)
    if locked.status not in allowed:
        raise InvalidTransition(locked.status, locked)
    return locked


def _find_duplicate(request: ContactRequest, kind: MessageKind, *, text: str, by: User, seen: int | None) -> RequestMessage | None:
    """Return the author's message with the same text after `seen`, which means a double click."""
    if seen is None:
        return None
    return request.messages.filter(kind=kind, author=by, text=text, pk__gt=seen).first()


def _assign(request: ContactRequest, customer: Customer, *, by: User) -> None:
    request.customer = customer
    _save_activity(request, "request.assigned", "customer", status=RequestStatus.ASSIGNED, by=by)
    # E-mails with a customer are deleted when the customer is erased.
    OutgoingMail.objects.filter(thread=request.thread).update(customer_id=customer.pk)


def _claimed_status(request: ContactRequest) -> str:
    return RequestStatus.OPEN if request.status == RequestStatus.NEW else request.status


def _move(requests: list[ContactRequest], action: str, *, status: RequestStatus, by: User) -> None:
    """Give locked requests a status in the same moment, record the action, and mark them as unread for others."""
    now = timezone.now()
    keys = [request.pk for request in requests]
    ContactRequest.objects.filter(pk__in=keys).update(status=status, status_since=now, last_activity_at=now)
    mark_seen(*requests, by=by)
    record_all(action, requests, by=by)


def _save_activity(request: ContactRequest, action: str, *fields: str, status: str = "", by: User, **data: str) -> None:
    """Save `fields` and the status, record the action, and mark the request as unread for others."""
    now = timezone.now()
    if status and status != request.status:
        request.status, request.status_since = status, now
    request.last_activity_at = now
    request.save(update_fields=[*fields, "status", "status_since", "last_activity_at"])
    mark_seen(request, by=by)
    record(action, request, by=by, **data)


def _set_sender_status(request: ContactRequest, status: SenderStatus) -> str:
    """Set the status of the request's sender and return the former one, empty if there was none.

    Blocked senders stay blocked when another of their requests is marked as spam.
    """
    values = {"status": status, "since": timezone.now(), "blocked_count": 0}
    sender, created = Sender.objects.select_for_update().get_or_create(agency=request.agency, key=request.sender_key, defaults=values)
    former = "" if created else sender.status
    if former not in ("", status) and (former, status) != (SenderStatus.BLOCKED, SenderStatus.SPAM):
        Sender.objects.filter(pk=sender.pk).update(**values)
    return former
