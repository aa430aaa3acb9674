"""What this app stores about a person: the sections of their download."""

from collections.abc import Iterator
from typing import Any

from allauth.account.models import EmailAddress

from invitations.models import AccessInvitation, AccessRequest, Message
from partnerportal.accounts.models import User

_DETAILS = ("name", "company", "phone", "street", "zip", "city", "country", "domains", "message", "language")
_STEPS = ("status", "scope", "areas", "created_at", "expires_at")


def account_rows(user: User) -> Iterator[dict[str, Any]]:
    """Return the account itself."""
    yield {
        "email": user.email,
        "other_addresses": list(EmailAddress.objects.filter(user=user).exclude(email=user.email).values_list("email", flat=True)),
        **{name: getattr(user, name) for name in ("full_name", "language", "time_zone", "date_joined", "last_login")},
    }


def access_rows(user: User) -> Iterator[dict[str, Any]]:
    """Return all access that the person has offered or given, with the details they stated."""
    for invitation in AccessInvitation.objects.filter(client=user).select_related("agency").order_by("pk"):
        names = (*_DETAILS, *_STEPS, "connected_at", "ended_at", "reason")
        yield {"agency": invitation.agency.name, **{name: getattr(invitation, name) for name in names}}


def access_request_rows(user: User) -> Iterator[dict[str, Any]]:
    """Return the access requests to the person."""
    for access_request in AccessRequest.objects.sent_to(user).select_related("agency").order_by("pk"):
        names = ("email", "message", *_STEPS, "answered_at")
        yield {"agency": access_request.agency.name, **{name: getattr(access_request, name) for name in names}}


def message_rows(user: User) -> Iterator[dict[str, Any]]:
    """Return the messages that the person has written as a client."""
    for message in Message.objects.filter(author=user, side="client").select_related("agency").order_by("pk"):
        yield {"agency": message.agency.name, "sent": message.created_at, "text": message.text}
