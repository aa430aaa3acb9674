"""Members' choices of notifications."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone

from partnerportal.agencies.models import Membership, Mode, Notification


@transaction.atomic
def save_notifications(
    member: Membership, *, modes: Mapping[Notification, Mode], wants_digest: bool, digest_hour: int, digest_days: list[int]
) -> None:
    """Save what the member is notified about, and when they receive the digest."""
    for kind, mode in modes.items():
        member.set_notification(kind, mode)
    # Unsubscribed members keep their days.
    digest: dict[str, Any] = {"wants_digest": wants_digest, "digest_hour": digest_hour, "digest_days": digest_days or member.digest_days}
    if any(getattr(member, name) != value for name, value in digest.items()):
        # Otherwise a digest that would have been due earlier today would be sent now.
        digest["digest_from"] = timezone.now()
    for name, value in digest.items():
        setattr(member, name, value)
    member.save(update_fields=list(digest))
    if not wants_digest:
        member.digest_items.all().delete()


@transaction.atomic
def unsubscribe_from_digest(member: Membership) -> None:
    """Turn off the member's digest."""
    member.wants_digest = False
    member.save(update_fields=["wants_digest"])
    member.digest_items.all().delete()


@transaction.atomic
def resubscribe_to_digest(member: Membership) -> None:
    """Turn the member's digest on again, from the next one on."""
    if not member.wants_digest:
        member.wants_digest, member.digest_from = True, timezone.now()
        member.save(update_fields=["wants_digest", "digest_from"])
