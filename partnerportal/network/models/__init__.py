"""Profiles in the public partner network."""

from partnerportal.network.models.profiles import (
    UNRATED_SCORE,
    OfferedService,
    PartnerProfile,
    PartnerProfileQuerySet,
    ProfileLanguage,
    ProfileLogo,
    ProfileSlug,
    ProfileStatus,
    Service,
    SpokenLanguage,
    name_column,
)
from partnerportal.network.models.versions import EVERY_PAGE, PublicVersion, notes_changes

__all__ = [
    "EVERY_PAGE",
    "UNRATED_SCORE",
    "OfferedService",
    "PartnerProfile",
    "PartnerProfileQuerySet",
    "ProfileLanguage",
    "ProfileLogo",
    "ProfileSlug",
    "ProfileStatus",
    "PublicVersion",
    "Service",
    "SpokenLanguage",
    "name_column",
    "notes_changes",
]
