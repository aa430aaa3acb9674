"""Aggregated ratings per agency."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pgtrigger
from django.db import models
from django.db.models import Count, F, Q, Sum, Value
from django.db.models.functions import Cast, Now, NullIf, Round
from django.utils.formats import number_format
from django.utils.translation import gettext_lazy

from partnerportal.agencies.models import Agency
from partnerportal.network.models import notes_changes
from reviews.models import triggers
from reviews.models.categories import CATEGORIES, CategoryRating, FieldPerCategory, rounded, sum_of_categories


@dataclass(frozen=True)
class StarCount:
    """Number of reviews with a number of stars, and their percentage of all reviews."""

    stars: int
    count: int
    percent: int


#: The Bayesian average starts with `PRIOR_WEIGHT` reviews of `PRIOR` stars.
PRIOR, PRIOR_WEIGHT = Decimal("3.5"), 7

#: Figures that no profile shows.
NOT_ON_PROFILES = ["requested", "answered", "edited", "withdrawn", "removed"]

_ALL_STARS = sum_of_categories("_sum")
_EXACT = models.DecimalField(max_digits=20, decimal_places=4)


class RatingSummary(models.Model):
    """Aggregated ratings of an agency, so that pages don't have to count reviews.

    Triggers on `Review` and `ReviewRequest` (see `triggers`) update it on every write; the application only reads it.
    """

    agency = models.OneToOneField(
        Agency, verbose_name=gettext_lazy("Agency"), on_delete=models.CASCADE, primary_key=True, related_name="rating_summary"
    )
    count = models.IntegerField(gettext_lazy("Reviews"), default=0)
    star_totals = FieldPerCategory(lambda _category: models.IntegerField(default=0), suffix="_sum")
    stars_1 = models.IntegerField(default=0)
    stars_2 = models.IntegerField(default=0)
    stars_3 = models.IntegerField(default=0)
    stars_4 = models.IntegerField(default=0)
    stars_5 = models.IntegerField(default=0)
    #: Number of hidden reviews, whose stars count.
    hidden = models.IntegerField(gettext_lazy("Hidden"), default=0)
    #: Number of reviews that their authors have edited, hidden ones included.
    edited = models.IntegerField(gettext_lazy("Edited"), default=0, db_default=0)
    #: Reviews that no longer count: withdrawn by their authors, and removed after a report but not withdrawn.
    withdrawn = models.IntegerField(gettext_lazy("Withdrawn"), default=0, db_default=0)
    removed = models.IntegerField(gettext_lazy("Removed"), default=0, db_default=0)
    #: Review requests that weren't withdrawn, and those of them that were answered.
    requested = models.IntegerField(gettext_lazy("Requested"), default=0, db_default=0)
    answered = models.IntegerField(gettext_lazy("Answered"), default=0, db_default=0)
    #: Last change of a review or comment, for the sitemap.
    changed_at = models.DateTimeField(gettext_lazy("Updated"), db_default=Now(), editable=False)
    #: Mean rounded to one decimal, halves up; NULL without reviews.
    average_rounded = models.GeneratedField(
        expression=Round(Cast(_ALL_STARS, _EXACT) / NullIf(F("count") * len(CATEGORIES), Value(0)), precision=1),
        output_field=models.DecimalField(max_digits=2, decimal_places=1, null=True),
        db_persist=True,
        verbose_name=gettext_lazy("Average rating"),
    )
    #: Bayesian average in millionths of a star, by which the directory is ordered. It ranks a single
    #: five-star review below a hundred reviews of 4.9 stars.
    ranking_score = models.GeneratedField(
        expression=(Cast(_ALL_STARS, models.BigIntegerField()) + int(PRIOR * PRIOR_WEIGHT * len(CATEGORIES)))
        * (1_000_000 // len(CATEGORIES))
        / (F("count") + PRIOR_WEIGHT),
        output_field=models.BigIntegerField(),
        db_persist=True,
        verbose_name=gettext_lazy("Ranking score"),
    )

    class Meta:
        verbose_name = gettext_lazy("rating summary")
        verbose_name_plural = gettext_lazy("rating summaries")
        triggers = [
            notes_changes(operation=pgtrigger.Insert | pgtrigger.Delete),
            notes_changes(operation=pgtrigger.Update, condition=pgtrigger.AnyChange(exclude=NOT_ON_PROFILES), name="public_update"),
        ]

    def __str__(self) -> str:
        average = "–" if self.average is None else number_format(rounded(self.average), 1)
        return f"{self.agency_id}: {average} ({self.count})"

    def __bool__(self) -> bool:
        """Whether there are any reviews."""
        return self.count > 0

    @property
    def average(self) -> Decimal | None:
        """Exact mean of all overall ratings; None without reviews."""
        if not self.count:
            return None
        return Decimal(sum(getattr(self, f"{name}_sum") for name in CATEGORIES)) / (len(CATEGORIES) * self.count)

    @property
    def categories(self) -> list[CategoryRating]:
        """Mean rating of each category; empty without reviews."""
        if not self.count:
            return []
        return [CategoryRating(category.label, Decimal(getattr(self, f"{name}_sum")) / self.count) for name, category in CATEGORIES.items()]

    @property
    def distribution(self) -> list[StarCount]:
        """Number of reviews with five to one stars."""
        return [
            StarCount(stars, number, round(100 * number / self.count) if self.count else 0)
            for stars in range(5, 0, -1)
            for number in [getattr(self, f"stars_{stars}")]
        ]

    def figures(self) -> dict[str, int]:
        """Return all figures that the triggers maintain, by field name."""
        return {
            field.attname: getattr(self, field.attname)
            for field in self._meta.concrete_fields
            if isinstance(field, models.IntegerField) and not field.primary_key and not field.generated
        }

    @classmethod
    def recalculated(cls, agency: Agency) -> "RatingSummary":
        """Return an unsaved summary calculated from the agency's reviews and review requests."""
        totals, request_totals = cls.totals(), cls.request_totals()
        return cls(agency=agency, **agency.reviews.aggregate(**totals), **agency.review_requests.aggregate(**request_totals))

    @staticmethod
    def totals() -> dict[str, Any]:
        """Return the aggregate over reviews that yields each figure, by field name."""
        counted = Q(withdrawn_at=None, removed_at=None)
        totals: dict[str, Any] = {"count": Count("pk", filter=counted)}
        totals |= {f"{name}_sum": Sum(name, filter=counted, default=0) for name in CATEGORIES}
        totals |= {f"stars_{n}": Count("pk", filter=counted & Q(stars=n)) for n in range(1, 6)}
        return totals | {
            "hidden": Count("pk", filter=counted & Q(hidden_at__isnull=False)),
            "edited": Count("pk", filter=counted & Q(edited_at__isnull=False)),
            "withdrawn": Count("pk", filter=Q(withdrawn_at__isnull=False)),
            "removed": Count("pk", filter=Q(removed_at__isnull=False, withdrawn_at=None)),
        }

    @staticmethod
    def request_totals() -> dict[str, Any]:
        """Return the aggregate over review requests that yields each figure about them, by field name."""
        return {"requested": Count("pk", filter=~Q(status="withdrawn")), "answered": Count("pk", filter=Q(status="answered"))}


