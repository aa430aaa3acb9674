"""Requests of prospects, what was said about them, who wrote them, and how an agency keeps its inbox."""

from requests_inbox.models.requests import ContactRequest, RequestMessage, RequestSeen
from requests_inbox.models.senders import Sender, sender_key
from requests_inbox.models.settings import DEFAULT_KEEP_DAYS, InboxSettings

__all__ = ["DEFAULT_KEEP_DAYS", "ContactRequest", "InboxSettings", "RequestMessage", "RequestSeen", "Sender", "sender_key"]
