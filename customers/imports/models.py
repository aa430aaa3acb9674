"""An import of customers from a CSV file: `ImportJob`, the file itself, its rows and what becomes of each.

What was uploaded is personal: the file's bytes go when the import begins, a row's texts when its customer is there, all the rest
after `KEEP_DAYS` or on demand (`importing/services.py`).
"""

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from customers.models.customers import Customer
from partnerportal.agencies.models import Agency
from partnerportal.core.constraints import SameParent
from partnerportal.core.querysets import TenantQuerySet

#: So long the rows of a file stay, whatever became of the import.
KEEP_DAYS = 7


class ImportJob(models.Model):
    """One file on its way: uploaded → checking → checked → importing → done; or cancelled, or failed."""

    class Status(models.TextChoices):
        UPLOADED = "uploaded", _("uploaded")
        CHECKING = "checking", _("being checked")
        CHECKED = "checked", _("checked")
        IMPORTING = "importing", _("being imported")
        DONE = "done", _("done")
        CANCELLED = "cancelled", _("cancelled")
        FAILED = "failed", _("failed")

    #: A worker has something to do.
    RUNNING = (Status.CHECKING, Status.IMPORTING)

    agency = models.ForeignKey(Agency, verbose_name=_("Agency"), on_delete=models.CASCADE, related_name="import_jobs")
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("Started by"), on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    file_name = models.CharField(_("File"), max_length=255)
    size = models.PositiveIntegerField(_("Size in bytes"))
    encoding = models.CharField(_("Encoding"), max_length=20)
    delimiter = models.CharField(_("Delimiter"), max_length=1)
    has_headings = models.BooleanField(_("The first row contains headings"), default=True)
    headings = ArrayField(models.TextField(), verbose_name=_("Headings"), default=list)
    #: Place of a column in the file → name of the field it becomes.
    mapping = models.JSONField(_("Column mapping"), default=dict)
    #: In which the messages about rows are written: that of the person who had them checked.
    language = models.CharField(_("Language"), max_length=5, choices=settings.LANGUAGES, default=settings.LANGUAGE_CODE)
    import_twins = models.BooleanField(_("Import possible duplicates"), default=False)

    status = models.CharField(_("Status"), max_length=10, choices=Status, default=Status.UPLOADED)
    #: How far the current step has come: bytes of the file while it is checked, rows while they are imported.
    progress = models.PositiveIntegerField(_("Rows processed"), default=0)
    progress_total = models.PositiveIntegerField(_("Rows to process"), default=0)
    rows_read = models.PositiveIntegerField(_("Rows read"), default=0)
    #: Rows by outcome; written when a step ends.
    counts = models.JSONField(_("Rows by result"), default=dict)
    #: The worker that has it: whoever comes with another claim stops. Without a sign of life for a lease, it is anybody's.
    claim = models.UUIDField(null=True, editable=False)
    claimed_at = models.DateTimeField(null=True, editable=False)
    #: Claims since the last batch that was written down.
    attempts = models.PositiveSmallIntegerField(default=0, editable=False)
    created_at = models.DateTimeField(_("Uploaded"), auto_now_add=True)
    finished_at = models.DateTimeField(_("Finished"), null=True, blank=True)
    #: When its rows were deleted.
    purged_at = models.DateTimeField(null=True, editable=False)

    objects: ClassVar[TenantQuerySet["ImportJob"]] = TenantQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("import")
        verbose_name_plural = _("imports")
        constraints = [
            models.UniqueConstraint(fields=["id", "agency"], name="import_same_agency_target"),
            models.CheckConstraint(
                condition=Q(status__in=["uploaded", "checking", "checked", "importing", "done", "cancelled", "failed"]),
                name="import_status_is_known",
            ),
        ]
        indexes = [
            models.Index(fields=["agency", "-id"], name="import_of_agency"),
            models.Index(fields=["claimed_at"], name="import_running", condition=Q(status__in=["checking", "importing"])),
            models.Index(fields=["created_at"], name="import_unpurged", condition=Q(purged_at__isnull=True)),
        ]

    def __str__(self) -> str:
        return self.file_name

    @property
    def is_running(self) -> bool:
        """Whether a worker has something to do."""
        return self.status in self.RUNNING

    @property
    def columns(self) -> dict[int, str]:
        """`mapping` with numbers as keys, which JSON doesn't have."""
        return {int(column): field for column, field in self.mapping.items()}


