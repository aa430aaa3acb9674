"""Profiles in the public partner network."""

from partnerportal.network.models.profiles import (
    NamedAgency,
    OfferedService,
    PartnerProfile,
    ProfileLogo,
    ProfileSlug,
    Service,
    SpokenLanguage,
    name_column,
)

__all__ = [
    "NamedAgency",
    "OfferedService",
    "PartnerProfile",
    "ProfileLogo",
    "ProfileSlug",
    "Service",
    "SpokenLanguage",
    "name_column",
]
