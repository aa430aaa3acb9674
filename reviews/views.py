"""My Company → Reviews."""

from django.http import HttpResponse
from django.shortcuts import render

from partnerportal.agencies.access import AgencyRequest, agency_view
from partnerportal.paging import keyset_page
from reviews.models import RatingSummary

#: Open requests that the reviews page lists.
OPEN_REQUESTS_SHOWN = 20


@agency_view(methods=("GET",))
def manage(request: AgencyRequest) -> HttpResponse:
    """My Company → Reviews."""
    agency = request.agency
    open_requests = agency.review_requests.open().select_related("customer", "project").order_by("-pk")
    reviews = agency.reviews.select_related("request__project", "request__customer")
    return render(
        request,
        "reviews/manage.html",
        {
            "summary": RatingSummary.objects.filter(agency=agency).first(),
            "open_requests": open_requests[:OPEN_REQUESTS_SHOWN],
            "page": keyset_page(request, reviews, order_by=("-pk",)),
        },
    )
