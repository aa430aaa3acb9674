"""Access that clients give to an agency, the agency's requests for it, and what both share."""

from invitations.models.access_requests import AccessRequest
from invitations.models.invitations import MESSAGE_LENGTH, AccessInvitation
from invitations.models.terms import Term

from invitations.credentials.models import AccessNeed, Credential, CredentialReveal, NeedTemplate  # isort: skip  # registers its models with Django
from invitations.files.models import Approval, ApprovalDecision, FileChunk, FileQuota, FileVersion, SharedFile  # isort: skip  # registers its models with Django

__all__ = [
    "MESSAGE_LENGTH",
    "AccessInvitation",
    "AccessNeed",
    "AccessRequest",
    "Approval",
    "ApprovalDecision",
    "Credential",
    "CredentialReveal",
    "FileChunk",
    "FileQuota",
    "FileVersion",
    "NeedTemplate",
    "SharedFile",
    "Term",
]
