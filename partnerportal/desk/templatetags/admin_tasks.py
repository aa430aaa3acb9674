"""Template tag for the start page of the Django admin."""

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
    """Pending decisions of one type: their number as text, and the page that lists them."""

    label: str
    url: str


@register.simple_tag
def pending_decisions(user: User) -> list[Decision]:
    """Return the pending decisions that this administrator has permission for."""
    decisions = []
    if user.has_perm("reviews.change_reviewreport") and (count := ReviewReport.objects.open().count()):
        label = ngettext("%(count)s reported review", "%(count)s reported reviews", count) % {"count": count}
        decisions.append(Decision(label, reverse("admin:reviews_reviewreport_changelist")))
    submitted = PartnerProfile.objects.filter(status=PartnerProfile.Status.SUBMITTED)
    if user.has_perm("network.change_partnerprofile") and (count := submitted.count()):
        label = ngettext("%(count)s submitted profile", "%(count)s submitted profiles", count) % {"count": count}
        profiles = reverse("admin:network_partnerprofile_changelist")
        decisions.append(Decision(label, f"{profiles}?status__exact={PartnerProfile.Status.SUBMITTED}"))
    return decisions
