"""Shared files with their versions, and approvals."""

from invitations.files.models.approvals import Approval, ApprovalDecision
from invitations.files.models.files import FileChunk, FileQuota, FileVersion, SharedFile

__all__ = ["Approval", "ApprovalDecision", "FileChunk", "FileQuota", "FileVersion", "SharedFile"]
