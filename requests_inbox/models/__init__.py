"""Contact requests and their messages, saved replies, senders, and inbox settings."""

from requests_inbox.models.requests import ANSWERABLE, UNDECIDED, ContactRequest, MessageKind, RequestMessage, RequestSeen, RequestStatus
from requests_inbox.models.saved_replies import SavedReply
from requests_inbox.models.senders import Sender, SenderStatus, sender_key
from requests_inbox.models.settings import InboxSettings

__all__ = [
    "ANSWERABLE",
    "UNDECIDED",
    "ContactRequest",
    "InboxSettings",
    "MessageKind",
    "RequestMessage",
    "RequestSeen",
    "RequestStatus",
    "SavedReply",
    "Sender",
    "SenderStatus",
    "sender_key",
]
