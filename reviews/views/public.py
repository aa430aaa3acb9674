"""Public pages of single reviews. Reviews of profiles that aren't registered return 404."""

from dataclasses import dataclass, field, replace
from typing import Any, cast

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from partnerportal.agencies.models import Role
from partnerportal.core.language_addresses import fixed_language, language_url, moved, page_addresses
from partnerportal.core.templatetags.portal import rating
from partnerportal.network.models import PartnerProfile
from partnerportal.network.preview_images import Preview
from partnerportal.network.structured_data import structured_review
from partnerportal.network.views.caching import Version, profile_version, public_page
from partnerportal.network.views.preview_images import OTHER_MAX_AGE, image_response, image_url, preview_of
from reviews.models import Review
from reviews.queries.public import public_profiles, reviews_of

#: Largest key that the database can look up in its index.
MAX_KEY = 2**63 - 1
#: Lengths of the customer's words in the preview image and in the description, in characters.
MAX_WORDS, MAX_DESCRIPTION = 80, 200


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
    if review.is_off_profile:
        return render(request, "reviews/public_gone.html", {"agency": agency, "profile": profile}, status=410)
    visitor = cast(Any, request)
    is_own = visitor.agency == agency and not visitor.membership.lacks_second_factor
    context = {
        "agency": agency,
        "profile": profile,
        "rating": profile.rating,
        # With what only the agency's members see.
        "review": agency.reviews.for_staff().get(pk=pk) if is_own else review,
        "is_own": is_own,
        "may_act": is_own and visitor.membership.has_role(Role.MANAGER),
        "shows_words": is_own or not review.hidden_at,
        "head": ReviewHead(review, profile, fixed_language(request)),
    }
    return render(request, "reviews/public.html", context)


@require_safe
def review_image(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Return the image that represents a review in link previews."""
    review = _review_or_404(slug, pk)
    if review.is_off_profile:
        raise Http404
    response = image_response(request, _preview_of(review), review.agency.profile)
    # Even at the address of its version: the words can be hidden, removed or withdrawn.
    response["Cache-Control"] = f"public, max-age={OTHER_MAX_AGE}"
    return response


@dataclass(frozen=True)
class ReviewHead:
    """What search engines and link previews read of a review's page. It is found out only when it is rendered."""

    review: Review = field(repr=False)
    profile: PartnerProfile = field(repr=False)
    #: The language fixed by the page's address, or an empty string.
    language: str

    @property
    def title(self) -> str:
        if self.review.is_project and self.review.is_public:
            return _("Review of %(agency)s: %(subject)s") % {"agency": self.profile.agency.name, "subject": self.review.subject_label}
        return _("Review of %(agency)s") % {"agency": self.profile.agency.name}

    @property
    def description(self) -> str:
        """The stars and first words, or nothing of hidden ones."""
        if not self.review.is_public:
            return ""
        words = _shortened(self.review.text, MAX_DESCRIPTION) or self.review.subject_label
        return _("%(rating)s of 5 stars: %(subject)s") % {"rating": rating(self.review.overall), "subject": words}

    @property
    def image(self) -> str:
        return image_url("reviews:public_image", _preview_of(self.review), self.profile.slug, self.review.pk)

    @property
    def addresses(self) -> dict[str, Any]:
        return page_addresses("reviews:public", self.profile.slug, self.review.pk, language=self.language)

    @property
    def structured_data(self) -> str:
        return structured_review(self.review, self.profile, language=self.language)


def _shortened(text: str, length: int) -> str:
    words = " ".join(text.split())
    return words if len(words) <= length else f"{words[:length].rsplit(' ', 1)[0]}…"


def _preview_of(review: Review) -> Preview:
    """Return what the image of a review says in the active language: never its author, and nothing of hidden ones."""
    profile = review.agency.profile
    preview = preview_of(profile)
    if not review.is_public:
        return preview
    title = _("Review of %(agency)s") % {"agency": profile.agency.name}
    if review.text:
        preview = replace(preview, title=_("“%(words)s”") % {"words": _shortened(review.text, MAX_WORDS)}, text=title)
    else:
        preview = replace(preview, title=title, text=review.subject_label if review.is_project else profile.tagline)
    month = date_format(localtime(review.created_at), "YEAR_MONTH_FORMAT")
    return replace(preview, rating=review.overall, figures=(rating(review.overall), month))


def _review_or_404(slug: str, pk: int) -> Review:
    """Return the review with its agency's profile, which has this current or former address, or raise Http404."""
    # Two queries, because PostgreSQL plans them in half the time of one that joins all tables.
    for profile in public_profiles(slug=slug) if pk <= MAX_KEY else ():
        for review in reviews_of(agency=profile.agency_id, pk=pk):
            review.agency = profile.agency
            return review
    raise Http404
