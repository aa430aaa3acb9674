"""Reports of offensive or unfair reviews, which portal administrators decide."""

from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy

from partnerportal.agencies.models import Agency
from partnerportal.core.constraints import SameParent
from partnerportal.core.querysets import TenantQuerySet
from partnerportal.core.validators import validate_plain_text

#: Maximum number of reports of one review.
MAX_REPORTS = 3


class ReportState(models.TextChoices):
    OPEN = "open", gettext_lazy("under review")
    UPHELD = "upheld", gettext_lazy("upheld")
    DISMISSED = "dismissed", gettext_lazy("dismissed")
    #: The author withdrew the review before a decision.
    SETTLED = "settled", gettext_lazy("settled")
    REINSTATED = "reinstated", gettext_lazy("reinstated")


class ReviewReportQuerySet(TenantQuerySet["ReviewReport"]):
    def open(self) -> Self:
        """Return reports without a decision."""
        return self.filter(state=ReviewReport.State.OPEN)


class ReviewReport(models.Model):
    """A report of a review. A review has at most one open report and `MAX_REPORTS` in total.

    Transitions: `open → upheld | dismissed | settled` and `upheld → reinstated`, each once.
    """

    State = ReportState

    class Reason(models.TextChoices):
        OFFENSIVE = "offensive", gettext_lazy("It’s offensive or insulting")
        PERSONAL_DATA = "personal_data", gettext_lazy("It contains personal data")
        ADVERTISING = "advertising", gettext_lazy("It’s advertising")
        NOT_GENUINE = "not_genuine", gettext_lazy("It’s not genuine")
        WRONG_BUSINESS = "wrong_business", gettext_lazy("It’s about a different business")
        OTHER = "other", gettext_lazy("Other reason")

    agency = models.ForeignKey(Agency, verbose_name=gettext_lazy("Agency"), on_delete=models.RESTRICT, related_name="review_reports")
    review = models.ForeignKey("reviews.Review", verbose_name=gettext_lazy("Review"), on_delete=models.RESTRICT, related_name="reports")
    #: Sequence number among the reports of the review, from 1.
    number = models.PositiveSmallIntegerField(gettext_lazy("Number"))
    reason = models.CharField(gettext_lazy("Reason"), max_length=20, choices=Reason)
    details = models.TextField(gettext_lazy("Details"), max_length=2000, validators=[validate_plain_text])
    reported_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=gettext_lazy("Reported by"), on_delete=models.SET_NULL, null=True, related_name="+"
    )
    created_at = models.DateTimeField(gettext_lazy("Reported"), auto_now_add=True)
    state = models.CharField(gettext_lazy("Status"), max_length=10, choices=State, default=State.OPEN)
    #: Sent to the agency, and to the author if the review is removed.
    decision = models.TextField(gettext_lazy("Reason for the decision"), max_length=2000, blank=True, validators=[validate_plain_text])
    decided_at = models.DateTimeField(gettext_lazy("Decided"), null=True, blank=True)
    reinstated_at = models.DateTimeField(gettext_lazy("Reinstated"), null=True, blank=True)
    reinstatement_reason = models.TextField(
        gettext_lazy("Reason for reinstating"), max_length=2000, blank=True, validators=[validate_plain_text]
    )

    objects: ClassVar[ReviewReportQuerySet] = ReviewReportQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = gettext_lazy("review report")
        verbose_name_plural = gettext_lazy("review reports")
        indexes = [models.Index(fields=["created_at", "id"], name="review_report_queue", condition=Q(state="open"))]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=ReportState.values), name="review_report_state_is_known"),
            models.CheckConstraint(
                condition=Q(state="open", decided_at=None) | ~Q(state="open") & Q(decided_at__isnull=False),
                name="review_report_decided_has_its_time",
            ),
            models.CheckConstraint(condition=Q(number__range=(1, MAX_REPORTS)), name="review_report_three_in_all"),
            models.UniqueConstraint(fields=["review", "number"], name="review_report_each_number_once"),
            models.UniqueConstraint(fields=["review"], condition=Q(state="open"), name="review_report_open_once"),
            SameParent(field="review", parent="agency", name="review_report_same_agency"),
        ]

    def __str__(self) -> str:
        return f"{self.get_reason_display()} ({self.get_state_display()})"
