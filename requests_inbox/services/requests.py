"""What becomes of a request. Each function is one transaction, the audit event included, and locks the request's row first."""

from typing import Any

from django.db import transaction
from django.utils import timezone

from customers.models import Customer
from customers.services.customers import create_customer
from partnerportal.accounts.models import User
from partnerportal.agencies.models import Agency, Membership, Notification
from partnerportal.audit.services import record, record_all
from partnerportal.core.pending import InvalidTransition
from partnerportal.outbox.models import OutgoingMail
from requests_inbox.models import ContactRequest, InboxSettings, RequestMessage, RequestSeen, Sender
from requests_inbox.models.requests import PERSONAL_FIELDS

Status = ContactRequest.Status


class CustomerUnavailable(Exception):
    """The chosen customer was archived or erased meanwhile."""


@transaction.atomic
def claim_request(request: ContactRequest, *, by: User) -> bool:
    """“I'm on it.” False if they are already.

    Raises:
        InvalidTransition: it is settled.
    """
    return reassign_request(request, to=by, by=by)


@transaction.atomic
def reassign_request(request: ContactRequest, *, to: User, by: User) -> bool:
    """Make `to` the one who is on it; their unread mark comes on. False if they are already.

    Raises:
        InvalidTransition: it is settled.
    """
    locked = locked_request(request)
    if not locked.can_be_answered:
        raise InvalidTransition(locked.status, locked)
    if locked.handler_id == to.pk:
        return False
    locked.handler = to
    if locked.status == Status.NEW:
        _set_status(locked, Status.OPEN)
    touch(locked, "handler", by=by)
    if to == by:
        record("request.taken", locked, by=by)
    else:
        record("request.handed_over", locked, by=by, to=str(to))
    return True


@transaction.atomic
def add_customer(request: ContactRequest, *, by: User, fields: dict[str, Any]) -> Customer:
    """“Add Customer”: create the customer and assign the request, both or none.

    Raises:
        InvalidTransition: it is settled; with its customer, where somebody was faster.
    """
    locked = _lock_undecided(request)
    customer = create_customer(agency=locked.agency, by=by, **fields)
    _assign(locked, customer, by=by)
    return customer


@transaction.atomic
def assign_request(request: ContactRequest, customer: Customer, *, by: User) -> None:
    """Make the request this customer's, for good.

    Raises:
        InvalidTransition: it is settled.
        CustomerUnavailable: nothing new can be added to this customer any more.
    """
    locked = _lock_undecided(request)
    # Whoever archives or erases the customer at this moment waits, or was faster.
    active = Customer.objects.select_for_update(of=("self",)).filter(pk=customer.pk, agency=locked.agency).active().first()
    if active is None:
        raise CustomerUnavailable
    _assign(locked, active, by=by)


@transaction.atomic
def close_request(request: ContactRequest, *, by: User) -> None:
    """Nothing more is to be done, and no customer came of it.

    Raises:
        InvalidTransition: it is settled.
    """
    _move(request, ContactRequest.UNSETTLED, Status.CLOSED, "request.closed", by=by)


@transaction.atomic
def reopen_request(request: ContactRequest, *, by: User) -> None:
    """There is something to be done after all.

    Raises:
        InvalidTransition: it isn't closed.
    """
    _move(request, (Status.CLOSED,), Status.OPEN, "request.reopened", by=by)


@transaction.atomic
def mark_spam(request: ContactRequest, *, by: User, block: bool = False) -> None:
    """It is spam, and so is what this sender writes from now on; with `block`, none of it is kept any more.

    Raises:
        InvalidTransition: it belongs to a customer.
    """
    locked = locked_request(request)
    allowed = (*ContactRequest.UNSETTLED, Status.CLOSED, Status.SPAM)
    if locked.status not in allowed:
        raise InvalidTransition(locked.status, locked)
    if locked.status != Status.SPAM:
        _set_status(locked, Status.SPAM)
        touch(locked, by=by)
        record("request.spam", locked, by=by)
    before = set_sender_status(locked, Sender.Standing.BLOCKED if block else Sender.Standing.SPAM)
    if block and before != Sender.Standing.BLOCKED:
        record("sender.blocked", locked, by=by)


@transaction.atomic
def mark_not_spam(request: ContactRequest, *, by: User) -> None:
    """It is no spam, and this sender is fine, blocked or not: their other messages come back, too.

    Raises:
        InvalidTransition: it isn't spam.
    """
    spam = ContactRequest.objects.filter(agency=request.agency_id, sender_key=request.sender_key, status=Status.SPAM)
    # All at once and in one order: members who press it on several of the same sender don't wait for each other in a circle.
    requests = list(spam.select_for_update().order_by("pk"))
    locked = next((other for other in requests if other == request), None)
    if locked is None:
        stored = ContactRequest.objects.filter(pk=request.pk).first() or request
        raise InvalidTransition(stored.status, stored)
    now = timezone.now()
    ContactRequest.objects.filter(pk__in=[request.pk for request in requests]).update(status=Status.OPEN, status_since=now, changed_at=now)
    mark_seen(*requests, by=by)
    record_all("request.not_spam", requests, by=by)
    if set_sender_status(locked, Sender.Standing.FINE) == Sender.Standing.BLOCKED:
        record("sender.unblocked", locked, by=by)


