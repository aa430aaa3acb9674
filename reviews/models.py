"""`ReviewRequest` owns the personal link; `Review` is what came of it; `RatingSummary` adds reviews up."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, ClassVar, Self

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Count, F, Q, Sum, Value
from django.db.models.functions import Cast, NullIf, Round
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from customers.models import Customer, Project
from partnerportal.agencies.models import Agency, TenantQuerySet
from partnerportal.constraints import SameParent
from partnerportal.validators import validate_one_line, validate_plain_text
from reviews import summary_trigger, tokens

#: The four things that are rated, in the order in which they are asked.
CATEGORIES = ("cooperation", "quality", "schedule", "budget")

#: Characters of an author's name.
AUTHOR_LENGTH = 100


def link_expiry() -> datetime:
    """When a link made now ends."""
    return timezone.now() + timedelta(days=settings.REVIEW_LINK_DAYS)


class ReviewRequestQuerySet(TenantQuerySet["ReviewRequest"]):
    def with_token(self, token: str) -> Self:
        """The one request, if any, whose personal link has this token."""
        return self.filter(token_digest=tokens.digest(token))

    def open(self) -> Self:
        """Waiting for an answer, and not expired."""
        return self.filter(status=ReviewRequest.Status.OPEN, expires_at__gt=timezone.now())


class ReviewRequest(models.Model):
    """The agency asks a customer to rate the company or one project; at most one open request for each."""

    class Status(models.TextChoices):
        OPEN = "open", gettext_lazy("waiting")
        ANSWERED = "answered", gettext_lazy("answered")
        WITHDRAWN = "withdrawn", gettext_lazy("withdrawn")
        EXPIRED = "expired", gettext_lazy("expired")

    agency = models.ForeignKey(Agency, verbose_name=gettext_lazy("Agency"), on_delete=models.RESTRICT, related_name="review_requests")
    customer = models.ForeignKey(Customer, verbose_name=gettext_lazy("Customer"), on_delete=models.RESTRICT, related_name="review_requests")
    #: None: the company as a whole.
    project = models.ForeignKey(
        Project, verbose_name=gettext_lazy("Project"), on_delete=models.RESTRICT, null=True, blank=True, related_name="review_requests"
    )
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=gettext_lazy("Requested by"), on_delete=models.SET_NULL, null=True, related_name="+"
    )
    nonce = models.CharField(max_length=32, default=tokens.new_nonce, editable=False)
    token_digest = models.CharField(max_length=64, unique=True, editable=False)
    #: Expiry is a matter of the clock: ask `state`, which knows; EXPIRED is written once a new request takes its place.
    status = models.CharField(gettext_lazy("Status"), max_length=10, choices=Status, default=Status.OPEN)
    created_at = models.DateTimeField(gettext_lazy("Requested"), auto_now_add=True)
    mailed_at = models.DateTimeField(gettext_lazy("Sent by e-mail"), null=True, blank=True)
    expires_at = models.DateTimeField(gettext_lazy("Good until"), default=link_expiry)

    objects: ClassVar[ReviewRequestQuerySet] = ReviewRequestQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = gettext_lazy("review request")
        verbose_name_plural = gettext_lazy("review requests")
        indexes = [models.Index(fields=["agency", "status", "-id"], name="review_request_of_agency")]
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=["open", "answered", "withdrawn", "expired"]), name="review_request_status_is_known"
            ),
            models.UniqueConstraint(
                fields=["customer", "project"],
                condition=Q(status="open"),
                nulls_distinct=False,
                name="review_request_open_once",
            ),
            models.UniqueConstraint(fields=["id", "agency"], name="review_request_same_agency_target"),
            SameParent(field="customer", parent="agency", name="review_request_customer_same_agency"),
            SameParent(field="project", parent="customer", name="review_request_project_same_customer"),
        ]

    def __str__(self) -> str:
        return f"{self.customer} · {self.subject_label}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self.token_digest:
            self.token_digest = tokens.digest(tokens.token_for(self.nonce))
        super().save(*args, **kwargs)

    @property
    def state(self) -> str:
        """The status as of now: an open request past its date is expired."""
        if self.status == self.Status.OPEN and self.expires_at <= timezone.now():
            return self.Status.EXPIRED
        return self.status

    def get_state_display(self) -> str:
        """`state` in the reader's language."""
        return str(self.Status(self.state).label)

    @property
    def link(self) -> str | None:
        """The full address of the personal page; None once no known key can make it again."""
        token = tokens.recover(self.nonce, self.token_digest)
        return f"{settings.SITE_URL}{reverse('reviews:rate', args=[token])}" if token else None

    @property
    def is_project(self) -> bool:
        """Whether one project is rated, rather than the company."""
        return self.project_id is not None

    @property
    def subject_label(self) -> str:
        """What is rated, for people."""
        return self.project.title if self.project else _("The company as a whole")


def _rating(label: Any) -> Any:
    return models.PositiveSmallIntegerField(label, validators=[MinValueValidator(1), MaxValueValidator(5)])


class ReviewQuerySet(TenantQuerySet["Review"]):
    def counted(self) -> Self:
        """Those whose stars count on the profile."""
        return self

    def published(self) -> Self:
        """Those that the public profile shows."""
        return self.counted()


@dataclass(frozen=True)
class CategoryRating:
    """One of the four categories with its rating: whole stars of a review, or the mean of many."""

    label: str
    value: Decimal


