"""Review rounds with their customers, and automatic requests after a project's completion."""

from typing import ClassVar

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from customers.models import Customer, Project
from partnerportal.agencies.models import Agency
from partnerportal.core.constraints import SameParent
from partnerportal.core.querysets import TenantQuerySet
from partnerportal.core.validators import validate_one_line, validate_plain_text

#: Maximum number of requests that a round sends on one day.
MAX_PER_DAY = 1_000
#: Range of days between the completion of a project and the automatic request.
MIN_DAYS, MAX_DAYS = 1, 180


class RoundStatus(models.TextChoices):
    """Status of a round: preparing → draft → running ⇄ paused → done or stopped. Preparing and running can fail."""

    PREPARING = "preparing", _("being prepared")
    DRAFT = "draft", _("draft")
    RUNNING = "running", _("running")
    PAUSED = "paused", _("paused")
    DONE = "done", _("done")
    STOPPED = "stopped", _("stopped")
    FAILED = "failed", _("failed")


class Outcome(models.TextChoices):
    """What became of a customer in a round, or of a project with automatic requests; the other values are reasons for leaving it out."""

    WAITING = "waiting", _("waiting")
    REQUESTED = "requested", _("requested")
    EXCLUDED = "excluded", _("excluded by hand")
    NO_EMAIL = "no_email", _("no e-mail address")
    UNSUBSCRIBED = "unsubscribed", _("unsubscribed")
    ARCHIVED = "archived", _("archived")
    OWN_STAFF = "own_staff", _("own staff")
    OPEN = "open", _("another request is pending")
    REVIEWED = "reviewed", _("already reviewed")
    RECENT = "recent", _("asked recently")
    GONE = "gone", _("erased or merged")
    UNMATCHED = "unmatched", _("no longer matches the rule")


#: The outcomes of customers that aren't asked, in the order in which they are listed.
LEFT_OUT = tuple(outcome for outcome in Outcome if outcome not in {Outcome.WAITING, Outcome.REQUESTED})


