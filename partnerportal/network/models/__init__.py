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
from partnerportal.network.models.work import MAX_SAMPLES, WorkPicture, WorkSample

__all__ = [
    "MAX_SAMPLES",
    "UNRATED_SCORE",
    "OfferedService",
    "PartnerProfile",
    "PartnerProfileQuerySet",
    "ProfileLogo",
    "ProfileSlug",
    "ProfileStatus",
    "Service",
    "SpokenLanguage",
    "WorkPicture",
    "WorkSample",
    "name_column",
]
