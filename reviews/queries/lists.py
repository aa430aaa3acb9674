"""The lists of reviews and review requests."""

from typing import Any

from django.db.models import QuerySet

from reviews.models import Review, ReviewReport, ReviewRequest


def listed_reviews(show: str, stars: str, about: str, /, *, agency: Any) -> QuerySet[Review]:
    """Return an agency's reviews in a state (`show`), with a number of stars, and `about` the company or a project; empty: all."""
    reviews = Review.objects.filter(agency=agency).for_staff()
    match show:
        case "unanswered":
            reviews = reviews.published().filter(comment=None)
        case "reported":
            reviews = reviews.filter(reports__state=ReviewReport.State.OPEN)
        case "hidden":
            reviews = reviews.counted().filter(hidden_at__isnull=False)
        case "pinned":
            reviews = reviews.filter(pin_position__isnull=False)
    if stars:
        reviews = reviews.filter(stars=stars)
    if about:
        reviews = reviews.filter(request__project__isnull=about == "company")
    return reviews


def listed_requests(state: str, way: str, /, *, agency: Any, now: Any) -> QuerySet[ReviewRequest]:
    """Return an agency's review requests in a stage (`state`), sent by `mail` or `link` (`way`); empty: all."""
    requests = ReviewRequest.objects.filter(agency=agency).select_related("customer", "contact", "project", "review")
    if state:
        requests = requests.with_stage(state, now)
    if way:
        requests = requests.filter(mailed_at__isnull=way == "link")
    return requests
