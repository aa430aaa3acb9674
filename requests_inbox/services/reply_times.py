"""The time in which agencies typically reply, as their public profiles show it."""

from django.db.models import Exists, OuterRef, Q

from partnerportal.network.models import PartnerProfile
from requests_inbox.models import ContactRequest
from requests_inbox.queries import recently_answered, typical_first_reply


def refresh_reply_times() -> int:
    """Write `typical_reply` of all registered profiles, and return the number of changed ones. One query per agency with replies."""
    answered = Exists(ContactRequest.objects.filter(recently_answered(), agency=OuterRef("agency")))
    profiles = PartnerProfile.objects.public().filter(answered | Q(typical_reply__isnull=False)).select_related("agency")
    changed = 0
    for profile in profiles.only("typical_reply", "agency").order_by("pk"):
        typical = typical_first_reply(profile.agency)
        if typical != profile.typical_reply:
            changed += PartnerProfile.objects.filter(pk=profile.pk).update(typical_reply=typical)
    return changed
