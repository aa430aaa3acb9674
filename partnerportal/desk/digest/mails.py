"""The digest as an e-mail."""

from zoneinfo import ZoneInfo

from django.conf import settings
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy as _

from partnerportal.agencies.models import Membership
from partnerportal.desk.digest.queries import Facts
from partnerportal.desk.digest.sections import sections_of, summary_of
from partnerportal.desk.digest.tokens import unsubscribe_link
from partnerportal.outbox.letters import Letter

KIND = "digest"


def digest_letter(member: Membership, facts: Facts) -> Letter | None:
    """Return a member's digest in their language and time zone, or None if there is nothing."""
    with translation.override(member.language), timezone.override(ZoneInfo(member.time_zone)):
        sections = sections_of(member, facts)
        summary = summary_of(sections)
    if not sections:
        return None
    stop_link = unsubscribe_link(member)
    return Letter(
        kind=KIND,
        template=KIND,
        to=member.user.email,
        language=member.language,
        values={"agency": member.agency.name, "day": facts.today, "sections": sections, "stop_link": stop_link},
        subject=_("%(agency)s: your digest for %(day)s"),
        heading=_("Your digest for %(day)s"),
        name=member.user.full_name,
        # Numbers, which a placeholder would interpret.
        intro=summary.replace("%", "%%"),
        button=_("Open dashboard"),
        link=f"{settings.SITE_URL}{reverse('desk:dashboard')}?whose=mine",
        footer_reason=_("You’re receiving this daily digest because you work for %(agency)s. Choose its content and time in your account:"),
        footer_link=f"{settings.SITE_URL}{reverse('agencies:notifications')}",
        # RFC 8058: one-click unsubscribe in the e-mail client.
        headers={"List-Unsubscribe": f"<{stop_link}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"},
    )
