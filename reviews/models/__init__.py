"""`ReviewRequest` owns the personal link; `Review` is what came of it; comment, reports; `RatingSummary` adds reviews up."""

from reviews.models.reports import ReviewReport
from reviews.models.requests import ReviewOptOut, ReviewRequest
from reviews.models.reviews import (
    CATEGORIES,
    MAX_AUTHOR_LENGTH,
    MAX_PINNED,
    MAX_REPORTS,
    CategoryRating,
    Review,
    ReviewComment,
    category_label,
    rounded,
)
from reviews.models.summary import RatingSummary, StarCount

__all__ = [
    "CATEGORIES",
    "MAX_AUTHOR_LENGTH",
    "MAX_PINNED",
    "MAX_REPORTS",
    "CategoryRating",
    "RatingSummary",
    "Review",
    "ReviewComment",
    "ReviewOptOut",
    "ReviewReport",
    "ReviewRequest",
    "StarCount",
    "category_label",
    "rounded",
]
