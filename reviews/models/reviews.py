"""Reviews and the agency's public comments on them."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar, Self

import pgtrigger
from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from customers.models import Customer
from partnerportal.agencies.models import Agency, Notification
from partnerportal.core.constraints import SameParent
from partnerportal.core.querysets import TenantQuerySet
from partnerportal.core.validators import validate_one_line, validate_plain_text
from reviews.models import triggers
from reviews.models.categories import CATEGORIES, Category, CategoryRating, CategoryValues, FieldPerCategory, sum_of_categories
from reviews.models.drafts import MAX_REPLY_LENGTH, ReviewReplyDraft
from reviews.models.reports import MAX_REPORTS, ReviewReport
from reviews.models.requests import ReviewRequest

#: Maximum length of an author's name, in characters.
MAX_AUTHOR_LENGTH = 100
#: Maximum number of reviews pinned to the top of an agency's profile.
MAX_PINNED = 5
#: Mean of the ratings up to which a review is low.
LOW_STARS = 3


def _rating(category: Category) -> Any:
    return models.PositiveSmallIntegerField(category.label, validators=[MinValueValidator(1), MaxValueValidator(5)])


class DisplayNameAs(models.TextChoices):
    FULL = "full", gettext_lazy("Full name")
    INITIAL = "initial", gettext_lazy("First name and initial")
    COMPANY = "company", gettext_lazy("Company name")
    ANONYMOUS = "anonymous", gettext_lazy("“Verified customer”")


class ReviewQuerySet(TenantQuerySet["Review"]):
    def counted(self) -> Self:
        """Return reviews whose stars count on the profile, hidden ones included."""
        return self.filter(withdrawn_at=None, removed_at=None)

    def published(self) -> Self:
        """Return reviews that the public profile shows."""
        return self.counted().filter(hidden_at=None)

    def pinned(self) -> Self:
        """Return pinned reviews in their order."""
        return self.filter(pin_position__isnull=False).order_by("pin_position")

    def for_public(self) -> Self:
        """Return published reviews with the related rows that the profile shows."""
        return self.published().select_related("request__project", "comment")

    def for_staff(self) -> Self:
        """Add related rows and `is_reported`, `is_reportable`, `has_draft` and `has_pin_below` for the agency's staff."""
        reports = ReviewReport.objects.filter(review=OuterRef("pk"))
        # Positions have no gaps. The condition "not null" lets PostgreSQL use the partial unique index.
        next_position = Q(pin_position__isnull=False, pin_position=OuterRef("pin_position") + 1)
        return self.select_related("request__project", "request__customer", "comment").annotate(
            is_reported=Exists(reports.open()),
            is_reportable=~Exists(reports.open()) & ~Exists(reports.filter(number=MAX_REPORTS)),
            has_draft=Exists(ReviewReplyDraft.objects.filter(review=OuterRef("pk"))),
            has_pin_below=Exists(Review.objects.filter(next_position, agency=OuterRef("agency"))),
        )


