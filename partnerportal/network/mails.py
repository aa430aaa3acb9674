"""The mails of this app, a function each."""

from django.conf import settings
from django.urls import reverse

from partnerportal.agencies.models import Role
from partnerportal.network.models import PartnerProfile
from partnerportal.outbox.services import queue_template_mail


def send_profile_registered(profile: PartnerProfile) -> None:
    """Tell owners and managers that their profile stands in the network, with its address."""
    _send("profile_registered", profile, link=f"{settings.SITE_URL}{profile.get_absolute_url()}")


def send_profile_declined(profile: PartnerProfile) -> None:
    """Tell owners and managers why their profile was declined, and where to mend it."""
    _send("profile_declined", profile, link=f"{settings.SITE_URL}{reverse('network:company')}")


def _send(name: str, profile: PartnerProfile, *, link: str) -> None:
    """To each of them, in their language."""
    agency = profile.agency
    bosses = agency.memberships.filter(role__in=[Role.OWNER, Role.MANAGER], user__is_active=True).select_related("user", "agency")
    for membership in bosses.order_by("pk"):
        context = {"name": membership.user.full_name, "agency": agency.name, "reason": profile.decline_reason, "link": link}
        queue_template_mail(name, context, language=membership.language, agency=agency, to=membership.user.email)
