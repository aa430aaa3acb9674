"""What public pages of reviews, badges and feeds show of an agency."""

from typing import Any

from django.db.models import QuerySet

from partnerportal.agencies.models import Agency
from partnerportal.core.compiled import compiled
from partnerportal.network.models import PartnerProfile
from reviews.models import Review


@compiled
def public_profiles(*, slug: Any) -> QuerySet[PartnerProfile]:
    """Return the registered profile with this current or former address, with its rating."""
    profiles = PartnerProfile.objects.public().select_related("agency__rating_summary").filter(slugs__slug=slug)
    rows: QuerySet[PartnerProfile] = profiles.defer("description", "lead_text", "search_text")
    return rows


#: What feeds show of a review. The number of columns is most of the query's cost.
_FEED_FIELDS = (
    *("text", "author", "display_name_as", "overall", "created_at", "edited_at", "withdrawn_at"),
    *("request__project__title", "comment__text", "comment__created_at"),
)


def feed_reviews(*, agency: Any) -> QuerySet[Review]:
    """Return the reviews that an agency's profile shows, with only what feeds show of them."""
    return Review.objects.filter(agency=agency).for_public().only(*_FEED_FIELDS)


def slug_of(agency: Agency) -> str:
    """Return the address of the agency's registered profile, or an empty string."""
    return next(iter(_slugs(agency=agency.pk)), "")


@compiled
def _slugs(*, agency: Any) -> QuerySet[PartnerProfile, Any]:
    return PartnerProfile.objects.public().filter(agency=agency).values_list("slug", flat=True)


@compiled
def reviews_of(*, agency: Any, pk: Any) -> QuerySet[Review]:
    """Return this review of an agency in any state, with the related rows that its page shows."""
    return Review.objects.filter(agency=agency, pk=pk).select_related("request__project", "comment")
