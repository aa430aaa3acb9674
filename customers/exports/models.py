"""An export of customers that a worker writes: the job, and the parts of its file.

The file contains personal data. It is deleted after `KEEP_HOURS`, and when a customer of the agency is erased.
"""

from datetime import datetime, timedelta
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from partnerportal.agencies.models import Agency
from partnerportal.core.querysets import TenantQuerySet

#: Hours for which a file is kept.
KEEP_HOURS = 24


class ExportStatus(models.TextChoices):
    """Status of an export: running → ready, or failed."""

    RUNNING = "running", _("being exported")
    READY = "ready", _("ready")
    FAILED = "failed", _("failed")


def file_name(when: datetime) -> str:
    """Return the name of the file of an export at this time."""
    return f"customers-{timezone.localdate(when):%Y-%m-%d}.csv"


class ExportJob(models.Model):
    """An export, and the state of its file."""

    Status = ExportStatus

    agency = models.ForeignKey(Agency, verbose_name=_("Agency"), on_delete=models.CASCADE, related_name="export_jobs")
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("Started by"), on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    #: Query string of the list, which contains its filters.
    query = models.TextField(blank=True)
    delimiter = models.CharField(_("Delimiter"), max_length=1)
    #: Keys and headings of the columns of tags and custom fields. Stored, so that all parts of the file have the same columns.
    extra = models.JSONField(default=list, editable=False)
    status = models.CharField(_("Status"), max_length=10, choices=ExportStatus, default=ExportStatus.RUNNING)
    progress = models.PositiveIntegerField(_("Customers exported"), default=0)
    progress_total = models.PositiveIntegerField(_("Customers to export"))
    #: Number of the last exported customer, after which the next batch continues.
    last_number = models.PositiveIntegerField(default=0, editable=False)
    parts = models.PositiveIntegerField(default=0, editable=False)
    size = models.PositiveBigIntegerField(_("Size in bytes"), default=0)
    #: When the task was last enqueued or a batch was written. Without news for `IMPORT_LEASE` seconds, the task is enqueued again.
    heard_at = models.DateTimeField(auto_now_add=True, editable=False)
    #: Number of times that the task was enqueued again since the last batch.
    attempts = models.PositiveSmallIntegerField(default=0, editable=False)
    created_at = models.DateTimeField(_("Started"), auto_now_add=True)

    objects: ClassVar[TenantQuerySet["ExportJob"]] = TenantQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("export")
        verbose_name_plural = _("exports")
        constraints = [
            models.CheckConstraint(condition=Q(status__in=ExportStatus.values), name="export_status_is_known"),
            models.UniqueConstraint(fields=["agency"], condition=Q(status="running"), name="export_one_at_a_time"),
        ]
        indexes = [
            models.Index(fields=["agency", "-id"], name="export_of_agency"),
            models.Index(fields=["created_at"], name="export_by_age"),
        ]

    def __str__(self) -> str:
        return file_name(self.created_at)

    @property
    def is_running(self) -> bool:
        """Whether a worker writes the file or will do so."""
        return self.status == ExportStatus.RUNNING

    @property
    def expires_at(self) -> datetime:
        """When the export will be deleted, or up to an hour earlier than that."""
        return self.created_at + timedelta(hours=KEEP_HOURS)


class ExportPart(models.Model):
    """Part of an export's file, stored in the database so that every web process can read it."""

    job = models.ForeignKey(ExportJob, on_delete=models.CASCADE, related_name="file_parts")
    number = models.PositiveIntegerField()
    data = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["job", "number"], name="export_part_once")]

    def __str__(self) -> str:
        return f"{self.job_id}: {self.number}"
