"""What agencies' inboxes store about the owner of an e-mail address, and its erasure."""

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from partnerportal.accounts.address_data import AddressData, Effect, Person
from partnerportal.accounts.models import User
from partnerportal.audit.services import record
from partnerportal.outbox.retention import delete_conversations
from requests_inbox.models import ContactRequest, RequestMessage, SavedReply, Sender, sender_key


def _requests(person: Person) -> QuerySet[ContactRequest]:
    return ContactRequest.objects.filter(person.has("email")).select_related("agency")


def _messages(person: Person) -> QuerySet[RequestMessage]:
    return RequestMessage.objects.filter(person.has("request__email")).select_related("request")


def _senders(person: Person) -> QuerySet[Sender]:
    return Sender.objects.filter(key__in={sender_key(address) for address in person.addresses})


def _saved_replies(person: Person) -> QuerySet[SavedReply]:
    return SavedReply.objects.filter(person.quoted_in("text") | person.quoted_in("title"))


def _erase_requests(rows: QuerySet[ContactRequest], _person: Person, by: User) -> None:
    """Delete requests with their conversations. Of those that belong to a customer, empty rows stay."""
    locked = list(rows.select_for_update(of=("self",)).order_by("pk"))
    keys = [request.pk for request in locked]
    RequestMessage.objects.filter(request__in=keys).delete()
    delete_conversations([request.thread for request in locked])
    assigned = ContactRequest.objects.filter(pk__in=keys, customer__isnull=False)
    assigned.update(**dict.fromkeys(ContactRequest.personal_fields(), ""))
    deleted = ContactRequest.objects.filter(pk__in=keys, customer=None)
    if number := deleted.count():
        record("requests.deleted", locked[0].agency, by=by, label="", count=number)
        deleted.delete()


def _delete(rows: QuerySet[Any], _person: Person, _by: User) -> None:
    rows.delete()


SECTIONS = [
    AddressData(
        "requests",
        _("Contact requests"),
        _requests,
        Effect.DELETED,
        _("Deleted with all replies and notes. Of a request that belongs to a customer, its number, dates and status stay."),
        values=("reference", "name", "company", "email", "phone", "message", "language", "consented_at", "status", "created_at"),
        erase=_erase_requests,
        batch=50,
    ),
    AddressData(
        "request-messages",
        _("Replies and notes about contact requests"),
        _messages,
        Effect.DELETED,
        _("Deleted with the request."),
        values=("kind", "text", "created_at"),
    ),
    AddressData(
        "senders",
        _("Blocked and allowed senders"),
        _senders,
        Effect.DELETED,
        _("The agency has to block the sender again if necessary."),
        values=("key", "status", "since"),
        erase=_delete,
        batch=50,
    ),
    AddressData(
        "saved-replies",
        _("Saved replies that quote the address"),
        _saved_replies,
        Effect.KEPT,
        _("They are texts of the agency. Ask the agency to remove the address from them."),
        values=("title",),
    ),
]
