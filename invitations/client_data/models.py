"""Downloads of a client's own data, which a worker writes, and changes of e-mail addresses that aren't confirmed yet."""

from datetime import datetime, timedelta
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

#: Hours for which a download is kept.
KEEP_HOURS = 24
#: Minutes for which the codes of a change of address are valid.
CODE_MINUTES = 30


class DataExportStatus(models.TextChoices):
    """Status of a download: running → ready, or failed."""

    RUNNING = "running", _("being prepared")
    READY = "ready", _("ready")
    FAILED = "failed", _("failed")


class DataExport(models.Model):
    """A download of all that the portal stores about a person, and how much of it is written."""

    Status = DataExportStatus

    user = models.ForeignKey(settings.AUTH_USER_MODEL, verbose_name=_("Person"), on_delete=models.CASCADE, related_name="data_exports")
    status = models.CharField(_("Status"), max_length=10, choices=DataExportStatus, default=DataExportStatus.RUNNING)
    #: Number of finished sections, which are written in the order of their registration.
    progress = models.PositiveSmallIntegerField(_("Finished sections"), default=0)
    progress_total = models.PositiveSmallIntegerField(_("Sections"))
    #: Key of the last file of the present section that is written; empty until its rows are.
    last_file = models.BigIntegerField(null=True, editable=False)
    parts = models.PositiveIntegerField(default=0, editable=False)
    size = models.PositiveBigIntegerField(_("Size in bytes"), default=0)
    #: When the task was last enqueued or a step was written. Without news for `IMPORT_LEASE` seconds, the task is enqueued again.
    heard_at = models.DateTimeField(auto_now_add=True, editable=False)
    #: Number of times that the task was enqueued again since the last step.
    attempts = models.PositiveSmallIntegerField(default=0, editable=False)
    created_at = models.DateTimeField(_("Started"), auto_now_add=True)

    objects: ClassVar[models.Manager["DataExport"]] = models.Manager()

    class Meta:
        verbose_name = _("download of personal data")
        verbose_name_plural = _("downloads of personal data")
        constraints = [
            models.CheckConstraint(condition=Q(status__in=DataExportStatus.values), name="data_export_status_is_known"),
            models.UniqueConstraint(fields=["user"], condition=Q(status="running"), name="data_export_one_at_a_time"),
        ]
        indexes = [models.Index(fields=["created_at"], name="data_export_by_age")]

    def __str__(self) -> str:
        return f"my-data-{timezone.localdate(self.created_at):%Y-%m-%d}.zip"

    @property
    def is_running(self) -> bool:
        """Whether a worker writes it or will do so."""
        return self.status == DataExportStatus.RUNNING

    @property
    def expires_at(self) -> datetime:
        """When it will be deleted, or up to an hour earlier than that."""
        return self.created_at + timedelta(hours=KEEP_HOURS)


class DataExportPart(models.Model):
    """Part of a file of a download. Successive parts with the same name are one file."""

    export = models.ForeignKey(DataExport, on_delete=models.CASCADE, related_name="file_parts")
    number = models.PositiveIntegerField()
    name = models.CharField(max_length=255)
    data = models.BinaryField()

    objects: ClassVar[models.Manager["DataExportPart"]] = models.Manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["export", "number"], name="data_export_part_once")]

    def __str__(self) -> str:
        return f"{self.export_id}: {self.number}"


class AddressChange(models.Model):
    """A new e-mail address of a client, until the codes sent to both addresses are entered."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="address_change")
    email = models.EmailField(_("New e-mail address"))
    #: Keyed digests of the codes.
    old_code = models.CharField(max_length=64, editable=False)
    new_code = models.CharField(max_length=64, editable=False)
    #: Number of wrong attempts.
    attempts = models.PositiveSmallIntegerField(default=0, editable=False)
    created_at = models.DateTimeField(_("Started"), default=timezone.now)

    objects: ClassVar[models.Manager["AddressChange"]] = models.Manager()

    class Meta:
        verbose_name = _("change of an e-mail address")
        verbose_name_plural = _("changes of e-mail addresses")

    def __str__(self) -> str:
        return str(self.user_id)

    @property
    def is_expired(self) -> bool:
        """Whether the codes are no longer valid."""
        return timezone.now() >= self.created_at + timedelta(minutes=CODE_MINUTES)
