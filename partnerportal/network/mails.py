"""E-mails about partner profiles."""

from dataclasses import replace

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from partnerportal.agencies.models import Role
from partnerportal.network.models import PartnerProfile
from partnerportal.outbox.letters import Letter
from partnerportal.outbox.services import queue_letter


def send_profile_registered(profile: PartnerProfile) -> None:
    """Notify owners and managers that the profile is public."""
    _send_to_managers(
        profile,
        Letter(
            kind="profile_registered",
            subject=_("%(agency)s is now in the partner network"),
            intro=_("The profile of %(agency)s has been registered. Anyone can now find it in the partner network and contact you."),
            button=_("View profile"),
            link=f"{settings.SITE_URL}{profile.get_absolute_url()}",
            link_first=True,
            outro=[_("Changes go live as soon as you save them. Customer reviews strengthen your profile: request your first one.")],
        ),
    )


def send_profile_declined(profile: PartnerProfile) -> None:
    """Notify owners and managers why the profile was declined."""
    _send_to_managers(
        profile,
        Letter(
            kind="profile_declined",
            subject=_("The profile of %(agency)s needs changes"),
            intro=_("The profile of %(agency)s hasn’t been registered in the partner network yet. Reason:"),
            quote=profile.decline_reason,
            outro=[_("Please update it and submit it again.")],
            button=_("Edit profile"),
            link=f"{settings.SITE_URL}{reverse('network:company')}",
        ),
    )


def _send_to_managers(profile: PartnerProfile, letter: Letter) -> None:
    agency = profile.agency
    members = agency.memberships.with_role(Role.MANAGER).filter(user__is_active=True).select_related("user", "agency")
    for member in members.order_by("pk"):
        queue_letter(
            replace(
                letter,
                to=member.user.email,
                language=member.language,
                name=member.user.full_name,
                values={"agency": agency.name},
                footer_reason=_("You’re receiving this e-mail because you’re an owner or manager of %(agency)s."),
                agency=agency,
                to_team=True,
            )
        )
