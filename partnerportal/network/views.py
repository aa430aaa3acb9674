"""The public partner network. Anybody may look; an unregistered profile is 404."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from partnerportal.network.models import PartnerProfile
from partnerportal.paging import keyset_page


@require_safe
def directory(request: HttpRequest) -> HttpResponse:
    """The registered agencies."""
    profiles = PartnerProfile.objects.public().select_related("agency__rating_summary")
    return render(request, "network/directory.html", {"page": keyset_page(request, profiles, order_by=("slug",))})


@require_safe
def profile(request: HttpRequest, slug: str) -> HttpResponse:
    """One agency with its rating and reviews."""
    profile = get_object_or_404(PartnerProfile.objects.public().select_related("agency__rating_summary"), slug=slug)
    reviews = profile.agency.reviews.published().select_related("request__project")
    return render(
        request,
        "network/profile.html",
        {
            "profile": profile,
            "agency": profile.agency,
            "rating": profile.rating,
            "page": keyset_page(request, reviews, order_by=("-pk",), size=10),
        },
    )
