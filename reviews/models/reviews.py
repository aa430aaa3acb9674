"""`Review`: what a customer answered to one request; `ReviewComment`: what the agency replied to it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, ClassVar, Self

import pgtrigger
from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from customers.models import Customer
from partnerportal.agencies.models import Agency
from partnerportal.core.constraints import SameParent
from partnerportal.core.querysets import TenantQuerySet
from partnerportal.core.validators import validate_one_line, validate_plain_text
from reviews.models import triggers
from reviews.models.requests import ReviewRequest

#: The four things that are rated, in the order in which they are asked.
CATEGORIES = ("cooperation", "quality", "schedule", "budget")

#: Characters of an author's name.
MAX_AUTHOR_LENGTH = 100
#: So many reviews an agency can pin to the top of its profile.
MAX_PINNED = 5
#: So often one review can be reported.
MAX_REPORTS = 3


def _rating(label: Any) -> Any:
    return models.PositiveSmallIntegerField(label, validators=[MinValueValidator(1), MaxValueValidator(5)])


class ReviewQuerySet(TenantQuerySet["Review"]):
    """Reviews, and who sees them."""

    def counted(self) -> Self:
        """Those whose stars count on the profile; hidden ones do."""
        return self.filter(withdrawn_at=None, removed_at=None)

    def published(self) -> Self:
        """Those that the public profile shows."""
        return self.counted().filter(hidden_at=None)

    def pinned(self) -> Self:
        """Those that the agency highlights, in its order."""
        return self.filter(pin__isnull=False).order_by("pin")

    def for_public(self) -> Self:
        """What the world may see, with what it sees of each."""
        return self.published().select_related("request__project", "comment")

    def for_staff(self) -> Self:
        """With what the agency's own people see of each: whether it is under review (`is_reported`), can be (`is_reportable`), and
        whether another is pinned below it (`has_pin_below`)."""
        from reviews.models.reports import ReviewReport

        reports = ReviewReport.objects.filter(review=OuterRef("pk"))
        return self.select_related("request__project", "request__customer", "comment").annotate(
            is_reported=Exists(reports.open()),
            is_reportable=~Exists(reports.open()) & ~Exists(reports.filter(number=MAX_REPORTS)),
            # Pins close up, so the next place tells. Said twice that it has one: the few are found by their index, not among all.
            has_pin_below=Exists(Review.objects.filter(agency=OuterRef("agency"), pin__isnull=False, pin=OuterRef("pin") + 1)),
        )


@dataclass(frozen=True)
class CategoryRating:
    """One of the four categories with its rating: whole stars of a review, or the mean of many."""

    label: str
    value: Decimal

    @property
    def percent(self) -> Decimal:
        """How much of five stars that is."""
        return self.value * 20


class Review(models.Model):
    """What a customer answered to one `ReviewRequest`.

    Its words and stars are its author's alone. The agency pins and hides it; an admin removes it for a good reason. What its author
    withdrew and what an admin removed leaves the profile with its stars; what the agency hides leaves its stars there.
    """

    class ShownAs(models.TextChoices):
        FULL = "full", gettext_lazy("Full name")
        INITIAL = "initial", gettext_lazy("First name and initial")
        COMPANY = "company", gettext_lazy("Company name")
        ANONYMOUS = "anonymous", gettext_lazy("“Verified customer”")

    class HiddenFor(models.TextChoices):
        OUTDATED = "outdated", gettext_lazy("It’s outdated")
        ASKED = "asked", gettext_lazy("At the customer’s request")
        PRIVATE = "private", gettext_lazy("It names people or contains confidential information")
        MISTAKEN = "mistaken", gettext_lazy("It isn’t about our work")
        OTHER = "other", gettext_lazy("Other reason")

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
    #: `overall` in whole stars, halves up: what the distribution counts and lists are filtered by.
    stars = models.GeneratedField(
        expression=(F("cooperation") + F("quality") + F("schedule") + F("budget") + 2) / 4,
        output_field=models.PositiveSmallIntegerField(),
        db_persist=True,
        verbose_name=gettext_lazy("Stars"),
    )
    text = models.TextField(gettext_lazy("Your review"), max_length=5000, blank=True, validators=[validate_plain_text])
    #: The name that the author gave, or the company's if it is shown as that. Empty: the customer was erased.
    author = models.CharField(gettext_lazy("Your name"), max_length=MAX_AUTHOR_LENGTH, validators=[validate_one_line])
    shown_as = models.CharField(gettext_lazy("Name shown as"), max_length=10, choices=ShownAs, default=ShownAs.FULL)
    created_at = models.DateTimeField(gettext_lazy("Submitted"), auto_now_add=True)
    edited_at = models.DateTimeField(gettext_lazy("Edited"), null=True, blank=True)
    withdrawn_at = models.DateTimeField(gettext_lazy("Withdrawn by its author"), null=True, blank=True)

    #: Its place among those that the agency highlights, 1 to `MOST_PINNED`; NULL: not highlighted.
    pin = models.PositiveSmallIntegerField(gettext_lazy("Pinned position"), null=True, blank=True)
    hidden_at = models.DateTimeField(gettext_lazy("Hidden by the agency"), null=True, blank=True)
    hidden_for = models.CharField(gettext_lazy("Reason for hiding"), max_length=10, choices=HiddenFor, blank=True)
    removed_at = models.DateTimeField(gettext_lazy("Removed after a report"), null=True, blank=True)

    objects: ClassVar[ReviewQuerySet] = ReviewQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = gettext_lazy("review")
        verbose_name_plural = gettext_lazy("reviews")
        indexes = [
            models.Index(fields=["agency", "-id"], name="review_of_agency"),
            # How many are new stands in the menu of every page.
            models.Index(fields=["agency", "created_at"], name="review_of_agency_by_date"),
            # The few of so many stars among the many.
            models.Index(fields=["agency", "stars", "-id"], name="review_of_agency_by_stars"),
            models.Index(fields=["agency", "-id"], name="review_hidden", condition=Q(hidden_at__isnull=False)),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(**{f"{category}__range": (1, 5) for category in CATEGORIES}), name="review_ratings_from_1_to_5"
            ),
            models.CheckConstraint(condition=Q(shown_as__in=["full", "initial", "company", "anonymous"]), name="review_shown_as_is_known"),
            # Five places, each once: a sixth has nowhere to go, whoever comes at once.
            models.CheckConstraint(condition=Q(pin=None) | Q(pin__range=(1, MAX_PINNED)), name="review_pinned_from_1_to_5"),
            models.UniqueConstraint(fields=["agency", "pin"], condition=Q(pin__isnull=False), name="review_pinned_once_each_place"),
            models.CheckConstraint(
                condition=Q(pin=None) | Q(hidden_at=None, removed_at=None, withdrawn_at=None), name="review_pinned_is_public"
            ),
            models.CheckConstraint(
                condition=Q(hidden_at=None, hidden_for="") | Q(hidden_at__isnull=False) & ~Q(hidden_for=""),
                name="review_hidden_for_a_reason",
            ),
            models.CheckConstraint(condition=Q(withdrawn_at=None) | Q(text="", author=""), name="review_withdrawn_has_no_words"),
            models.UniqueConstraint(fields=["id", "agency"], name="review_same_agency_target"),
            SameParent(field="request", parent="agency", name="review_request_same_agency"),
        ]
        triggers = triggers.triggers()

    def __str__(self) -> str:
        return f"{self.author}: {number_format(self.overall)}"

    @property
    def audit_customer(self) -> Customer:
        """The customer in whose timeline audit events of this object appear."""
        return self.request.customer

    @property
    def is_public(self) -> bool:
        """Whether the public profile shows it."""
        return self.hidden_at is None and self.removed_at is None and self.withdrawn_at is None

    @property
    def is_gone(self) -> bool:
        """Whether its stars have left the profile: nothing can be done with it any more, but to reinstate what was removed."""
        return self.removed_at is not None or self.withdrawn_at is not None

    @property
    def editable_until(self) -> datetime:
        """When its author's time to change it ends."""
        return self.created_at + timedelta(days=settings.REVIEW_EDIT_DAYS)

    @property
    def is_editable(self) -> bool:
        """Whether its author can still change it; an erased one would bring back a name."""
        return bool(self.author) and not self.is_gone and timezone.now() < self.editable_until

    @property
    def subject_label(self) -> str:
        """What was rated, for people."""
        return self.request.subject_label

    @property
    def is_project(self) -> bool:
        """Whether one project was rated, rather than the company."""
        return self.request.is_project

    @property
    def author_label(self) -> str:
        """Who stands as the author on the public profile, as they chose. An erased customer has no name any more, nor has who withdrew."""
        if not self.author and not self.withdrawn_at:
            return _("Former customer")
        if not self.author or self.shown_as == self.ShownAs.ANONYMOUS:
            return _("Verified customer")
        if self.shown_as == self.ShownAs.INITIAL:
            first, *others = self.author.split()
            return f"{first} {others[-1][0]}." if others else first
        return self.author

    @property
    def states(self) -> list[tuple[str, str]]:
        """What its agency has to know about it: names of states, with their words; “under review” only of one from `for_staff()`."""
        if self.withdrawn_at:
            return [("withdrawn", _("withdrawn by its author"))]
        if self.removed_at:
            return [("removed", _("removed after a report"))]
        known = {
            "pinned": (self.pin, _("pinned")),
            "hidden": (self.hidden_at, _("hidden")),
            "reported": (getattr(self, "is_reported", False), _("under review")),
        }
        return [(name, words) for name, (holds, words) in known.items() if holds]

    @property
    def categories(self) -> list[CategoryRating]:
        """The four ratings with their names."""
        return [CategoryRating(category_label(name), Decimal(getattr(self, name))) for name in CATEGORIES]


class ReviewComment(models.Model):
    """The agency's one public reply to a review, for good."""

    agency = models.ForeignKey(Agency, verbose_name=gettext_lazy("Agency"), on_delete=models.RESTRICT, related_name="review_comments")
    review = models.OneToOneField(Review, verbose_name=gettext_lazy("Review"), on_delete=models.RESTRICT, related_name="comment")
    text = models.TextField(gettext_lazy("Comment"), max_length=2000, validators=[validate_plain_text])
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
            # Who wrote it may leave; what was said stays.
            pgtrigger.Protect(
                name="words_are_for_good",
                operation=pgtrigger.Update,
                condition=pgtrigger.AnyChange("agency", "review", "text", "created_at"),
            ),
            pgtrigger.Protect(name="never_deleted", operation=pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return self.text[:60]


def category_label(name: str) -> str:
    """A category's name in the reader's language."""
    return str(Review._meta.get_field(name).verbose_name)  # type: ignore[union-attr]


def rounded(value: Decimal) -> Decimal:
    """A rating as people see it: one decimal, halves up."""
    return value.quantize(Decimal("0.1"), rounding=ROUND_HALF_UP)
