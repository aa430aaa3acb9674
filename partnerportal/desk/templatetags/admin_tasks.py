"""What the first page of the administration says above its lists."""

from dataclasses import dataclass

from django import template
from django.urls import reverse
from django.utils.translation import ngettext

from partnerportal.accounts.models import User
from partnerportal.network.models import PartnerProfile
from reviews.models import ReviewReport

register = template.Library()


@dataclass(frozen=True)
class Decision:
    """Things of one kind that wait for an admin, in words, and where they are decided."""

    words: str
    url: str


@register.simple_tag
def waiting_decisions(user: User) -> list[Decision]:
    """What waits for this admin, as far as they may decide it."""
    found = []
    if user.has_perm("reviews.change_reviewreport") and (count := ReviewReport.objects.open().count()):
        words = ngettext("%(count)s reported review", "%(count)s reported reviews", count) % {"count": count}
        found.append(Decision(words, reverse("admin:reviews_reviewreport_changelist")))
    submitted = PartnerProfile.objects.filter(status=PartnerProfile.Status.SUBMITTED)
    if user.has_perm("network.change_partnerprofile") and (count := submitted.count()):
        words = ngettext("%(count)s submitted profile", "%(count)s submitted profiles", count) % {"count": count}
        profiles = reverse("admin:network_partnerprofile_changelist")
        found.append(Decision(words, f"{profiles}?status__exact={PartnerProfile.Status.SUBMITTED}"))
    return found
