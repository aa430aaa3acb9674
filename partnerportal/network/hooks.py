"""Registrations with other apps: audit events, personal data, and the search texts that contain agency names."""

from typing import Any
from urllib.parse import urljoin

from django.conf import settings
from django.db.models.signals import post_save, pre_save
from django.dispatch import receiver
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from partnerportal.accounts.address_data import ADDRESS_DATA
from partnerportal.accounts.personal_data import PERSONAL_DATA, PersonalData
from partnerportal.agencies.models import Agency
from partnerportal.network import checks, events  # noqa: F401  # register the check and the descriptions of audit events
from partnerportal.network.applications import events as application_events  # noqa: F401  # registers the descriptions of audit events
from partnerportal.network.applications.address_data import SECTIONS as APPLICATION_SECTIONS
from partnerportal.network.applications.queries import application_rows
from partnerportal.network.models import PartnerProfile
from partnerportal.network.services.address_data import SECTIONS
from partnerportal.network.services.logos import email_logo
from partnerportal.network.services.search import update_search_texts
from partnerportal.network.site import current_site
from partnerportal.outbox import letters, logos

logos.register(email_logo)
PERSONAL_DATA.append(PersonalData("agency-applications", application_rows))
ADDRESS_DATA.extend([*SECTIONS, *APPLICATION_SECTIONS])


def operator_in_letters() -> dict[str, Any]:
    """Return the operator's name and legal pages for e-mails."""
    site, language = current_site(), get_language() or ""
    labels = (("imprint", _("Imprint")), ("privacy", _("Privacy policy")))
    links = [(label, address) for kind, label in labels if (address := site.page_address(kind, language[:2]))]
    return {
        "portal_name": site.portal_name,
        "legal_links": [(label, urljoin(f"{settings.SITE_URL}/", address)) for label, address in links],
    }


letters.context_hooks.append(operator_in_letters)

# Agencies are renamed in an app that must not import this one.


@receiver(pre_save, sender=Agency)
def note_new_name(instance: Any, **_kwargs: Any) -> None:
    """Note whether the stored name differs, also if only in case or accents, which `sort_name` doesn't contain."""
    instance.is_renamed = Agency.objects.filter(pk=instance.pk).exclude(name=instance.name).exists()


@receiver(post_save, sender=Agency)
def update_search_texts_of_renamed_agency(instance: Any, **_kwargs: Any) -> None:
    """Update the search texts of a renamed agency's profile."""
    if instance.is_renamed:
        update_search_texts(PartnerProfile.objects.filter(agency=instance))