class ImportChunk(models.Model):
    """A piece of the uploaded file. In the database, where the worker finds it whichever machine it runs on."""

    job = models.ForeignKey(ImportJob, on_delete=models.CASCADE, related_name="chunks")
    number = models.PositiveIntegerField()
    data = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["job", "number"], name="import_chunk_once")]

    def __str__(self) -> str:
        return f"{self.job_id}: {self.number}"


class ImportRow(models.Model):
    """One row of a file, and what becomes, or became, of it."""

    class Outcome(models.TextChoices):
        NEW = "new", _("New")
        TWIN = "twin", _("Possible duplicate")
        DUPLICATE = "duplicate", _("Duplicate row")
        ERROR = "error", _("Error")
        IMPORTED = "imported", _("Imported")

    REASONS: ClassVar[dict[str, str | Promise]] = {
        "email": _("same e-mail"),
        "phone": _("same phone number"),
        "domain": _("same domain"),
    }

    job = models.ForeignKey(ImportJob, on_delete=models.CASCADE, related_name="rows")
    agency = models.ForeignKey(Agency, on_delete=models.CASCADE, related_name="+")
    #: Where it begins in the file, counted from 1.
    line = models.PositiveIntegerField(_("Row"))
    outcome = models.CharField(max_length=10, choices=Outcome)
    #: As they stand in the file, for the CSV of what wasn't imported. Empty once the customer is there, as `values` is.
    cells = ArrayField(models.TextField(), default=list)
    #: {"fields": {…}, "domains": […]}: what the customer gets.
    values = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    #: What is wrong: [place of the column or null, message].
    problems = models.JSONField(default=list)
    #: Why it may be somebody's twin, keys of `REASONS`.
    reasons = ArrayField(models.CharField(max_length=10), default=list)
    twin = models.ForeignKey(Customer, on_delete=models.SET_NULL, null=True, related_name="+")
    #: The earlier line that it repeats.
    twin_line = models.PositiveIntegerField(null=True)
    customer = models.ForeignKey(Customer, on_delete=models.SET_NULL, null=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["job", "line"], name="import_row_once"),
            models.CheckConstraint(
                condition=Q(outcome__in=["new", "twin", "duplicate", "error", "imported"]), name="import_outcome_is_known"
            ),
            models.CheckConstraint(condition=~Q(outcome="imported") | Q(cells=[], values={}), name="import_imported_keeps_no_texts"),
            SameParent(field="job", parent="agency", name="import_row_same_agency"),
            SameParent(field="twin", parent="agency", name="import_twin_same_agency"),
            SameParent(field="customer", parent="agency", name="import_customer_same_agency"),
        ]
        indexes = [models.Index(fields=["job", "outcome", "line"], name="import_row_by_outcome")]

    def __str__(self) -> str:
        return f"{self.job_id}: {self.line}"

    @property
    def name(self) -> str:
        """Whom the row is about, as far as it can be told."""
        if self.customer:
            return self.customer.display_name
        texts = {field: self.cells[place].strip() for place, field in self.job.columns.items() if place < len(self.cells)}
        person = ", ".join(filter(None, (texts.get("last_name"), texts.get("first_name"))))
        return (texts.get("company") or person or texts.get("email") or "")[:200]

    @property
    def reason_texts(self) -> list[str | Promise]:
        """Why it may be somebody's twin."""
        return [self.REASONS[reason] for reason in self.reasons]

    @property
    def problem_texts(self) -> list[str]:
        """What is wrong, each with the heading of its column."""
        headings = self.job.headings
        return [
            f"{headings[place]}: {message}" if place is not None and place < len(headings) and headings[place] else str(message)
            for place, message in self.problems
        ]

    @property
    def explanation(self) -> str:
        """Why the row is no customer, in a sentence; empty if it is or will be one."""
        if self.outcome == self.Outcome.TWIN:
            reasons = ", ".join(str(reason) for reason in self.reason_texts)
            return f"{self.twin.reference} ({reasons})" if self.twin else reasons
        if self.outcome == self.Outcome.DUPLICATE:
            return gettext("Same as row %(line)s") % {"line": self.twin_line}
        return " · ".join(self.problem_texts)


class ImportKey(models.Model):
    """An e-mail, phone number or domain of a file (its hash), with the first line that has it: so a repetition is found."""

    job = models.ForeignKey(ImportJob, on_delete=models.CASCADE, related_name="keys")
    key = models.UUIDField()
    line = models.PositiveIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["job", "key"], name="import_key_once")]

    def __str__(self) -> str:
        return f"{self.job_id}: {self.key}"
