"""Profiles in the public partner network."""

from partnerportal.network.models.profiles import (
    UNRATED_SCORE,
    OfferedService,
    PartnerProfile,
    PartnerProfileQuerySet,
    ProfileLogo,
    ProfileSlug,
    ProfileStatus,
    Service,
    SpokenLanguage,
    name_column,
)

__all__ = [
    "UNRATED_SCORE",
    "OfferedService",
    "PartnerProfile",
    "PartnerProfileQuerySet",
    "ProfileLogo",
    "ProfileSlug",
    "ProfileStatus",
    "Service",
    "SpokenLanguage",
    "name_column",
]
