"""Profiles in the public partner network."""

from partnerportal.network.models.operator import LegalKind, LegalPage, LegalPageVersion, Operator
from partnerportal.network.models.profiles import (
    RESERVED_SLUGS,
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
from partnerportal.network.models.work import MAX_SAMPLES, WorkPicture, WorkSample

from partnerportal.network.applications.models import AgencyApplication  # isort: skip  # registers its model with Django

__all__ = [
    "EVERY_PAGE",
    "MAX_SAMPLES",
    "RESERVED_SLUGS",
    "UNRATED_SCORE",
    "AgencyApplication",
    "LegalKind",
    "LegalPage",
    "LegalPageVersion",
    "OfferedService",
    "Operator",
    "PartnerProfile",
    "PartnerProfileQuerySet",
    "ProfileLanguage",
    "ProfileLogo",
    "ProfileSlug",
    "ProfileStatus",
    "PublicVersion",
    "Service",
    "SpokenLanguage",
    "WorkPicture",
    "WorkSample",
    "name_column",
    "notes_changes",
]
