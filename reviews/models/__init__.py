"""Review requests, reviews, comments and their drafts, reports, opt-outs and rating summaries."""

from reviews.models.categories import CATEGORIES, CategoryRating, rounded
from reviews.models.drafts import ReviewReplyDraft
from reviews.models.reports import MAX_REPORTS, ReviewReport
from reviews.models.requests import ReviewOptOut, ReviewRequest
from reviews.models.reviews import MAX_AUTHOR_LENGTH, MAX_PINNED, DisplayNameAs, Review, ReviewComment
from reviews.models.summary import RatingSummary, ReviewMonth, StarCount

__all__ = [
    "CATEGORIES",
    "MAX_AUTHOR_LENGTH",
    "MAX_PINNED",
    "MAX_REPORTS",
    "CategoryRating",
    "DisplayNameAs",
    "RatingSummary",
    "Review",
    "ReviewComment",
    "ReviewMonth",
    "ReviewOptOut",
    "ReviewReplyDraft",
    "ReviewReport",
    "ReviewRequest",
    "StarCount",
    "rounded",
]
