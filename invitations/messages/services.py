"""Actions on messages: send, mark as read, opt out of e-mails; and what an erasure, a merge and a departure do to them.

Sending locks the customer, so that the keys of a thread's messages follow their order. Marks of a thread are changed under
this lock, or under their own.
"""

from django.db import transaction
from django.db.models import F, QuerySet

from customers.merging.relations import Changes
from customers.models import Customer
from customers.services.submissions import add_once
from invitations.messages import mails
from invitations.messages.models import Message, MessageOptOut, ReadMark, Side
from invitations.models import AccessInvitation
from invitations.space.queries import Space, clients_of
from invitations.space.services import lock_for_member, lock_space
from partnerportal.accounts.models import User
from partnerportal.agencies.models import DigestItem, Membership, Mode, Notification
from partnerportal.agencies.queries import active_members
from partnerportal.audit.models import AuditEvent
from partnerportal.audit.services import record


class NoReader(Exception):
    """No client could read the message, because none has connected access."""


# --- Sending -----------------------------------------------------------------------------------------------------------


@transaction.atomic
def send_as_client(*, space: Space, text: str, number: str) -> Message:
    """Send a message of the client to the agency and the customer's other clients. `number` is that of the form.

    Raises:
        AlreadyAdded: The form has already sent a message.
        SpaceClosed: The access was ended.
        ValidationError: The customer is archived.
    """
    current = lock_space(space)

    def add() -> Message:
        name = space.client.full_name or current.invitations[0].stated_name
        message = _add(current.customer, text=text, side=Side.CLIENT, author=space.client, name=name)
        record("message.received", message, by=None, source=AuditEvent.Source.WEB)
        return message

    return add_once(space.agency, number=number, content=_content(space.customer, text), by=space.client, add=add)


@transaction.atomic
def send_as_member(*, customer: Customer, text: str, number: str, by: User) -> Message:
    """Send a message of the agency to all of the customer's clients. `number` is that of the form.

    Raises:
        AlreadyAdded: The form has already sent a message.
        NoReader: No client has connected access.
        PermissionDenied: `by` was removed from the team.
        ValidationError: The customer is archived.
    """
    locked = lock_for_member(customer, by=by)

    def add() -> Message:
        if not clients_of(locked):
            raise NoReader
        message = _add(locked, text=text, side=Side.AGENCY, author=by, name=str(by))
        record("message.sent", message, by=by)
        return message

    return add_once(locked.agency, number=number, content=_content(customer, text), by=by, add=add)


def _content(customer: Customer, text: str) -> dict[str, object]:
    return {"": f"invitations.message/{customer.pk}", "text": text}


def _add(customer: Customer, *, text: str, side: Side, author: User, name: str) -> Message:
    """Add a message to the thread of a locked customer, mark it as unread for the others, and notify them."""
    message = Message.objects.create(agency=customer.agency, customer=customer, author=author, author_name=name[:150], side=side, text=text)
    members = active_members(customer.agency)
    invitations = list({invitation.client_id: invitation for invitation in reversed(clients_of(customer))}.values())
    readers = {*(member.user_id for member in members), *(invitation.client_id for invitation in invitations), author.pk}
    marks = [ReadMark(agency=customer.agency, customer=customer, user_id=user) for user in sorted(readers)]
    ReadMark.objects.bulk_create(marks, ignore_conflicts=True)
    present = ReadMark.objects.filter(customer=customer, user__in=readers)
    present.filter(user=author).update(last_read=message.pk, last_message=message.pk, unread=0, is_notified=False)
    others = present.exclude(user=author)
    others.update(last_message=message.pk, unread=F("unread") + 1)
    waiting = set(others.filter(is_notified=False).values_list("user", flat=True))
    mailed = _notify_clients(message, [invitation for invitation in invitations if invitation.client_id in waiting])
    if side == Side.CLIENT:
        mailed |= _notify_members(message, members, waiting)
    others.filter(user__in=mailed).update(is_notified=True)
    return message


