"""Agencies, their members and what these are notified about."""

from partnerportal.agencies.models.agencies import ROLE_DESCRIPTIONS, Agency, Membership, Role, SetupStep, TeamInvitation
from partnerportal.agencies.models.notifications import DigestItem, InternalKind, Mode, Notification, NotificationChoice

__all__ = [
    "ROLE_DESCRIPTIONS",
    "Agency",
    "DigestItem",
    "InternalKind",
    "Membership",
    "Mode",
    "Notification",
    "NotificationChoice",
    "Role",
    "SetupStep",
    "TeamInvitation",
]
