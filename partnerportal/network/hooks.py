"""Registrations with other apps: audit events, and the search texts that contain agency names."""

from typing import Any

from django.db.models import Value
from django.db.models.signals import post_save
from django.dispatch import receiver

from partnerportal.agencies.models import Agency
from partnerportal.core.db_functions import FoldText
from partnerportal.network import events  # noqa: F401  # registers the descriptions of audit events
from partnerportal.network.models import PartnerProfile
from partnerportal.network.services.search import update_search_texts


@receiver(post_save, sender=Agency)
def update_search_texts_of_renamed_agency(instance: Agency, **_kwargs: Any) -> None:
    """Update the search texts of an agency's profile. Agencies are renamed in an app that must not import this one."""
    update_search_texts(PartnerProfile.objects.filter(agency=instance).exclude(sort_name=FoldText(Value(instance.name))))