@transaction.atomic
def unblock_sender(sender: Sender, *, by: User) -> bool:
    """Take what this sender writes like anybody's. False if they aren't blocked."""
    blocked = Sender.objects.filter(pk=sender.pk).blocked()
    unblocked = blocked.update(standing=Sender.Standing.FINE, since=timezone.now(), turned_away=0) == 1
    if unblocked:
        record("sender.unblocked", sender, by=by)
    return unblocked


@transaction.atomic
def save_settings(settings: InboxSettings, *, keep_days: int, notified: list[Membership], by: User) -> None:
    """Who is told of new requests (nobody chosen: owners and managers), and how long settled ones are kept."""
    settings.keep_days = keep_days
    settings.save()
    for member in settings.agency.memberships.all():
        member.set_notification(Notification.REQUESTS, member in notified)
    record("inbox.changed", settings, by=by)


def erase_customer_requests(customer: Customer, by: User) -> None:
    """A customer is about to be erased: nothing personal stays in their requests; the rows stay, with whom they belonged to.

    Runs in the transaction of the erasure. (The mails carry the customer's key, and go with it.)
    """
    requests = ContactRequest.objects.filter(customer=customer)
    # First of all: a reply or a note of this moment is there then, and goes; or comes after, and finds nobody any more.
    keys = {request.sender_key for request in requests.select_for_update().order_by("pk") if request.sender_key}
    RequestMessage.objects.filter(request__in=requests).delete()
    Sender.objects.filter(agency=customer.agency, key__in=keys).delete()
    requests.update(**dict.fromkeys(PERSONAL_FIELDS, ""))


def delete_expired(agency: Agency, *, keep_days: int, batch: int) -> int:
    """Delete up to `batch` closed requests and spam of this agency that are older than its term; how many that were.

    One that somebody is just working on is left to them. The audit keeps the number.
    """
    with transaction.atomic():
        due = ContactRequest.objects.filter(agency=agency).past_their_term(keep_days)
        requests = list(due.select_for_update(skip_locked=True, of=("self",)).order_by("pk")[:batch])
        if requests:
            OutgoingMail.objects.filter(agency=agency, thread__in=[request.thread for request in requests]).delete()
            ContactRequest.objects.filter(pk__in=[request.pk for request in requests]).delete()
            record("requests.deleted", agency, by=None, label="", count=len(requests))
    return len(requests)


def locked_request(request: ContactRequest) -> ContactRequest:
    """The request as it stands now, its row locked until the transaction ends.

    Alone, without its customer: who has waited for a lock gets the row anew, but what was joined to it as it was before.

    Raises:
        InvalidTransition: its term was over, and it was deleted.
    """
    locked: ContactRequest | None = ContactRequest.objects.select_for_update().filter(pk=request.pk).first()
    if locked is None:
        raise InvalidTransition(request.status, request)
    return locked


def touch(request: ContactRequest, *fields: str, by: User) -> None:
    """Save these fields (the status always), and that something happened: unread for all but the one who did it."""
    request.changed_at = timezone.now()
    request.save(update_fields=[*fields, "status", "status_since", "changed_at"])
    mark_seen(request, by=by)


def mark_seen(*requests: ContactRequest, by: User) -> None:
    """This person has seen all there is."""
    now = timezone.now()
    RequestSeen.objects.bulk_create(
        [RequestSeen(request=request, user=by, seen_at=now) for request in requests],
        update_conflicts=True,
        unique_fields=["request", "user"],
        update_fields=["seen_at"],
    )


def set_sender_status(request: ContactRequest, standing: Sender.Standing) -> str:
    """Remember what the agency thinks of the request's sender; what it thought before, empty if nothing.

    Who is blocked stays so when something else of theirs is called spam.
    """
    new = {"standing": standing, "since": timezone.now(), "turned_away": 0}
    sender, created = Sender.objects.select_for_update().get_or_create(agency=request.agency, key=request.sender_key, defaults=new)
    before = "" if created else sender.standing
    if before not in ("", standing) and (before, standing) != (Sender.Standing.BLOCKED, Sender.Standing.SPAM):
        Sender.objects.filter(pk=sender.pk).update(**new)
    return before


def _lock_undecided(request: ContactRequest) -> ContactRequest:
    locked = locked_request(request)
    if not locked.is_unsettled:
        raise InvalidTransition(locked.status, locked)
    return locked


def _assign(request: ContactRequest, customer: Customer, *, by: User) -> None:
    request.customer = customer
    _set_status(request, Status.ASSIGNED)
    touch(request, "customer", by=by)
    # From now on they are the customer's, and go when the customer is erased.
    OutgoingMail.objects.filter(thread=request.thread).update(customer_id=customer.pk)
    record("request.assigned", request, by=by)


def _move(request: ContactRequest, allowed: tuple[Status, ...], to: Status, action: str, *, by: User) -> None:
    locked = locked_request(request)
    if locked.status not in allowed:
        raise InvalidTransition(locked.status, locked)
    _set_status(locked, to)
    touch(locked, by=by)
    record(action, locked, by=by)


def _set_status(request: ContactRequest, status: Status) -> None:
    request.status, request.status_since = status, timezone.now()
