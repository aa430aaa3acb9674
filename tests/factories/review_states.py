"""Reviews in every state, created by the services."""

from collections.abc import Callable

from partnerportal.agencies.models import Agency
from reviews.models import Review, ReviewReport
from reviews.services.reports import uphold_report
from reviews.services.reviews import comment_on_review, hide_review, pin_review, report_review, withdraw_review
from tests.factories.reviews import ReviewFactory


def a_review(agency: Agency, **fields: object) -> Review:
    """Return a public review by a new customer."""
    return ReviewFactory(review_request__customer__agency=agency, **fields)


def someone(agency: Agency) -> object:
    return agency.memberships.get(role="owner").user


def reported(review: Review) -> ReviewReport:
    return report_review(review, reason="offensive", details="It calls us names.", by=someone(review.agency))


#: Transitions from a public review to each state.
STATES: dict[str, Callable[[Review], object]] = {
    "public": lambda review: None,
    "pinned": lambda review: pin_review(review, by=someone(review.agency)),
    "commented": lambda review: comment_on_review(review, text="Thank you.", by=someone(review.agency)),
    "hidden": lambda review: hide_review(review, reason="outdated", by=someone(review.agency)),
    "reported": reported,
    "removed": lambda review: uphold_report(reported(review), reason="It does.", by=someone(review.agency)),
    "withdrawn": withdraw_review,
}


def in_state(state: str, agency: Agency) -> Review:
    """Return a review in one of `STATES`."""
    review = a_review(agency)
    STATES[state](review)
    return Review.objects.get(pk=review.pk)
