"""The reviews that a person has written, for the download of their data."""

from collections.abc import Iterator
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Q

from partnerportal.accounts.models import User
from partnerportal.accounts.queries import confirmed_addresses
from reviews.models import CATEGORIES, Review


def review_rows(user: User) -> Iterator[dict[str, Any]]:
    """Return the reviews whose request was sent to one of the person's confirmed addresses."""
    conditions = [
        Q(request__contact__email__iexact=email) | Q(request__contact=None, request__customer__email__iexact=email)
        for email in confirmed_addresses(user)
    ]
    if not conditions:
        return
    reviews = Review.objects.filter(reduce(or_, conditions)).select_related("agency", "request__project", "request__customer")
    for review in reviews.order_by("pk"):
        yield {
            "agency": review.agency.name,
            "subject": review.subject_label,
            "author": review.author,
            "shown_as": review.display_name_as,
            "ratings": {name: getattr(review, name) for name in CATEGORIES},
            **{name: getattr(review, name) for name in ("text", "created_at", "edited_at", "withdrawn_at", "removed_at")},
        }
