"""Sitemaps of the reviews' pages, and of the page that explains them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import F, Max, QuerySet
from django.db.models.functions import Greatest
from django.utils.functional import cached_property

from partnerportal.network.models import ProfileStatus
from partnerportal.network.sitemaps import LanguageSitemap
from reviews.models import RatingSummary, Review

#: The condition of `PartnerProfile.objects.public()`.
_IN_NETWORK = {"agency__profile__status": ProfileStatus.REGISTERED}


class KeyRanges(Paginator):  # type: ignore[type-arg]  # takes no parameters at run time
    """Pages of the rows whose keys lie in the same range, so that no page reads more rows than it has."""

    @cached_property
    def num_pages(self) -> int:
        """The page of the highest key. Django's implementation would count all rows."""
        last = Review.objects.order_by("-pk").values_list("pk", flat=True).first() or 1
        return (last - 1) // self.per_page + 1

    def page(self, number: int | str) -> "Page[Any]":
        """Return the reviews with the keys of this page, which may be few."""
        number = self.validate_number(number)
        rows: Any = self.object_list
        return Page(rows.filter(pk__gt=(number - 1) * self.per_page, pk__lte=number * self.per_page), number, self)


class ReviewSitemap(LanguageSitemap):
    """All public reviews of registered profiles, except hidden ones."""

    route = "reviews:public"

    def items(self) -> QuerySet[Review, Any]:
        reviews = Review.objects.published().filter(**_IN_NETWORK).order_by("pk")
        # PostgreSQL's GREATEST ignores NULL.
        changed_at = Greatest("created_at", "edited_at", "comment__created_at")
        return reviews.values_list("pk", F("agency__profile__slug"), changed_at)

    @cached_property
    def paginator(self) -> KeyRanges:
        return KeyRanges(self.items(), self.limit)

    def args(self, item: Sequence[Any]) -> list[Any]:
        pk, slug, _changed_at = item
        return [slug, pk]

    def lastmod(self, item: Sequence[Any]) -> datetime:
        changed_at: datetime = item[2]
        return changed_at

    def get_latest_lastmod(self) -> datetime | None:
        """Return the latest date. The summaries change with their reviews and are far fewer."""
        latest: datetime | None = RatingSummary.objects.filter(**_IN_NETWORK).aggregate(latest=Max("changed_at"))["latest"]
        return latest


class HowReviewsWorkSitemap(LanguageSitemap):
    """The page that explains how reviews work."""

    route = "reviews:how"

    def items(self) -> list[str]:
        return [self.route]