class Review(models.Model):
    """A customer's answer to a `ReviewRequest`.

    Only the author edits text and ratings. The agency can pin and hide a review; administrators can
    remove it after a report. Withdrawn and removed reviews don't count; hidden ones do.
    """

    class HiddenReason(models.TextChoices):
        OUTDATED = "outdated", gettext_lazy("It’s outdated")
        ASKED = "asked", gettext_lazy("At the customer’s request")
        PRIVATE = "private", gettext_lazy("It names people or contains confidential information")
        MISTAKEN = "mistaken", gettext_lazy("It isn’t about our work")
        OTHER = "other", gettext_lazy("Other reason")

    agency = models.ForeignKey(Agency, verbose_name=gettext_lazy("Agency"), on_delete=models.RESTRICT, related_name="reviews")
    request = models.OneToOneField(
        ReviewRequest, verbose_name=gettext_lazy("Review request"), on_delete=models.RESTRICT, related_name="review"
    )
    ratings = FieldPerCategory(_rating)
    #: Mean of all categories, exact in two decimal places.
    overall = models.GeneratedField(
        expression=sum_of_categories() * (Decimal(1) / len(CATEGORIES)),
        output_field=models.DecimalField(max_digits=3, decimal_places=2),
        db_persist=True,
        verbose_name=gettext_lazy("Overall"),
    )
    #: `overall` rounded to whole stars, halves up, for the distribution and filters.
    stars = models.GeneratedField(
        expression=(sum_of_categories() + len(CATEGORIES) // 2) / len(CATEGORIES),
        output_field=models.PositiveSmallIntegerField(),
        db_persist=True,
        verbose_name=gettext_lazy("Stars"),
    )
    text = models.TextField(gettext_lazy("Your review"), max_length=5000, blank=True, validators=[validate_plain_text])
    #: Name entered by the author, or the company's name. Empty after a withdrawal or erasure.
    author = models.CharField(gettext_lazy("Your name"), max_length=MAX_AUTHOR_LENGTH, validators=[validate_one_line])
    display_name_as = models.CharField(gettext_lazy("Name shown as"), max_length=10, choices=DisplayNameAs, default=DisplayNameAs.FULL)
    created_at = models.DateTimeField(gettext_lazy("Submitted"), auto_now_add=True)
    edited_at = models.DateTimeField(gettext_lazy("Edited"), null=True, blank=True)
    withdrawn_at = models.DateTimeField(gettext_lazy("Withdrawn by its author"), null=True, blank=True)

    #: Position among the pinned reviews (1 to `MAX_PINNED`); NULL if not pinned.
    pin_position = models.PositiveSmallIntegerField(gettext_lazy("Pinned position"), null=True, blank=True)
    hidden_at = models.DateTimeField(gettext_lazy("Hidden by the agency"), null=True, blank=True)
    hidden_reason = models.CharField(gettext_lazy("Reason for hiding"), max_length=10, choices=HiddenReason, blank=True)
    removed_at = models.DateTimeField(gettext_lazy("Removed after a report"), null=True, blank=True)

    objects: ClassVar[ReviewQuerySet] = ReviewQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = gettext_lazy("review")
        verbose_name_plural = gettext_lazy("reviews")
        indexes = [
            models.Index(fields=["agency", "-id"], name="review_of_agency"),
            # For the number of new reviews, which every page's menu shows.
            models.Index(fields=["agency", "created_at"], name="review_of_agency_by_date"),
            # For lists filtered by stars, and for those that begin with the lowest rating.
            models.Index(fields=["agency", "stars", "-id"], name="review_of_agency_by_stars"),
            models.Index(fields=["agency", "-stars", "-id"], name="review_of_agency_best_first"),
            # For lists of reviews with text, which may be rare.
            models.Index(fields=["agency", "-id"], name="review_with_text", condition=~Q(text="")),
            models.Index(fields=["agency", "stars", "-id"], name="review_with_text_by_stars", condition=~Q(text="")),
            models.Index(fields=["agency", "-stars", "-id"], name="review_with_text_best_first", condition=~Q(text="")),
            models.Index(fields=["agency", "-id"], name="review_hidden", condition=Q(hidden_at__isnull=False)),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(**{f"{category}__range": (1, 5) for category in CATEGORIES}), name="review_ratings_from_1_to_5"
            ),
            models.CheckConstraint(condition=Q(display_name_as__in=DisplayNameAs.values), name="review_shown_as_is_known"),
            # With the unique constraint, limits pinned reviews to MAX_PINNED under concurrency.
            models.CheckConstraint(
                condition=Q(pin_position=None) | Q(pin_position__range=(1, MAX_PINNED)), name="review_pinned_from_1_to_5"
            ),
            models.UniqueConstraint(
                fields=["agency", "pin_position"], condition=Q(pin_position__isnull=False), name="review_pinned_once_each_place"
            ),
            models.CheckConstraint(
                condition=Q(pin_position=None) | Q(hidden_at=None, removed_at=None, withdrawn_at=None), name="review_pinned_is_public"
            ),
            models.CheckConstraint(
                condition=Q(hidden_at=None, hidden_reason="") | Q(hidden_at__isnull=False) & ~Q(hidden_reason=""),
                name="review_hidden_for_a_reason",
            ),
            models.CheckConstraint(condition=Q(withdrawn_at=None) | Q(text="", author=""), name="review_withdrawn_has_no_words"),
            models.UniqueConstraint(fields=["id", "agency"], name="review_same_agency_target"),
            SameParent(field="request", parent="agency", name="review_request_same_agency"),
        ]
        triggers = triggers.triggers()

    def __str__(self) -> str:
        return f"{self.author}: {number_format(self.overall)}"

    def get_absolute_url(self) -> str:
        """Return the address of its public page, which exists while the agency’s profile is registered."""
        return reverse("reviews:public", args=[self.agency.profile.slug, self.pk])

    @property
    def mean(self) -> Decimal:
        """The exact mean of the ratings, like `overall`, which the database computes."""
        return Decimal(sum(getattr(self, name) for name in CATEGORIES)) / len(CATEGORIES)

    @property
    def is_low(self) -> bool:
        """Whether it has three stars or fewer."""
        return self.mean <= LOW_STARS

    @property
    def notification_kinds(self) -> tuple[Notification, ...]:
        """The kinds of notifications that this review, when it is new, belongs to."""
        return (Notification.REVIEWS, Notification.LOW_REVIEWS) if self.is_low else (Notification.REVIEWS,)

    @property
    def audit_customer(self) -> Customer:
        """The customer in whose timeline audit events of this object appear."""
        return self.request.customer

    @property
    def is_public(self) -> bool:
        """Whether the public profile shows it."""
        return self.hidden_at is None and self.removed_at is None and self.withdrawn_at is None

    @property
    def is_off_profile(self) -> bool:
        """Whether it was removed or withdrawn, so that its stars no longer count."""
        return self.removed_at is not None or self.withdrawn_at is not None

    @property
    def editable_until(self) -> datetime:
        """End of the period in which the author can edit it."""
        return self.created_at + timedelta(days=settings.REVIEW_EDIT_DAYS)

    @property
    def is_editable(self) -> bool:
        """Whether the author can edit it. Erased customers can't: editing would restore a name."""
        return bool(self.author) and not self.is_off_profile and timezone.now() < self.editable_until

    @property
    def subject_label(self) -> str:
        """Title of the rated project, or the label for the whole company."""
        return self.request.subject_label

    @property
    def is_project(self) -> bool:
        """Whether a project was rated rather than the company."""
        return self.request.is_project

    @property
    def author_label(self) -> str:
        """The author's public name, displayed as they chose."""
        if not self.author and not self.withdrawn_at:
            return _("Former customer")
        if not self.author or self.display_name_as == DisplayNameAs.ANONYMOUS:
            return _("Verified customer")
        if self.display_name_as == DisplayNameAs.INITIAL:
            first, *others = self.author.split()
            return f"{first} {others[-1][0]}." if others else first
        return self.author

    @property
    def is_named(self) -> bool:
        """Whether “Verified customer” is shown beside the author's name, instead of in its place."""
        return not self.withdrawn_at and (self.display_name_as != DisplayNameAs.ANONYMOUS or not self.author)

    @property
    def reply(self) -> "ReviewComment | None":
        """The agency's comment, if any. Templates take long to find out that `comment` doesn't exist."""
        return getattr(self, "comment", None)

    @property
    def draft(self) -> "ReviewReplyDraft | None":
        """The unpublished reply, if any."""
        return getattr(self, "reply_draft", None)

    @property
    def states(self) -> list[tuple[str, str]]:
        """Names and labels of its states for the agency; “under review” and “draft” only for rows of `for_staff()`."""
        if self.withdrawn_at:
            return [("withdrawn", _("withdrawn by its author"))]
        if self.removed_at:
            return [("removed", _("removed after a report"))]
        states = [
            (self.pin_position, "pinned", _("pinned")),
            (self.hidden_at, "hidden", _("hidden")),
            (getattr(self, "is_reported", False), "reported", _("under review")),
            (getattr(self, "has_draft", False), "draft", _("draft reply")),
        ]
        return [(name, label) for applies, name, label in states if applies]

    @property
    def category_values(self) -> CategoryValues:
        """Ratings of all categories."""
        return CategoryValues(getattr(self, name) for name in CATEGORIES)

    @property
    def categories(self) -> list[CategoryRating]:
        """Ratings of all categories with their labels."""
        return self.category_values.rows