class Review(models.Model):
    """What a customer answered to one `ReviewRequest`."""

    agency = models.ForeignKey(Agency, verbose_name=gettext_lazy("Agency"), on_delete=models.RESTRICT, related_name="reviews")
    request = models.OneToOneField(
        ReviewRequest, verbose_name=gettext_lazy("Review request"), on_delete=models.RESTRICT, related_name="review"
    )
    cooperation = _rating(gettext_lazy("Cooperation"))
    quality = _rating(gettext_lazy("Quality of service"))
    schedule = _rating(gettext_lazy("Schedule"))
    budget = _rating(gettext_lazy("Budget"))
    #: The mean of the four: quarters, so two places hold it exactly.
    overall = models.GeneratedField(
        expression=(F("cooperation") + F("quality") + F("schedule") + F("budget")) * Decimal("0.25"),
        output_field=models.DecimalField(max_digits=3, decimal_places=2),
        db_persist=True,
        verbose_name=gettext_lazy("Overall"),
    )
    text = models.TextField(gettext_lazy("Your review"), max_length=5000, blank=True, validators=[validate_plain_text])
    author = models.CharField(gettext_lazy("Your name"), max_length=AUTHOR_LENGTH, validators=[validate_one_line])
    created_at = models.DateTimeField(gettext_lazy("Submitted"), auto_now_add=True)

    objects: ClassVar[ReviewQuerySet] = ReviewQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = gettext_lazy("review")
        verbose_name_plural = gettext_lazy("reviews")
        indexes = [
            models.Index(fields=["agency", "-id"], name="review_of_agency"),
            # How many are new stands in the menu of every page.
            models.Index(fields=["agency", "created_at"], name="review_of_agency_by_date"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(**{f"{category}__range": (1, 5) for category in CATEGORIES}), name="review_ratings_from_1_to_5"
            ),
            SameParent(field="request", parent="agency", name="review_request_same_agency"),
        ]
        triggers = summary_trigger.triggers()

    def __str__(self) -> str:
        return f"{self.author}: {self.overall}"

    @property
    def subject_label(self) -> str:
        """What was rated, for people."""
        return self.request.subject_label

    @property
    def author_label(self) -> str:
        """Who stands as the author on the public profile; an erased customer has no name any more."""
        return self.author or _("Former customer")

    @property
    def categories(self) -> list[CategoryRating]:
        """The four ratings with their names."""
        return [CategoryRating(category_label(name), Decimal(getattr(self, name))) for name in CATEGORIES]


def category_label(name: str) -> str:
    """A category's name in the reader's language."""
    return str(Review._meta.get_field(name).verbose_name)  # type: ignore[union-attr]


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

    agency = models.OneToOneField(Agency, on_delete=models.CASCADE, primary_key=True, related_name="rating_summary")
    count = models.IntegerField(gettext_lazy("Reviews"), default=0)
    cooperation_sum = models.IntegerField(default=0)
    quality_sum = models.IntegerField(default=0)
    schedule_sum = models.IntegerField(default=0)
    budget_sum = models.IntegerField(default=0)
    stars_1 = models.IntegerField(default=0)
    stars_2 = models.IntegerField(default=0)
    stars_3 = models.IntegerField(default=0)
    stars_4 = models.IntegerField(default=0)
    stars_5 = models.IntegerField(default=0)
    #: What people see: the mean to one decimal, halves up; NULL without reviews.
    shown = models.GeneratedField(
        expression=Round(Cast(_ALL_STARS, _EXACT) / NullIf(F("count") * len(CATEGORIES), Value(0)), precision=1),
        output_field=models.DecimalField(max_digits=2, decimal_places=1, null=True),
        db_persist=True,
        verbose_name=gettext_lazy("Shown"),
    )
    #: What the directory orders by, in millionths of a star: the mean as if `PRIOR_WEIGHT` reviews of `PRIOR` stars had come
    #: before, so that one review of five stars doesn't stand above a hundred of 4.9 (a Bayesian average).
    standing = models.GeneratedField(
        expression=(Cast(_ALL_STARS, models.BigIntegerField()) + int(PRIOR * PRIOR_WEIGHT * len(CATEGORIES)))
        * (1_000_000 // len(CATEGORIES))
        / (F("count") + PRIOR_WEIGHT),
        output_field=models.BigIntegerField(),
        db_persist=True,
        verbose_name=gettext_lazy("Standing"),
    )

    class Meta:
        verbose_name = gettext_lazy("rating summary")
        verbose_name_plural = gettext_lazy("rating summaries")
        indexes = [models.Index(fields=["-standing"], name="rating_summary_by_standing")]

    def __str__(self) -> str:
        return f"{self.agency_id}: {self.average} ({self.count})"

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
            if not field.primary_key and not field.generated
        }

    @classmethod
    def counted_afresh(cls, agency: Agency) -> "RatingSummary":
        """What the summary has to be, from the reviews themselves; not saved."""
        totals: dict[str, Any] = {"count": Count("pk")}
        totals |= {f"{name}_sum": Sum(name, default=0) for name in CATEGORIES}
        for stars in range(1, 6):
            low, high = Decimal(stars) - Decimal("0.5"), Decimal(stars) + Decimal("0.5")
            totals[f"stars_{stars}"] = Count("pk", filter=Q(overall__gte=low, overall__lt=high))
        return cls(agency=agency, **agency.reviews.counted().aggregate(**totals))


def rounded(value: Decimal) -> Decimal:
    """A rating as people see it: one decimal, halves up."""
    return value.quantize(Decimal("0.1"), rounding=ROUND_HALF_UP)
