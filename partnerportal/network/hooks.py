"""Registrations with other apps: audit events, and the search texts that contain agency names."""

from typing import Any

from django.db.models.signals import post_save, pre_save
from django.dispatch import receiver

from partnerportal.agencies.models import Agency
from partnerportal.network import events  # noqa: F401  # registers the descriptions of audit events
from partnerportal.network.models import PartnerProfile
from partnerportal.network.services.logos import email_logo
from partnerportal.network.services.search import update_search_texts
from partnerportal.outbox import logos

logos.register(email_logo)

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