class ReviewComment(models.Model):
    """The agency's public reply to a review. There is at most one, and it can't be edited or deleted."""

    agency = models.ForeignKey(Agency, verbose_name=gettext_lazy("Agency"), on_delete=models.RESTRICT, related_name="review_comments")
    review = models.OneToOneField(Review, verbose_name=gettext_lazy("Review"), on_delete=models.RESTRICT, related_name="comment")
    text = models.TextField(gettext_lazy("Comment"), max_length=MAX_REPLY_LENGTH, validators=[validate_plain_text])
    written_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=gettext_lazy("Written by"), on_delete=models.SET_NULL, null=True, related_name="+"
    )
    created_at = models.DateTimeField(gettext_lazy("Written"), auto_now_add=True)

    class Meta:
        verbose_name = gettext_lazy("review comment")
        verbose_name_plural = gettext_lazy("review comments")
        constraints = [
            models.CheckConstraint(condition=~Q(text=""), name="review_comment_says_something"),
            SameParent(field="review", parent="agency", name="review_comment_same_agency"),
        ]
        triggers = [
            triggers.comment_trigger(),
            # `written_by` isn't protected because deleting the user clears it.
            pgtrigger.Protect(
                name="words_are_for_good",
                operation=pgtrigger.Update,
                condition=pgtrigger.AnyChange("agency", "review", "text", "created_at"),
            ),
            pgtrigger.Protect(name="never_deleted", operation=pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return self.text[:60]