class ReviewRound(models.Model):
    """Review requests to many customers that are selected by rule, a limited number on each working day."""

    Status = RoundStatus

    agency = models.ForeignKey(Agency, verbose_name=_("Agency"), on_delete=models.CASCADE, related_name="review_rounds")
    name = models.CharField(_("Name"), max_length=100, validators=[validate_one_line], help_text=_("Only your team sees it."))
    status = models.CharField(_("Status"), max_length=10, choices=RoundStatus, default=RoundStatus.PREPARING)
    #: In whose name the requests are sent; None if the account was deleted.
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("Sent by"), on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    #: The rule. Without this date, the company is rated rather than a project.
    completed_since = models.DateField(_("Projects completed since"), null=True, blank=True)
    not_asked_days = models.PositiveSmallIntegerField(_("Not asked for"), default=365)
    #: Keys of a tag and an account manager, which may have been deleted since; then no customer matches.
    tag_id = models.BigIntegerField(_("Tag"), null=True, blank=True)
    responsible_id = models.BigIntegerField(_("Account manager"), null=True, blank=True)

    per_day = models.PositiveSmallIntegerField(
        _("Requests per day"), default=50, validators=[MinValueValidator(1), MaxValueValidator(MAX_PER_DAY)]
    )
    #: Working hours from Monday to Friday, in the agency's time zone.
    from_hour = models.PositiveSmallIntegerField(_("From"), default=9)
    until_hour = models.PositiveSmallIntegerField(_("Until"), default=17)
    greeting = models.TextField(_("Greeting"), max_length=500, blank=True, validators=[validate_plain_text])
    closing = models.TextField(_("Closing"), max_length=500, blank=True, validators=[validate_plain_text])

    #: Number of customers by `Outcome`, without those that wait.
    counts = models.JSONField(default=dict, editable=False)
    #: Number of customers of the round.
    total = models.PositiveIntegerField(_("Customers"), default=0)
    #: Number of the last prepared customer, and the highest one at the beginning.
    last_number = models.PositiveIntegerField(default=0, editable=False)
    up_to = models.PositiveIntegerField(default=0, editable=False)
    #: The agency's date of the latest request, and the number of requests on that day.
    sent_on = models.DateField(null=True, editable=False)
    sent_count = models.PositiveSmallIntegerField(default=0, editable=False)
    #: When the next request can be sent; None: now.
    resume_at = models.DateTimeField(_("Continues"), null=True, editable=False)
    #: When the task was last enqueued or a customer was processed. Without news for `IMPORT_LEASE` seconds, it is enqueued again.
    heard_at = models.DateTimeField(auto_now_add=True, editable=False)
    #: Number of times that the task was enqueued again since the last customer.
    attempts = models.PositiveSmallIntegerField(default=0, editable=False)
    created_at = models.DateTimeField(_("Created"), auto_now_add=True)
    started_at = models.DateTimeField(_("Started"), null=True, blank=True)
    finished_at = models.DateTimeField(_("Finished"), null=True, blank=True)

    objects: ClassVar[TenantQuerySet["ReviewRound"]] = TenantQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("review round")
        verbose_name_plural = _("review rounds")
        constraints = [
            models.CheckConstraint(condition=~Q(name=""), name="review_round_has_a_name"),
            models.CheckConstraint(condition=Q(status__in=RoundStatus.values), name="review_round_status_is_known"),
            models.CheckConstraint(condition=Q(per_day__gte=1, per_day__lte=MAX_PER_DAY), name="review_round_per_day_is_plausible"),
            models.CheckConstraint(
                condition=Q(from_hour__lt=F("until_hour"), until_hour__lte=24),
                name="review_round_hours_in_order",
                violation_error_message=_("The end of the working hours must be after their beginning."),
            ),
            models.CheckConstraint(
                condition=Q(status__in=["preparing", "draft", "failed"]) | Q(started_at__isnull=False),
                name="review_round_started_has_its_time",
            ),
            models.UniqueConstraint(fields=["id", "agency"], name="review_round_same_agency_target"),
        ]
        indexes = [
            models.Index(fields=["agency", "-id"], name="review_round_of_agency"),
            models.Index(fields=["heard_at"], name="review_round_at_work", condition=Q(status__in=["preparing", "running"])),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_planned(self) -> bool:
        """Whether the round hasn't started."""
        return self.started_at is None

    @property
    def has_ended(self) -> bool:
        """Whether the round sends no further requests."""
        return self.status in {RoundStatus.DONE, RoundStatus.STOPPED}

    @property
    def requested(self) -> int:
        """Number of requests that were sent."""
        return int(self.counts.get(Outcome.REQUESTED, 0))

    @property
    def excluded(self) -> int:
        """Number of customers that were excluded by hand."""
        return int(self.counts.get(Outcome.EXCLUDED, 0))

    @property
    def left_out(self) -> int:
        """Number of customers that were left out, including those excluded by hand."""
        return sum(int(self.counts.get(reason, 0)) for reason in LEFT_OUT)

    @property
    def waiting(self) -> int:
        """Number of customers that are still to be asked."""
        return self.total - self.requested - self.left_out

    @property
    def processed(self) -> int:
        """Number of customers that were asked or left out."""
        return self.requested + self.left_out

    def count(self, outcome: str, number: int = 1) -> None:
        """Add a number of customers with this outcome."""
        self.counts[outcome] = self.counts.get(outcome, 0) + number


class RoundEntry(models.Model):
    """A customer of a round. It contains no personal data."""

    round = models.ForeignKey(ReviewRound, verbose_name=_("Review round"), on_delete=models.CASCADE, related_name="entries")
    agency = models.ForeignKey(Agency, verbose_name=_("Agency"), on_delete=models.CASCADE, related_name="+", db_index=False)
    customer = models.ForeignKey(Customer, verbose_name=_("Customer"), on_delete=models.CASCADE, related_name="round_entries")
    outcome = models.CharField(_("Result"), max_length=12, choices=Outcome, default=Outcome.WAITING)

    objects: ClassVar[TenantQuerySet["RoundEntry"]] = TenantQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("customer of a review round")
        verbose_name_plural = _("customers of review rounds")
        constraints = [
            models.UniqueConstraint(fields=["round", "customer"], name="round_entry_once"),
            models.CheckConstraint(condition=Q(outcome__in=Outcome.values), name="round_entry_outcome_is_known"),
            SameParent(field="round", parent="agency", name="round_entry_round_same_agency"),
            SameParent(field="customer", parent="agency", name="round_entry_customer_same_agency"),
        ]
        indexes = [models.Index(fields=["round", "outcome", "id"], name="round_entry_by_outcome")]

    def __str__(self) -> str:
        return f"{self.round_id}: {self.customer_id} {self.outcome}"


class AutomaticRequests(models.Model):
    """An agency's setting for requests that are sent after the completion of a project."""

    agency = models.OneToOneField(
        Agency, verbose_name=_("Agency"), on_delete=models.CASCADE, primary_key=True, related_name="automatic_requests"
    )
    #: Only projects completed since then are rated; None if automatic requests are off.
    enabled_at = models.DateTimeField(_("Enabled"), null=True, blank=True)
    #: In whose name the requests are sent.
    enabled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("Sent by"), on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    days = models.PositiveSmallIntegerField(
        _("Days after completion"), default=14, validators=[MinValueValidator(MIN_DAYS), MaxValueValidator(MAX_DAYS)]
    )

    objects: ClassVar[TenantQuerySet["AutomaticRequests"]] = TenantQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("automatic review requests")
        verbose_name_plural = _("automatic review requests")
        constraints = [
            models.CheckConstraint(condition=Q(days__gte=MIN_DAYS, days__lte=MAX_DAYS), name="automatic_requests_days_are_plausible")
        ]

    def __str__(self) -> str:
        return f"{self.agency_id}: {self.days}"


class AutomaticRequest(models.Model):
    """A project whose automatic request was cancelled, sent or left out. Without a row, it is still due."""

    project = models.OneToOneField(
        Project, verbose_name=_("Project"), on_delete=models.CASCADE, primary_key=True, related_name="automatic_request"
    )
    outcome = models.CharField(_("Result"), max_length=12, choices=Outcome)
    decided_at = models.DateTimeField(_("Time"), auto_now_add=True)

    class Meta:
        verbose_name = _("automatic review request")
        verbose_name_plural = _("automatic review requests")
        constraints = [
            models.CheckConstraint(
                condition=Q(outcome__in=Outcome.values) & ~Q(outcome="waiting"), name="automatic_request_outcome_is_known"
            )
        ]

    def __str__(self) -> str:
        return f"{self.project_id}: {self.outcome}"
