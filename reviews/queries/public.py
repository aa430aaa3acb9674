"""What public pages of reviews, badges and feeds show of an agency."""

from typing import Any

from django.db.models import QuerySet

from partnerportal.agencies.models import Agency
from partnerportal.core.compiled import compiled
from partnerportal.network.models import PartnerProfile, ProfileStatus
from reviews.models import Review


@compiled
def public_profiles(*, slug: Any) -> QuerySet[PartnerProfile]:
    """Return the registered profile with this current or former address, with its rating."""
    profiles = PartnerProfile.objects.public().select_related("agency__rating_summary").filter(slugs__slug=slug)
    rows: QuerySet[PartnerProfile] = profiles.defer("description", "lead_text", "search_text")
    return rows


def public_reviews(*, agency: Any) -> QuerySet[Review]:
    """Return the reviews that an agency's profile shows."""
    return Review.objects.filter(agency=agency).for_public()


def slug_of(agency: Agency) -> str:
    """Return the address of the agency's registered profile, or an empty string."""
    return next(iter(_slugs(agency=agency.pk)), "")


@compiled
def _slugs(*, agency: Any) -> QuerySet[PartnerProfile, Any]:
    return PartnerProfile.objects.public().filter(agency=agency).values_list("slug", flat=True)


@compiled
def reviews_at(*, slug: Any, pk: Any) -> QuerySet[Review]:
    """Return this review in any state, with its agency's registered profile, which has this current or former address."""
    of_profile = {"agency__profile__slugs__slug": slug, "agency__profile__status": ProfileStatus.REGISTERED}
    related = ("agency__profile", "agency__rating_summary", "request__project", "comment")
    reviews = Review.objects.filter(pk=pk, **of_profile).select_related(*related)
    return reviews.defer("agency__profile__lead_text", "agency__profile__search_text")
