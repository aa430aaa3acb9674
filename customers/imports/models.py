"""An import of customers or domains from a file: the job, the uploaded file, its rows and their results.

The file and its rows contain personal data. They are deleted as soon as they are no longer needed,
and after `KEEP_DAYS` at the latest (`customers/imports/services.py`).
"""

from collections.abc import Sequence
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

#: Days for which the rows of a file are kept, whatever the result of the import.
KEEP_DAYS = 7


class ImportStatus(models.TextChoices):
    """Status of an import: uploaded → checking → checked → importing → done, or cancelled, or failed."""

    UPLOADED = "uploaded", _("uploaded")
    CHECKING = "checking", _("being checked")
    CHECKED = "checked", _("checked")
    IMPORTING = "importing", _("being imported")
    DONE = "done", _("done")
    CANCELLED = "cancelled", _("cancelled")
    FAILED = "failed", _("failed")


class ImportSource(models.TextChoices):
    """Kind of the uploaded file. Files other than text are stored as CSV."""

    TEXT = "text", _("Text file")
    WORKBOOK = "workbook", _("Spreadsheet")
    ADDRESS_BOOK = "vcard", _("Address book")


class ImportSubject(models.TextChoices):
    """What the rows of a file are."""

    CUSTOMERS = "customers", _("New customers")
    DOMAINS = "domains", _("Domains of existing customers")


class RowOutcome(models.TextChoices):
    """Result of a row: expected after the check, final after the import."""

    NEW = "new", _("New")
    #: A domain with other dates or another registrar.
    UPDATE = "update", _("Update")
    POSSIBLE_DUPLICATE = "twin", _("Possible duplicate")
    DUPLICATE_ROW = "duplicate", _("Duplicate row")
    #: A customer with the row's number and name or e-mail address exists. Never imported.
    EXISTING = "existing", _("Existing customer")
    UNCHANGED = "unchanged", _("Unchanged")
    ERROR = "error", _("Error")
    IMPORTED = "imported", _("Imported")


class ImportJob(models.Model):
    """An uploaded file and the state of its import."""

    Status = ImportStatus
    Source = ImportSource
    Subject = ImportSubject
    #: Statuses in which a worker processes the job.
    RUNNING = (ImportStatus.CHECKING, ImportStatus.IMPORTING)

    agency = models.ForeignKey(Agency, verbose_name=_("Agency"), on_delete=models.CASCADE, related_name="import_jobs")
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("Started by"), on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    file_name = models.CharField(_("File"), max_length=255)
    source = models.CharField(_("Kind of file"), max_length=10, choices=ImportSource, default=ImportSource.TEXT)
    subject = models.CharField(_("Content"), max_length=10, choices=ImportSubject, default=ImportSubject.CUSTOMERS)
    #: Size of the stored file.
    size = models.PositiveIntegerField(_("Size in bytes"))
    encoding = models.CharField(_("Encoding"), max_length=20)
    delimiter = models.CharField(_("Delimiter"), max_length=1)
    #: Line on which the table begins, below the title of a report.
    first_line = models.PositiveIntegerField(_("First row"), default=1)
    has_headings = models.BooleanField(_("The first row contains headings"), default=True)
    headings = ArrayField(models.TextField(), verbose_name=_("Headings"), default=list)
    #: Column number → name of the field it is mapped to.
    mapping = models.JSONField(_("Column mapping"), default=dict)
    #: Language of the rows' error messages: that of the user who started the check.
    language = models.CharField(_("Language"), max_length=5, choices=settings.LANGUAGES, default=settings.LANGUAGE_CODE)
    import_duplicates = models.BooleanField(_("Import possible duplicates"), default=False)

    status = models.CharField(_("Status"), max_length=10, choices=ImportStatus, default=ImportStatus.UPLOADED)
    #: Progress of the current step: bytes of the file during the check, rows during the import.
    progress = models.PositiveIntegerField(_("Rows processed"), default=0)
    progress_total = models.PositiveIntegerField(_("Rows to process"), default=0)
    rows_read = models.PositiveIntegerField(_("Rows read"), default=0)
    #: Number of rows by outcome, stored when a step ends.
    counts = models.JSONField(_("Rows by result"), default=dict)
    #: Token of the worker that processes the job. The claim expires `IMPORT_LEASE` seconds after `claimed_at`.
    claim = models.UUIDField(null=True, editable=False)
    claimed_at = models.DateTimeField(null=True, editable=False)
    #: Number of claims since the last committed batch.
    attempts = models.PositiveSmallIntegerField(default=0, editable=False)
    created_at = models.DateTimeField(_("Uploaded"), auto_now_add=True)
    finished_at = models.DateTimeField(_("Finished"), null=True, blank=True)
    #: When the rows were deleted.
    purged_at = models.DateTimeField(null=True, editable=False)

    objects: ClassVar[TenantQuerySet["ImportJob"]] = TenantQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("import")
        verbose_name_plural = _("imports")
        constraints = [
            models.UniqueConstraint(fields=["id", "agency"], name="import_same_agency_target"),
            models.CheckConstraint(condition=Q(status__in=ImportStatus.values), name="import_status_is_known"),
            models.CheckConstraint(condition=Q(source__in=ImportSource.values), name="import_source_is_known"),
            models.CheckConstraint(condition=Q(subject__in=ImportSubject.values), name="import_subject_is_known"),
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
        """Whether a worker processes the job or will do so."""
        return self.status in self.RUNNING

    @property
    def ignored_columns(self) -> list[str]:
        """The headings of columns with a heading that aren't mapped to a field."""
        return [heading for column, heading in enumerate(self.headings) if heading and column not in self.columns]

    @property
    def columns(self) -> dict[int, str]:
        """`mapping` with integer keys, which JSON doesn't support."""
        return {int(column): field for column, field in self.mapping.items()}


class ImportChunk(models.Model):
    """Part of an uploaded file, stored in the database so that every worker can read it."""

    job = models.ForeignKey(ImportJob, on_delete=models.CASCADE, related_name="chunks")
    number = models.PositiveIntegerField()
    data = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["job", "number"], name="import_chunk_once")]

    def __str__(self) -> str:
        return f"{self.job_id}: {self.number}"


