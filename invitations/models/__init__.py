"""Access that clients give to an agency, and the agency's requests for it."""

from invitations.models.access_requests import AccessRequest
from invitations.models.invitations import MESSAGE_LENGTH, AccessInvitation

from invitations.client_data.models import AddressChange, DataExport, DataExportPart  # isort: skip  # registers its models with Django
from invitations.messages.models import Message, MessageOptOut, ReadMark  # isort: skip  # registers its models with Django

__all__ = [
    "MESSAGE_LENGTH",
    "AccessInvitation",
    "AccessRequest",
    "AddressChange",
    "DataExport",
    "DataExportPart",
    "Message",
    "MessageOptOut",
    "ReadMark",
]
