"""Creating, changing, replacing and ending calendar feeds."""

from django.db import transaction

from partnerportal.agencies.models import Membership
from partnerportal.audit.services import record
from partnerportal.core.tokens import new_nonce
from partnerportal.desk.calendar import events  # noqa: F401  # registers the descriptions of audit events
from partnerportal.desk.calendar.models import CalendarFeed


@transaction.atomic
def save_feed(member: Membership, *, whose: str) -> bool:
    """Create the member's feed, or change what it contains. Return whether it is new."""
    feed, is_new = CalendarFeed.objects.select_for_update(of=("self",)).get_or_create(
        member=member, defaults={"agency_id": member.agency_id, "whose": whose}
    )
    feed.member = member
    if is_new:
        record("calendar.created", feed, by=member.user)
    elif feed.whose != whose:
        feed.whose = whose
        feed.save(update_fields=["whose"])
        record("calendar.changed", feed, by=member.user)
    return is_new


@transaction.atomic
def replace_link(member: Membership) -> bool:
    """Give the member's feed another link; the present one ends. Return False if there is no feed."""
    feed = CalendarFeed.objects.select_for_update().filter(member=member).first()
    if feed is None:
        return False
    feed.member, feed.nonce, feed.token_digest = member, new_nonce(), ""
    feed.save(update_fields=["nonce", "token_digest"])
    record("calendar.replaced", feed, by=member.user)
    return True


@transaction.atomic
def end_feed(member: Membership) -> bool:
    """Delete the member's feed. Return False if there is none."""
    feed = CalendarFeed.objects.select_for_update().filter(member=member).first()
    if feed is None:
        return False
    feed.member = member
    record("calendar.ended", feed, by=member.user)
    feed.delete()
    return True