class ImportRow(models.Model):
    """One row of a file and its result."""

    Outcome = RowOutcome
    REASONS: ClassVar[dict[str, str | Promise]] = {
        "email": _("same e-mail"),
        "phone": _("same phone number"),
        "domain": _("same domain"),
        "name": _("same name"),
        "number": _("same customer number"),
    }

    job = models.ForeignKey(ImportJob, on_delete=models.CASCADE, related_name="rows")
    agency = models.ForeignKey(Agency, on_delete=models.CASCADE, related_name="+")
    #: Line of the file on which the row begins, counted from 1.
    line = models.PositiveIntegerField(_("Row"))
    outcome = models.CharField(max_length=10, choices=RowOutcome)
    #: The row as in the file, for the download of rows that weren't imported. Emptied on import, like `values`.
    cells = ArrayField(models.TextField(), default=list)
    #: Values of the new customer, or of the domain: {"fields": {…}, "domains": […]}.
    values = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    #: Errors, each as [column number or null, message].
    problems = models.JSONField(default=list)
    #: Values that were added to the notes, each as [column number, message without the value].
    remarks = models.JSONField(default=list)
    #: Why the row is a possible duplicate of `duplicate_of`: keys of `REASONS`.
    reasons = ArrayField(models.CharField(max_length=10), default=list)
    duplicate_of = models.ForeignKey(Customer, on_delete=models.SET_NULL, null=True, related_name="+")
    #: The earlier line that this row repeats.
    duplicate_line = models.PositiveIntegerField(null=True)
    customer = models.ForeignKey(Customer, on_delete=models.SET_NULL, null=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["job", "line"], name="import_row_once"),
            models.CheckConstraint(condition=Q(outcome__in=RowOutcome.values), name="import_outcome_is_known"),
            models.CheckConstraint(condition=~Q(outcome="imported") | Q(cells=[], values={}), name="import_imported_keeps_no_texts"),
            SameParent(field="job", parent="agency", name="import_row_same_agency"),
            SameParent(field="duplicate_of", parent="agency", name="import_twin_same_agency"),
            SameParent(field="customer", parent="agency", name="import_customer_same_agency"),
        ]
        indexes = [models.Index(fields=["job", "outcome", "line"], name="import_row_by_outcome")]

    def __str__(self) -> str:
        return f"{self.job_id}: {self.line}"

    @property
    def name(self) -> str:
        """The name of the domain or customer, as far as the row contains one."""
        if self.customer and not self.domain:
            return self.customer.display_name
        texts = {field: self.cells[column].strip() for column, field in self.job.columns.items() if column < len(self.cells)}
        person = ", ".join(filter(None, (texts.get("last_name"), texts.get("first_name"))))
        return (self.domain or texts.get("company") or person or texts.get("email") or "")[:200]

    @property
    def domain(self) -> str:
        """The domain in a row of a domain list, until it is imported."""
        columns = [column for column, field in self.job.columns.items() if field == "domain" and column < len(self.cells)]
        return self.cells[columns[0]].strip() if columns else ""

    @property
    def reason_labels(self) -> list[str | Promise]:
        """Why the row is a possible duplicate."""
        return [self.REASONS[reason] for reason in self.reasons]

    @property
    def error_messages(self) -> list[str]:
        """The errors, each with the heading of its column."""
        return self._with_headings(self.problems)

    @property
    def remark_messages(self) -> list[str]:
        """The remarks, each with the heading of its column."""
        return self._with_headings(self.remarks)

    def _with_headings(self, found: Sequence[tuple[int | None, str]]) -> list[str]:
        headings = self.job.headings
        return [
            f"{headings[column]}: {message}" if column is not None and column < len(headings) and headings[column] else str(message)
            for column, message in found
        ]

    @property
    def explanation(self) -> str:
        """Why the row isn't imported, in one line. Empty for new and imported rows."""
        if self.outcome in (RowOutcome.POSSIBLE_DUPLICATE, RowOutcome.DUPLICATE_ROW, RowOutcome.EXISTING):
            reasons = ", ".join(str(reason) for reason in self.reason_labels)
            original = gettext("Same as row %(line)s") if self.outcome == RowOutcome.DUPLICATE_ROW else gettext("Similar to row %(line)s")
            original = self.duplicate_of.reference if self.duplicate_of else original % {"line": self.duplicate_line}
            return f"{original} ({reasons})" if self.duplicate_of or self.duplicate_line else reasons
        return " · ".join(self.error_messages)


class ImportKey(models.Model):
    """Hash of an e-mail address, phone number or domain, with the first line of the file that contains it."""

    job = models.ForeignKey(ImportJob, on_delete=models.CASCADE, related_name="keys")
    key = models.UUIDField()
    line = models.PositiveIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["job", "key"], name="import_key_once")]

    def __str__(self) -> str:
        return f"{self.job_id}: {self.key}"
