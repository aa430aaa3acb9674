"""Public pages of single reviews. Reviews of profiles that aren't registered return 404."""

from typing import Any, cast

from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from partnerportal.agencies.models import Role
from partnerportal.core.compiled import compiled
from partnerportal.core.language_addresses import fixed_language, language_url, moved, page_addresses
from partnerportal.network.models import ProfileStatus
from partnerportal.network.structured_data import structured_review
from partnerportal.network.views.caching import Version, profile_version, public_page
from reviews.models import Review

#: Largest key that the database can look up in its index.
MAX_KEY = 2**63 - 1


def review_version(slug: str, pk: int) -> Version | None:
    """Return the version of a review's page: the one of its agency's profile."""
    return profile_version(slug, agency__reviews=pk) if pk <= MAX_KEY else None


@public_page(review_version)
def review_page(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Show one review. Withdrawn and removed ones are gone; of hidden ones, only the agency's members see the words."""
    review = _review_or_404(slug, pk)
    agency, profile = review.agency, review.agency.profile
    if profile.slug != slug:
        return moved(request, language_url("reviews:public", profile.slug, pk, language=fixed_language(request)))
    context: dict[str, Any] = {"agency": agency, "profile": profile, "rating": profile.rating}
    if review.is_off_profile:
        return render(request, "reviews/public_gone.html", context, status=410)
    visitor = cast(Any, request)
    is_own = visitor.agency == agency and not visitor.membership.lacks_second_factor
    context |= {
        # With what only the agency's members see.
        "review": agency.reviews.for_staff().get(pk=pk) if is_own else review,
        "is_own": is_own,
        "may_act": is_own and visitor.membership.has_role(Role.MANAGER),
        **page_addresses(request, "reviews:public", slug, pk),
        "structured_data": structured_review(review, profile, language=fixed_language(request)) if review.is_public else "",
    }
    return render(request, "reviews/public.html", context)


def _review_or_404(slug: str, pk: int) -> Review:
    """Return the review with its agency's profile, which has this current or former address, or raise Http404."""
    for review in _with_profile(slug=slug, pk=pk) if pk <= MAX_KEY else ():
        return review
    raise Http404


@compiled
def _with_profile(*, slug: Any, pk: Any) -> QuerySet[Review]:
    of_profile = {"agency__profile__slugs__slug": slug, "agency__profile__status": ProfileStatus.REGISTERED}
    return Review.objects.select_related("agency__profile", "agency__rating_summary", "request__project", "comment").filter(
        pk=pk, **of_profile
    )
