"""Lists of needs, the needs of one access, credentials for them, and reveals."""

from invitations.credentials.models.credentials import KEPT_AFTER_REVEAL, Credential, CredentialReveal, DeletionReason
from invitations.credentials.models.needs import AccessNeed
from invitations.credentials.models.templates import MAX_TEMPLATES, NeedTemplate

__all__ = [
    "KEPT_AFTER_REVEAL",
    "MAX_TEMPLATES",
    "AccessNeed",
    "Credential",
    "CredentialReveal",
    "DeletionReason",
    "NeedTemplate",
]
