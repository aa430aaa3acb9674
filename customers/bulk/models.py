"""A bulk action on customers: the job, and what each of its batches changed."""

from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from partnerportal.agencies.models import Agency
from partnerportal.core.querysets import TenantQuerySet

#: Minutes after its end in which an action can be undone.
UNDO_MINUTES = 30
#: Days for which a finished action is listed.
KEEP_DAYS = 7


class BulkStatus(models.TextChoices):
    """Status of a bulk action: running → done, stopped or failed → being undone → undone."""

    RUNNING = "running", _("running")
    DONE = "done", _("done")
    STOPPED = "stopped", _("stopped")
    FAILED = "failed", _("failed")
    UNDOING = "undoing", _("being undone")
    UNDONE = "undone", _("undone")


class LeftOut(models.TextChoices):
    """Why an action, or its undo, leaves a customer as it is."""

    ALREADY = "already", _("already so")
    ARCHIVED = "archived", _("archived")
    ERASED = "erased", _("erased")
    MERGED = "merged", _("merged into another customer")
    #: Only when an action is undone.
    EDITED = "edited", _("changed since")
    GONE = "gone", _("the previous account manager has left the team")


class BulkJob(models.Model):
    """A bulk action, and its progress."""

    Status = BulkStatus

    agency = models.ForeignKey(Agency, verbose_name=_("Agency"), on_delete=models.CASCADE, related_name="bulk_jobs")
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("Started by"), on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("Undone by"), on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    #: Key of the action in `customers.bulk.actions`.
    action = models.CharField(_("Action"), max_length=30)
    #: Input of the action's form. Texts are removed at the end, because they can name a customer.
    values = models.JSONField(default=dict, blank=True)
    #: Numbers of the selected customers, or None for all that match `query`.
    selected = ArrayField(models.PositiveIntegerField(), null=True, blank=True)
    #: Query string of the list, which contains its filters; removed at the end.
    query = models.TextField(blank=True)
    #: Highest customer number of the agency at the start. Customers added later are left alone.
    up_to = models.PositiveIntegerField()
    status = models.CharField(_("Status"), max_length=10, choices=BulkStatus, default=BulkStatus.RUNNING)
    progress = models.PositiveIntegerField(_("Customers processed"), default=0)
    progress_total = models.PositiveIntegerField(_("Customers to process"))
    #: Number of the last processed customer, after which the next batch continues.
    last_number = models.PositiveIntegerField(default=0, editable=False)
    batches = models.PositiveIntegerField(default=0, editable=False)
    undone_batches = models.PositiveIntegerField(default=0, editable=False)
    #: Number of customers that were `changed` and `undone`, and by `LeftOut`, of those left out and (`kept_`) not undone.
    counts = models.JSONField(default=dict, editable=False)
    #: When the task was last enqueued or a batch was processed. Without news for `IMPORT_LEASE` seconds, it is enqueued again.
    heard_at = models.DateTimeField(auto_now_add=True, editable=False)
    #: Number of times that the task was enqueued again since the last batch.
    attempts = models.PositiveSmallIntegerField(default=0, editable=False)
    created_at = models.DateTimeField(_("Started"), auto_now_add=True)
    #: When the action ended, not its undo.
    finished_at = models.DateTimeField(_("Finished"), null=True, blank=True)

    objects: ClassVar[TenantQuerySet["BulkJob"]] = TenantQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("bulk action")
        verbose_name_plural = _("bulk actions")
        constraints = [
            models.CheckConstraint(condition=Q(status__in=BulkStatus.values), name="bulk_status_is_known"),
            models.CheckConstraint(condition=Q(status="running") | Q(finished_at__isnull=False), name="bulk_ended_has_its_time"),
        ]
        indexes = [
            models.Index(fields=["agency", "-id"], name="bulk_of_agency"),
            models.Index(fields=["heard_at"], name="bulk_at_work", condition=Q(status__in=["running", "undoing"])),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.pk}"

    @property
    def is_at_work(self) -> bool:
        """Whether a worker processes the action or its undo, or will do so."""
        return self.status in {BulkStatus.RUNNING, BulkStatus.UNDOING}

    @property
    def undo_until(self) -> datetime | None:
        """When undoing ceases to be possible; None while the action is running."""
        return self.finished_at + timedelta(minutes=UNDO_MINUTES) if self.finished_at else None

    @property
    def can_be_undone(self) -> bool:
        """Whether the action has ended, changed something, and is recent enough."""
        has_ended = self.status in {BulkStatus.DONE, BulkStatus.STOPPED, BulkStatus.FAILED}
        is_left = self.counts.get("changed", 0) and self.undone_batches < self.batches
        return bool(has_ended and is_left and self.undo_until and timezone.now() < self.undo_until)

    @property
    def changed(self) -> int:
        """Number of changed customers."""
        return int(self.counts.get("changed", 0))

    @property
    def undone(self) -> int:
        """Number of customers for which the action was undone."""
        return int(self.counts.get("undone", 0))


class BulkBatch(models.Model):
    """Customers of one batch: those that changed, with what the undo needs, and those that were left out.

    It contains keys and numbers only, no personal data.
    """

    job = models.ForeignKey(BulkJob, on_delete=models.CASCADE, related_name="processed")
    number = models.PositiveIntegerField()
    #: Primary key of each changed customer with the previous value or the key of what was added.
    changes: Any = models.JSONField(default=list)
    #: Primary key, number and reason of each customer left out.
    left_out: Any = models.JSONField(default=list)
    #: The same of customers for which the action wasn't undone.
    not_undone: Any = models.JSONField(default=list)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["job", "number"], name="bulk_batch_once")]

    def __str__(self) -> str:
        return f"{self.job_id}: {self.number}"