class ReviewMonth(models.Model):
    """An agency's counted reviews in a month of its time zone, maintained by the triggers of `RatingSummary`."""

    agency = models.ForeignKey(Agency, verbose_name=gettext_lazy("Agency"), on_delete=models.CASCADE, related_name="review_months")
    #: First day of the month.
    month = models.DateField()
    count = models.IntegerField()
    star_totals = FieldPerCategory(lambda _category: models.IntegerField(default=0), suffix="_sum")
    stars_1 = models.IntegerField(default=0)
    stars_2 = models.IntegerField(default=0)
    stars_3 = models.IntegerField(default=0)
    stars_4 = models.IntegerField(default=0)
    stars_5 = models.IntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["agency", "month"], name="review_month_once_per_agency")]

    def __str__(self) -> str:
        return f"{self.agency_id}: {self.month:%Y-%m} ({self.count})"

    @staticmethod
    def totals() -> dict[str, Any]:
        """Return the aggregate over reviews that yields each figure, by field name."""
        return {name: total for name, total in RatingSummary.totals().items() if name not in ("hidden", "edited", "withdrawn", "removed")}


class RequestMonth(models.Model):
    """Number of an agency's review requests of a month that were answered after `days`, maintained by the same triggers.

    Withdrawn requests don't count. Months and days are those of the agency's time zone.
    """

    agency = models.ForeignKey(Agency, verbose_name=gettext_lazy("Agency"), on_delete=models.CASCADE, related_name="request_months")
    #: First day of the month of the requests.
    month = models.DateField()
    #: Days from the request to its answer; NULL for requests without one.
    days = models.IntegerField(null=True)
    count = models.IntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["agency", "month", "days"], nulls_distinct=False, name="request_month_once_per_days")
        ]

    def __str__(self) -> str:
        return f"{self.agency_id}: {self.month:%Y-%m}, {self.days} ({self.count})"


class ZonedAgency(Agency):
    """An agency, with the trigger that counts its months again when its time zone changes."""

    class Meta:
        proxy = True
        triggers = [triggers.time_zone_trigger()]
