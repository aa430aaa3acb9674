"""Review requests with their personal links, and opt-outs from review e-mails."""

from collections.abc import Collection, Iterable
from datetime import timedelta
from typing import Any, ClassVar, Self

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Case, Q, When
from django.db.models.functions import Greatest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from customers.models import Contact, Customer, Project
from partnerportal.agencies.models import Agency
from partnerportal.core.constraints import SameParent
from partnerportal.core.pending import EndOfDayField, Pending, PendingQuerySet
from partnerportal.core.personal_links import PersonalLink
from partnerportal.core.querysets import TenantQuerySet
from partnerportal.core.validators import validate_plain_text
from partnerportal.network.models import notes_changes
from partnerportal.outbox.models import OutgoingMail
from reviews import tokens
from reviews.models import triggers


class RequestStatus(models.TextChoices):
    OPEN = "open", gettext_lazy("pending")
    ANSWERED = "answered", gettext_lazy("answered")
    WITHDRAWN = "withdrawn", gettext_lazy("withdrawn")
    EXPIRED = "expired", gettext_lazy("expired")


class ReviewRequestQuerySet(PendingQuerySet["ReviewRequest"]):
    def with_stage(self, stage: str, now: Any) -> Self:
        """Return requests whose `stage` is this one `now`, which can be an expression."""
        stages = ReviewRequest.Stage
        if stage in {stages.WAITING, stages.UNDELIVERABLE}:
            return self.pending(now).filter(undeliverable_at__isnull=stage == stages.WAITING)
        if stage == stages.EXPIRED:
            overdue = Q(status=ReviewRequest.Status.OPEN, expires_at__lte=now)
            return self.filter(Q(status=ReviewRequest.Status.EXPIRED) | overdue)
        return self.filter(status=stage)

    def recently_requested(self, customer: Customer, project: Project | None) -> Self:
        """Return requests for the same subject in the last `REVIEW_REQUEST_COOLDOWN_DAYS`, newest `requested_at` first."""
        since = timezone.now() - timedelta(days=settings.REVIEW_REQUEST_COOLDOWN_DAYS)
        same_subject = self.filter(customer=customer, project=project).annotate(requested_at=Greatest("created_at", "mailed_at"))
        return same_subject.filter(requested_at__gte=since).order_by("-requested_at")

    def due_for_reminder(self) -> Self:
        """Return requests due for a reminder, including those of customers who opted out."""
        latest = timezone.now() - timedelta(days=settings.REVIEW_REMINDER_DAYS)
        mailed = self.pending().filter(mailed_at__lte=latest, reminded_at=None, undeliverable_at=None)
        return mailed.filter(customer__status=Customer.Status.ACTIVE).with_address().exclude(address="")

    def with_address(self) -> Self:
        """Annotate `address`, the e-mail address of the `recipient`."""
        chosen = When(contact__isnull=False, contact__removed_at__isnull=True, then="contact__email")
        return self.annotate(address=Case(chosen, default="customer__email"))


