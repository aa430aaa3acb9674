"""Members' choices of notifications."""

from collections.abc import Mapping

from django.db import transaction

from partnerportal.agencies.models import Membership, Mode, Notification


@transaction.atomic
def save_notifications(
    member: Membership, *, modes: Mapping[Notification, Mode], wants_digest: bool, digest_hour: int, digest_days: list[int]
) -> None:
    """Save what the member is notified about, and when they receive the digest."""
    for kind, mode in modes.items():
        member.set_notification(kind, mode)
    member.wants_digest, member.digest_hour = wants_digest, digest_hour
    # Unsubscribed members keep their days.
    member.digest_days = digest_days or member.digest_days
    member.save(update_fields=["wants_digest", "digest_hour", "digest_days"])
    if not wants_digest:
        member.digest_items.all().delete()
