"""Access that clients give to an agency, the agency's requests for it, and what both share."""

from invitations.models.access_requests import AccessRequest
from invitations.models.invitations import MESSAGE_LENGTH, AccessInvitation
from invitations.models.terms import Term

from invitations.client_data.models import AddressChange, DataExport, DataExportPart  # isort: skip  # registers its models with Django
from invitations.credentials.models import AccessNeed, Credential, CredentialReveal, NeedTemplate  # isort: skip  # registers its models with Django
from invitations.files.models import Approval, ApprovalDecision, FileChunk, FileQuota, FileVersion, SharedFile  # isort: skip  # registers its models with Django
from invitations.messages.models import Message, MessageOptOut, ReadMark  # isort: skip  # registers its models with Django

__all__ = [
    "MESSAGE_LENGTH",
    "AccessInvitation",
    "AccessNeed",
    "AccessRequest",
    "AddressChange",
    "Approval",
    "ApprovalDecision",
    "Credential",
    "CredentialReveal",
    "DataExport",
    "DataExportPart",
    "FileChunk",
    "FileQuota",
    "FileVersion",
    "Message",
    "MessageOptOut",
    "NeedTemplate",
    "ReadMark",
    "SharedFile",
    "Term",
]
