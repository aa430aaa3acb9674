"""What members and clients can read of a thread, and what of it is new to them."""

from typing import Any

from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from customers.models import Customer
from invitations.messages.models import Message, ReadMark, Side
from invitations.models import AccessInvitation
from invitations.space.queries import Space
from partnerportal.accounts.models import User


def thread(customer: Customer) -> QuerySet[Message]:
    """Return all messages of a customer, as its agency sees them."""
    return Message.objects.filter(agency=customer.agency_id, customer=customer).select_related("author")


def thread_for_client(space: Space) -> QuerySet[Message]:
    """Return the messages since the client's connected access began, and all that the client has written.

    What others wrote earlier was not written for them (docs/decisions/0049).
    """
    since = min((invitation.connected_at for invitation in space.invitations if invitation.connected_at), default=None)
    readable = Q(author=space.client, side=Side.CLIENT)
    return thread(space.customer).filter(readable | Q(created_at__gte=since) if since else readable)


def unread_for_client(space: Space) -> Coalesce:
    """Return the expression of the number of messages in the space's thread that are new to the client."""
    marks = ReadMark.objects.filter(customer=space.customer, user=space.client)
    return Coalesce(Subquery(marks.values("unread")[:1]), 0)


def unread_count(customer: Customer, user: User) -> int:
    """Return the number of messages in a customer's thread that are new to a person."""
    return ReadMark.objects.filter(customer=customer, user=user).values_list("unread", flat=True).first() or 0


def unread_threads(member: Any) -> QuerySet[ReadMark]:
    """Return the marks of threads with messages that are new to a member; `member` is the key of the membership."""
    return ReadMark.objects.unread().of_open_customers().filter(user__memberships=member)


def threads_of_member(user: User, *, agency: Any, only_unread: bool) -> QuerySet[ReadMark]:
    """Return the threads of an agency that have had a message since the member joined, each with its latest message."""
    latest = Message.objects.filter(pk=OuterRef("last_message"))
    marks = ReadMark.objects.of_open_customers().filter(agency=agency, user=user)
    rows = (marks.unread() if only_unread else marks).select_related("customer")
    columns = {f"latest_{name}": Subquery(latest.values(name)[:1]) for name in ("text", "side", "created_at")}
    return rows.annotate(**columns)


def with_unread_messages(invitations: QuerySet[AccessInvitation], user: User) -> QuerySet[AccessInvitation]:
    """Annotate a client's invitations with the number of `unread_messages`; None without any, or without connected access."""
    marks = ReadMark.objects.filter(user=user, unread__gt=0)
    of_customer = marks.filter(Q(customer=OuterRef("customer")) | Q(customer=OuterRef("customer__merged_into")))
    return invitations.annotate(unread_messages=Subquery(of_customer.order_by("-last_message").values("unread")[:1]))
