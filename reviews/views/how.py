"""The page that explains how reviews are collected, checked, hidden and removed (docs/decisions/0044)."""

from dataclasses import astuple, dataclass
from typing import Any, cast

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from partnerportal.core.language_addresses import fixed_language, page_addresses
from partnerportal.network.views.caching import etag_of, public_page
from partnerportal.network.views.preview_images import image_url, preview_of_directory
from reviews.models import CATEGORIES, MAX_PINNED, MAX_REPORTS
from reviews.models.summary import PRIOR, PRIOR_WEIGHT
from reviews.queries.figures import NetworkFigures, network_figures


@dataclass(frozen=True)
class _Version:
    figures: NetworkFigures

    def etag(self) -> str:
        return etag_of(*astuple(self.figures))


def _version() -> _Version:
    return _Version(network_figures())


@public_page(_version)
def how_reviews_work(request: HttpRequest) -> HttpResponse:
    """Explain how reviews work, with the figures of all agencies."""
    context: dict[str, Any] = {
        "figures": cast(Any, request).public_version.figures,
        "categories": ", ".join(str(category.label) for category in CATEGORIES.values()),
        "prior": PRIOR,
        "prior_weight": PRIOR_WEIGHT,
        "max_pinned": MAX_PINNED,
        "max_reports": MAX_REPORTS,
        "link_days": settings.REVIEW_LINK_DAYS,
        "reminder_days": settings.REVIEW_REMINDER_DAYS,
        "edit_days": settings.REVIEW_EDIT_DAYS,
        "preview_image": image_url("network:directory_image", preview_of_directory()),
        **page_addresses("reviews:how", language=fixed_language(request)),
    }
    return render(request, "reviews/how.html", context)