class ReviewRequest(Pending, PersonalLink):
    """Request to rate the company or one project. There is at most one open request per customer and subject."""

    token_generator = tokens.REVIEW_LINKS
    url_name = "reviews:review_form"
    PENDING = "open"

    Status = RequestStatus

    class Stage(models.TextChoices):
        """`current_status`, with undeliverable requests as a stage of their own."""

        WAITING = "open", gettext_lazy("pending")
        ANSWERED = "answered", gettext_lazy("answered")
        EXPIRED = "expired", gettext_lazy("expired")
        WITHDRAWN = "withdrawn", gettext_lazy("withdrawn")
        UNDELIVERABLE = "undeliverable", gettext_lazy("undeliverable")

    agency = models.ForeignKey(Agency, verbose_name=gettext_lazy("Agency"), on_delete=models.RESTRICT, related_name="review_requests")
    customer = models.ForeignKey(Customer, verbose_name=gettext_lazy("Customer"), on_delete=models.RESTRICT, related_name="review_requests")
    #: The rated project; None for the company overall.
    project = models.ForeignKey(
        Project, verbose_name=gettext_lazy("Project"), on_delete=models.RESTRICT, null=True, blank=True, related_name="review_requests"
    )
    #: The contact who receives the e-mails; None for the primary one. See `recipient`.
    contact = models.ForeignKey(
        Contact,
        verbose_name=gettext_lazy("Recipient"),
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
    )
    #: The round that the request belongs to; None for single requests.
    round = models.ForeignKey(
        "reviews.ReviewRound",
        verbose_name=gettext_lazy("Review round"),
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="requests",
        db_index=False,
    )
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=gettext_lazy("Requested by"), on_delete=models.SET_NULL, null=True, related_name="+"
    )
    #: EXPIRED is stored only when a new request replaces it; use `current_status`.
    status = models.CharField(gettext_lazy("Status"), max_length=10, choices=Status, default=Status.OPEN)
    created_at = models.DateTimeField(gettext_lazy("Requested"), auto_now_add=True)
    mailed_at = models.DateTimeField(gettext_lazy("Sent by e-mail"), null=True, blank=True)
    expires_at = EndOfDayField(gettext_lazy("Valid until"))
    reminded_at = models.DateTimeField(gettext_lazy("Reminded"), null=True, blank=True)
    withdrawn_at = models.DateTimeField(gettext_lazy("Withdrawn"), null=True, blank=True)
    #: The open request of the same customer to which this withdrawn one's link leads, since two customers were merged.
    joined_to = models.ForeignKey(
        "self", verbose_name=gettext_lazy("Joined to"), on_delete=models.SET_NULL, null=True, editable=False, related_name="+"
    )
    #: The latest e-mail with the link. Its delivery determines `undeliverable_at`.
    mail = models.ForeignKey(OutgoingMail, verbose_name=gettext_lazy("E-mail"), on_delete=models.SET_NULL, null=True, related_name="+")
    undeliverable_at = models.DateTimeField(gettext_lazy("Undeliverable"), null=True, blank=True)
    #: Created with “Request anyway”, soon after an earlier request for the same subject.
    requested_anyway = models.BooleanField(gettext_lazy("Requested anyway"), default=False)
    #: First and last paragraph of the e-mail; the default texts if empty.
    greeting = models.TextField(gettext_lazy("Greeting"), max_length=500, blank=True, validators=[validate_plain_text])
    closing = models.TextField(gettext_lazy("Closing"), max_length=500, blank=True, validators=[validate_plain_text])

    objects: ClassVar[ReviewRequestQuerySet] = ReviewRequestQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = gettext_lazy("review request")
        verbose_name_plural = gettext_lazy("review requests")
        indexes = [
            models.Index(fields=["agency", "status", "-id"], name="review_request_of_agency"),
            models.Index(fields=["agency", "-id"], name="review_request_by_age"),
            # For the pending requests of the dashboard and the statistics.
            models.Index(fields=["agency", "expires_at"], name="review_request_pending", condition=Q(status="open")),
            models.Index(fields=["round", "status", "-id"], name="review_request_of_round", condition=Q(round__isnull=False)),
            models.Index(fields=["contact"], name="review_request_of_contact", condition=Q(contact__isnull=False)),
            models.Index(
                fields=["mailed_at"],
                name="review_request_to_remind",
                condition=Q(status="open", reminded_at__isnull=True, mailed_at__isnull=False),
            ),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(status__in=RequestStatus.values), name="review_request_status_is_known"),
            models.UniqueConstraint(
                fields=["customer", "project"],
                condition=Q(status="open"),
                nulls_distinct=False,
                name="review_request_open_once",
            ),
            models.UniqueConstraint(fields=["id", "agency"], name="review_request_same_agency_target"),
            SameParent(field="customer", parent="agency", name="review_request_customer_same_agency"),
            SameParent(field="project", parent="customer", name="review_request_project_same_customer"),
            SameParent(field="contact", parent="customer", name="review_request_contact_same_customer"),
            SameParent(field="round", parent="agency", name="review_request_round_same_agency"),
        ]
        triggers = triggers.request_triggers()

    def __str__(self) -> str:
        return f"{self.customer} · {self.subject_label}"

    @classmethod
    def term_in_days(cls) -> int:
        return settings.REVIEW_LINK_DAYS

    @property
    def recipient(self) -> Contact | Customer:
        """The person who receives the e-mails: the chosen contact, or else the customer with the data of its primary contact."""
        chosen = self.contact
        return chosen if chosen and chosen.removed_at is None else self.customer

    @property
    def stage(self) -> str:
        """The current `Stage`."""
        if self.current_status == self.Status.OPEN and self.undeliverable_at:
            return self.Stage.UNDELIVERABLE
        return self.current_status

    def get_stage_display(self) -> str:
        """Return the label of `stage`."""
        return str(self.Stage(self.stage).label)

    @property
    def is_project(self) -> bool:
        """Whether a project is rated rather than the company."""
        return self.project_id is not None

    @property
    def subject_label(self) -> str:
        """Title of the rated project, or the label for the whole company."""
        return self.project.title if self.project else _("Company overall")


class RatedProject(Project):
    """A project, with the trigger for its title, which the public profile shows beside a review."""

    class Meta:
        proxy = True
        triggers = [
            notes_changes("NEW.agency_id", pgtrigger.UpdateOf("title"), pgtrigger.AnyChange("title"))  # type: ignore[no-untyped-call]
        ]


class ReviewOptOutQuerySet(TenantQuerySet["ReviewOptOut"]):
    def for_email(self, email: str) -> Self:
        """Return opt-outs of this address."""
        return self.for_emails([email])

    def for_emails(self, emails: Iterable[str]) -> Self:
        """Return opt-outs of these addresses."""
        digests = set().union(*map(tokens.address_digests, filter(None, emails)))
        return self.filter(address_digest__in=digests) if digests else self.none()

    def addresses(self, emails: Iterable[str], digests: Collection[str]) -> set[str]:
        """Return those of the addresses that have one of the stored digests."""
        return {email for email in emails if email and not set(digests).isdisjoint(tokens.address_digests(email))}


class ReviewOptOut(models.Model):
    """An e-mail address that opted out of an agency's review e-mails.

    Only its digest is stored (`tokens.address_digest`). Erasing the customer deletes it.
    """

    agency = models.ForeignKey(Agency, verbose_name=gettext_lazy("Agency"), on_delete=models.CASCADE, related_name="review_opt_outs")
    address_digest = models.CharField(max_length=64, editable=False)
    created_at = models.DateTimeField(gettext_lazy("Since"), auto_now_add=True)

    objects: ClassVar[ReviewOptOutQuerySet] = ReviewOptOutQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = gettext_lazy("review e-mail opt-out")
        verbose_name_plural = gettext_lazy("review e-mail opt-outs")
        constraints = [models.UniqueConstraint(fields=["agency", "address_digest"], name="review_opt_out_once")]

    def __str__(self) -> str:
        return f"{self.agency_id}: {self.address_digest[:8]}"
