"""`RatingSummary` adds reviews up."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import models
from django.db.models import Count, F, Q, Sum, Value
from django.db.models.functions import Cast, Now, NullIf, Round
from django.utils.formats import number_format
from django.utils.translation import gettext_lazy

from partnerportal.agencies.models import Agency
from reviews.models.reviews import CATEGORIES, CategoryRating, category_label, rounded


@dataclass(frozen=True)
class StarCount:
    """How many reviews have so many stars, and which share of all that is (per cent)."""

    stars: int
    count: int
    percent: int


#: So many reviews of so many stars every agency starts with where agencies are ordered by their rating.
PRIOR, PRIOR_WEIGHT = Decimal("3.5"), 7

_ALL_STARS = F("cooperation_sum") + F("quality_sum") + F("schedule_sum") + F("budget_sum")
_EXACT = models.DecimalField(max_digits=20, decimal_places=4)


class RatingSummary(models.Model):
    """All reviews of an agency added up, so that no page needs to count them.

    Kept by triggers on `Review` (see `summary_trigger`), which catch each and every write; the application only reads.
    """

    agency = models.OneToOneField(
        Agency, verbose_name=gettext_lazy("Agency"), on_delete=models.CASCADE, primary_key=True, related_name="rating_summary"
    )
    count = models.IntegerField(gettext_lazy("Reviews"), default=0)
    cooperation_sum = models.IntegerField(gettext_lazy("Cooperation, total stars"), default=0)
    quality_sum = models.IntegerField(gettext_lazy("Quality of service, total stars"), default=0)
    schedule_sum = models.IntegerField(gettext_lazy("Schedule, total stars"), default=0)
    budget_sum = models.IntegerField(gettext_lazy("Budget, total stars"), default=0)
    stars_1 = models.IntegerField(gettext_lazy("Reviews with 1 star"), default=0)
    stars_2 = models.IntegerField(gettext_lazy("Reviews with 2 stars"), default=0)
    stars_3 = models.IntegerField(gettext_lazy("Reviews with 3 stars"), default=0)
    stars_4 = models.IntegerField(gettext_lazy("Reviews with 4 stars"), default=0)
    stars_5 = models.IntegerField(gettext_lazy("Reviews with 5 stars"), default=0)
    #: How many of them the agency hides: their stars count, and the profile says so.
    hidden = models.IntegerField(gettext_lazy("Hidden"), default=0)
    #: When the reviews on the profile last changed, their words, order and comments included. The sitemap names it.
    changed_at = models.DateTimeField(gettext_lazy("Updated"), db_default=Now(), editable=False)
    #: What people see: the mean to one decimal, halves up; NULL without reviews.
    shown = models.GeneratedField(
        expression=Round(Cast(_ALL_STARS, _EXACT) / NullIf(F("count") * len(CATEGORIES), Value(0)), precision=1),
        output_field=models.DecimalField(max_digits=2, decimal_places=1, null=True),
        db_persist=True,
        verbose_name=gettext_lazy("Average rating"),
    )
    #: What the directory orders by, in millionths of a star: the mean as if `PRIOR_WEIGHT` reviews of `PRIOR` stars had come
    #: before, so that one review of five stars doesn't stand above a hundred of 4.9 (a Bayesian average).
    standing = models.GeneratedField(
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

    def __str__(self) -> str:
        average = "–" if self.average is None else number_format(rounded(self.average), 1)
        return f"{self.agency_id}: {average} ({self.count})"

    def __bool__(self) -> bool:
        """Whether there is anything to show."""
        return self.count > 0

    @property
    def average(self) -> Decimal | None:
        """The mean of all reviews' overall ratings; None without reviews."""
        if not self.count:
            return None
        return Decimal(sum(getattr(self, f"{name}_sum") for name in CATEGORIES)) / (len(CATEGORIES) * self.count)

    @property
    def categories(self) -> list[CategoryRating]:
        """The mean of each category; empty without reviews."""
        if not self.count:
            return []
        return [CategoryRating(category_label(name), Decimal(getattr(self, f"{name}_sum")) / self.count) for name in CATEGORIES]

    @property
    def distribution(self) -> list[StarCount]:
        """How often five, four, … one star (the overall rating, halves rounded up)."""
        return [
            StarCount(stars, number, round(100 * number / self.count) if self.count else 0)
            for stars in (5, 4, 3, 2, 1)
            for number in [getattr(self, f"stars_{stars}")]
        ]

    def figures(self) -> dict[str, int]:
        """Every figure that the triggers keep, by its name."""
        return {
            field.attname: getattr(self, field.attname)
            for field in self._meta.concrete_fields
            if isinstance(field, models.IntegerField) and not field.primary_key and not field.generated
        }

    @classmethod
    def counted_afresh(cls, agency: Agency) -> "RatingSummary":
        """What the summary has to be, from the reviews themselves; not saved."""
        return cls(agency=agency, **agency.reviews.counted().aggregate(**cls.totals()))

    @staticmethod
    def totals() -> dict[str, Any]:
        """How each figure is counted, as aggregates over reviews."""
        totals: dict[str, Any] = {"count": Count("pk"), "hidden": Count("pk", filter=Q(hidden_at__isnull=False))}
        totals |= {f"{name}_sum": Sum(name, default=0) for name in CATEGORIES}
        return totals | {f"stars_{n}": Count("pk", filter=Q(stars=n)) for n in range(1, 6)}
