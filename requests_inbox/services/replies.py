"""What the team says about a request: to the sender, or among themselves."""

from django.db import transaction
from django.utils import timezone

from partnerportal.accounts.models import User
from partnerportal.audit.services import record
from partnerportal.core.pending import InvalidTransition
from requests_inbox.mails import send_reply
from requests_inbox.models import ContactRequest, RequestMessage
from requests_inbox.services.requests import locked_request, touch

Kind = RequestMessage.Kind


class ReplyConflict(Exception):
    """Somebody else replied since this member began to type; `replies` are what they have not seen."""

    def __init__(self, replies: list[RequestMessage]) -> None:
        super().__init__(len(replies))
        self.replies = replies


@transaction.atomic
def reply(request: ContactRequest, *, text: str, by: User, seen: int | None) -> RequestMessage:
    """Answer the sender by mail. `seen` is the last message that the member saw when they began to type; None: they saw all.

    The first reply opens a new request and puts its author on it. A second press of the button sends nothing: the reply of the first.

    Raises:
        InvalidTransition: it was closed, called spam, or erased meanwhile.
        ReplyConflict: a colleague was faster; sending once more with a newer `seen` is a decision, and goes through.
    """
    locked = locked_request(request)
    if not locked.can_be_answered:
        raise InvalidTransition(locked.status, locked)
    if pressed_before := _already_submitted(locked, Kind.REPLY, text=text, by=by, seen=seen):
        return pressed_before
    if seen is not None:
        unseen = locked.messages.filter(kind=Kind.REPLY, pk__gt=seen).exclude(author=by).select_related("author")
        if replies := list(unseen.order_by("pk")):
            raise ReplyConflict(replies)
    mail = send_reply(locked, text=text, by=by)
    message = RequestMessage.objects.create(agency=locked.agency, request=locked, kind=Kind.REPLY, author=by, text=text, mail=mail)
    locked.first_reply_at = locked.first_reply_at or timezone.now()
    if locked.status == ContactRequest.Status.NEW:
        locked.status, locked.status_since = ContactRequest.Status.OPEN, timezone.now()
    locked.handler = locked.handler or by
    touch(locked, "first_reply_at", "handler", by=by)
    record("request.replied", locked, by=by)
    return message


@transaction.atomic
def add_note(request: ContactRequest, *, text: str, by: User, seen: int | None = None) -> RequestMessage:
    """Note something down for the team; in whatever state the request is. `seen`, and a second press, as for `reply`.

    Raises:
        InvalidTransition: its customer was erased.
    """
    locked = locked_request(request)
    if locked.is_erased:
        raise InvalidTransition(locked.status, locked)
    if pressed_before := _already_submitted(locked, Kind.NOTE, text=text, by=by, seen=seen):
        return pressed_before
    message = RequestMessage.objects.create(agency=locked.agency, request=locked, kind=Kind.NOTE, author=by, text=text)
    touch(locked, by=by)
    record("request.noted", locked, by=by)
    return message


def _already_submitted(
    request: ContactRequest, kind: RequestMessage.Kind, *, text: str, by: User, seen: int | None
) -> RequestMessage | None:
    """What this member wrote in the same words since the page was made on which they typed: the button was pressed twice."""
    if seen is None:
        return None
    return request.messages.filter(kind=kind, author=by, text=text, pk__gt=seen).first()
