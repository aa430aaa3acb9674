"""Review requests, reviews, comments, reports, opt-outs and rating summaries."""

from reviews.models.categories import CATEGORIES, CategoryRating, rounded
from reviews.models.reports import MAX_REPORTS, ReviewReport
from reviews.models.requests import ReviewOptOut, ReviewRequest
from reviews.models.reviews import MAX_AUTHOR_LENGTH, MAX_PINNED, DisplayNameAs, Review, ReviewComment
from reviews.models.summary import RatingSummary, ReviewMonth, StarCount

from reviews.rounds.models import AutomaticRequest, AutomaticRequests, ReviewRound, RoundEntry  # isort: skip  # registers its models with Django

__all__ = [
    "CATEGORIES",
    "MAX_AUTHOR_LENGTH",
    "MAX_PINNED",
    "MAX_REPORTS",
    "AutomaticRequest",
    "AutomaticRequests",
    "CategoryRating",
    "DisplayNameAs",
    "RatingSummary",
    "Review",
    "ReviewComment",
    "ReviewMonth",
    "ReviewOptOut",
    "ReviewReport",
    "ReviewRequest",
    "ReviewRound",
    "RoundEntry",
    "StarCount",
    "rounded",
]