def _notify_clients(message: Message, invitations: list[AccessInvitation]) -> set[int]:
    """Send e-mails to clients who want them, and return the keys of these users."""
    opted_out = set(MessageOptOut.objects.filter(user__in=[one.client_id for one in invitations]).values_list("user", flat=True))
    chosen = [invitation for invitation in invitations if invitation.client_id not in opted_out]
    mails.send_to_clients(message, chosen)
    return {invitation.client_id for invitation in chosen}


def _notify_members(message: Message, members: list[Membership], waiting: set[int]) -> set[int]:
    """Notify the account manager, or else the owners and managers. Return the keys of users who receive an e-mail now.

    Only users who are `waiting` have read the message of their last e-mail.
    """
    interested = [member for member in members if not member.is_notified_about(Notification.MESSAGES, mode=Mode.OFF)]
    responsible = [member for member in interested if member.user_id == message.customer.responsible_id]
    concerned = responsible or [member for member in interested if member.is_manager]
    chosen = [member for member in concerned if member.user_id in waiting]
    DigestItem.objects.add(chosen, Notification.MESSAGES, message.customer_id)
    now = [member for member in chosen if member.is_notified_about(Notification.MESSAGES)]
    mails.send_to_members(message, now)
    return {member.user_id for member in now}


# --- Reading -----------------------------------------------------------------------------------------------------------


@transaction.atomic
def mark_read(customer: Customer, *, user: User, messages: QuerySet[Message], upto: int) -> None:
    """Mark the `messages` that the person can read in a thread as read, up to the one with the key `upto`.

    Later ones stay unread, also those that are sent at this moment.
    """
    mark = ReadMark.objects.select_for_update(no_key=True).filter(user=user, customer=customer).first()
    if mark is None or (mark.last_read >= upto and not mark.unread):
        return
    # Counted after the lock, because a message that is sent in the meantime changes the mark before.
    mark.last_read = max(mark.last_read, upto)
    mark.unread = messages.filter(pk__gt=mark.last_read).exclude(author=user).count()
    mark.is_notified = mark.is_notified and mark.unread > 0
    mark.save(update_fields=["last_read", "unread", "is_notified"])


@transaction.atomic
def want_message_mails(user: User, *, wanted: bool) -> None:
    """Save whether a client receives e-mails about messages."""
    if wanted:
        MessageOptOut.objects.filter(user=user).delete()
    else:
        MessageOptOut.objects.get_or_create(user=user)


# --- Erasures, merges and departures -----------------------------------------------------------------------------------


def erase_messages(customer: Customer, by: User) -> None:
    """Delete a customer's messages and marks. Runs as one of the `erasure_hooks`."""
    rows = Message.objects.filter(customer=customer)
    # The database deletes only messages that were emptied before.
    rows.update(text="", author_name="")
    rows.delete()
    ReadMark.objects.filter(customer=customer).delete()


def forget_author(client: User) -> None:
    """Make the author of a client's messages anonymous, and delete what they have read."""
    Message.objects.filter(author=client).update(author=None, author_name="")
    ReadMark.objects.filter(user=client).delete()
    MessageOptOut.objects.filter(user=client).delete()


def forget_member(member: Membership) -> None:
    """Delete what a departing member has read. Runs as one of the `departure_hooks`."""
    ReadMark.objects.filter(agency=member.agency_id, user=member.user_id).delete()


def combine_marks(first: Customer, second: Customer, changes: Changes) -> None:
    """Before a merge, let people who have read both threads keep what is new to them in either."""
    present = {mark.user_id: mark for mark in ReadMark.objects.filter(customer=first)}
    for other in ReadMark.objects.filter(customer=second, user__in=present).order_by("pk"):
        mark = present[other.user_id]
        changes.change(
            mark,
            last_read=min(mark.last_read, other.last_read) if other.unread else mark.last_read,
            last_message=max(mark.last_message, other.last_message),
            unread=mark.unread + other.unread,
        )


def marks_of_same_person(rows: QuerySet[ReadMark], first: Customer) -> QuerySet[ReadMark]:
    """Return the marks of people who have one for the first customer, too."""
    return rows.filter(user__in=ReadMark.objects.filter(customer=first).values("user"))
