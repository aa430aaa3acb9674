"""Items of a customer: projects, tasks, domains, contracts and notes."""

from datetime import date
from typing import Any, ClassVar, Self

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Count, DateField, F, Func, OuterRef, Q, Subquery, Value
from django.db.models.functions import Cast, Coalesce, Lower
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from customers.domain_names import to_ascii, to_unicode
from customers.models import triggers
from customers.models.customers import Customer
from customers.terms import months_later
from partnerportal.agencies.models import Agency
from partnerportal.core.constraints import SameParent
from partnerportal.core.db_functions import FoldText
from partnerportal.core.querysets import TenantQuerySet
from partnerportal.core.search import SearchQuerySet, search_index, search_text
from partnerportal.core.validators import validate_one_line, validate_plain_text

#: Rejects dates that must be typing errors, such as the year 26.
validate_plausible_date = MinValueValidator(date(1900, 1, 1), _("This date is too far in the past. Check the year."))
#: Days ahead within which expiry and end dates count as soon.
SOON_DAYS = 30
#: Maximum number of months by which a contract is renewed.
MAX_TERM = 120
#: Sort date of items without a date; puts them at the end of lists.
NO_DATE = date(9999, 12, 31)


def _notify_customer() -> "models.BooleanField[bool, bool]":
    """Return the field that says whether the customer receives e-mails about the item's deadlines."""
    return models.BooleanField(
        _("Notify the customer"),
        default=False,
        db_default=False,
        help_text=_("E-mails the customer’s contact for billing or technical questions, or else the primary contact, before the deadline."),
    )


def _is_shared() -> "models.BooleanField[bool, bool]":
    """Return the field that says whether clients with access to the item's area see it in their shared space."""
    return models.BooleanField(
        _("Share with the client"),
        default=False,
        db_default=False,
        help_text=_("Clients whose access covers it can see it in their shared space."),
    )


def sort_date(field: str) -> models.GeneratedField:
    """Return a generated column that contains the date in `field`, or else `NO_DATE`."""
    return models.GeneratedField(
        expression=Coalesce(field, Value(NO_DATE, models.DateField())), output_field=models.DateField(), db_persist=True
    )


class ProjectQuerySet(SearchQuerySet):
    def with_progress(self) -> Self:
        """Annotate `task_count` and `done_count`, the numbers of all tasks and of completed tasks."""
        # Subqueries count only the tasks of the rows on a page, unlike a join with GROUP BY.
        tasks = self.model.tasks.rel.related_model.objects.filter(project=OuterRef("pk")).order_by().values("project")
        counted = (rows.annotate(n=Count("pk")).values("n") for rows in (tasks, tasks.filter(done_at__isnull=False)))
        task_count, done_count = (Coalesce(Subquery(rows), 0) for rows in counted)
        return self.annotate(task_count=task_count, done_count=done_count)


class ProjectStatus(models.TextChoices):
    PLANNED = "planned", _("Planned")
    ACTIVE = "active", _("Active")
    DONE = "done", _("Done")
    CANCELLED = "cancelled", _("Cancelled")


class Project(models.Model):
    """A project for a customer. A review can rate a single project."""

    Status = ProjectStatus
    #: Number of the merged customer that it is from, on the page of another one.
    merged_from = ""

    agency = models.ForeignKey(Agency, verbose_name=_("Agency"), on_delete=models.CASCADE, related_name="projects")
    customer = models.ForeignKey(Customer, verbose_name=_("Customer"), on_delete=models.CASCADE, related_name="projects")
    title = models.CharField(_("Title"), max_length=200, validators=[validate_one_line])
    description = models.TextField(_("Description"), max_length=10_000, blank=True, validators=[validate_plain_text])
    status = models.CharField(_("Status"), max_length=10, choices=Status, default=Status.PLANNED)
    is_shared = _is_shared()
    due_on = models.DateField(_("Due on"), null=True, blank=True, validators=[validate_plausible_date])
    created_at = models.DateTimeField(_("Created"), auto_now_add=True)
    #: When the status became “done”; set by a trigger.
    completed_at = models.DateTimeField(_("Completed"), null=True, blank=True, editable=False)
    sort_date = sort_date("due_on")
    search_text = search_text("title")

    objects: ClassVar[ProjectQuerySet] = ProjectQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("project")
        verbose_name_plural = _("projects")
        constraints = [
            models.CheckConstraint(condition=~Q(title=""), name="project_has_a_title"),
            models.CheckConstraint(condition=Q(status__in=ProjectStatus.values), name="project_status_is_known"),
            models.CheckConstraint(
                condition=Q(status="done", completed_at__isnull=False) | ~Q(status="done") & Q(completed_at=None),
                name="project_done_has_its_time",
            ),
            models.UniqueConstraint(fields=["id", "customer"], name="project_same_customer_target"),
            SameParent(field="customer", parent="agency", name="project_customer_same_agency"),
        ]
        indexes = [
            models.Index(fields=["agency", "status", "sort_date", "id"], name="project_by_due_date"),
            models.Index(fields=["agency", "sort_date", "id"], name="project_of_any_status"),
            models.Index(
                fields=["agency", "sort_date", "id"], name="project_open_by_due_date", condition=Q(status="planned") | Q(status="active")
            ),
            search_index("project_search"),
            # For the projects that customers are asked to review.
            models.Index(fields=["customer", "-completed_at", "-id"], name="project_completed_of_customer", condition=Q(status="done")),
            models.Index(fields=["agency", "completed_at", "id"], name="project_completed", condition=Q(status="done")),
        ]
        triggers = triggers.PROJECT

    def __str__(self) -> str:
        return self.title

    @property
    def is_open(self) -> bool:
        """Whether the project is planned or active."""
        return self.status in {ProjectStatus.PLANNED, ProjectStatus.ACTIVE}


class TaskPriority(models.IntegerChoices):
    HIGH = 1, _("High")
    NORMAL = 2, _("Normal")
    LOW = 3, _("Low")


class Task(models.Model):
    """A task for a customer, optionally part of a project."""

    Priority = TaskPriority
    #: Number of the merged customer that it is from, on the page of another one.
    merged_from = ""

    agency = models.ForeignKey(Agency, verbose_name=_("Agency"), on_delete=models.CASCADE, related_name="tasks")
    customer = models.ForeignKey(Customer, verbose_name=_("Customer"), on_delete=models.CASCADE, related_name="tasks")
    project = models.ForeignKey(Project, verbose_name=_("Project"), on_delete=models.CASCADE, null=True, blank=True, related_name="tasks")
    title = models.CharField(_("Title"), max_length=200, validators=[validate_one_line])
    due_on = models.DateField(_("Due on"), null=True, blank=True, validators=[validate_plausible_date])
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("Assigned to"), on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    priority = models.PositiveSmallIntegerField(_("Priority"), choices=Priority, default=Priority.NORMAL)
    #: Shown to clients as a step of the project if that is shared, too.
    is_shared = _is_shared()
    #: None if the task is open.
    done_at = models.DateTimeField(_("Done"), null=True, blank=True)
    created_at = models.DateTimeField(_("Created"), auto_now_add=True)
    sort_date = sort_date("due_on")

    objects: ClassVar[TenantQuerySet["Task"]] = TenantQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("task")
        verbose_name_plural = _("tasks")
        constraints = [
            models.CheckConstraint(condition=~Q(title=""), name="task_has_a_title"),
            models.CheckConstraint(condition=Q(priority__in=TaskPriority.values), name="task_priority_is_known"),
            SameParent(field="customer", parent="agency", name="task_customer_same_agency"),
            SameParent(field="project", parent="customer", name="task_project_same_customer"),
        ]
        indexes = [
            models.Index(fields=["agency", "sort_date", "id"], name="task_open_by_due_date", condition=Q(done_at__isnull=True)),
            models.Index(fields=["agency", "sort_date", "id"], name="task_done_by_due_date", condition=Q(done_at__isnull=False)),
            # For a member's own tasks, which may be few.
            models.Index(fields=["agency", "assignee", "sort_date", "id"], name="task_open_of_assignee", condition=Q(done_at__isnull=True)),
            models.Index(fields=["customer"], name="task_open_of_customer", condition=Q(done_at__isnull=True)),
            # For the agency's customers with open tasks, in the order of which PostgreSQL merges both tables.
            models.Index(fields=["agency", "customer"], name="task_open_of_agency", condition=Q(done_at__isnull=True)),
            GinIndex(F("agency"), OpClass(FoldText(F("title")), "gin_trgm_ops"), name="task_search"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def is_done(self) -> bool:
        """Whether the task is completed."""
        return self.done_at is not None

    @property
    def assignee_name(self) -> str:
        """The name of the assignee, or an empty string."""
        return self.assignee.get_full_name() if self.assignee else ""

    @property
    def project_title(self) -> str:
        """The title of the project, or an empty string."""
        return self.project.title if self.project else ""


class Domain(models.Model):
    """A domain of a customer, unique within the agency."""

    agency = models.ForeignKey(Agency, verbose_name=_("Agency"), on_delete=models.CASCADE, related_name="domains")
    customer = models.ForeignKey(Customer, verbose_name=_("Customer"), on_delete=models.CASCADE, related_name="domains")
    #: In lower-case A-labels (IDNA).
    name = models.CharField(_("Domain name"), max_length=253)
    #: The name for display, derived from `name`.
    unicode_name = models.CharField(_("Name in Unicode"), max_length=253, editable=False)
    registrar = models.CharField(_("Registrar"), max_length=120, blank=True, validators=[validate_one_line])
    expires_on = models.DateField(_("Expires on"), null=True, blank=True, validators=[validate_plausible_date])
    auto_renew = models.BooleanField(_("Renews automatically"), default=False)
    notify_customer = _notify_customer()
    created_at = models.DateTimeField(_("Created"), auto_now_add=True)
    sort_date = sort_date("expires_on")
    search_text = search_text("unicode_name", "name")

    #: The field that a renewal moves.
    renewable_field = "expires_on"
    #: An undo of a renewal is refused if one of them has changed since.
    renewal_terms = ("auto_renew",)

    objects: ClassVar[SearchQuerySet] = SearchQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("domain")
        verbose_name_plural = _("domains")
        constraints = [
            models.UniqueConstraint(fields=["agency", "name"], name="domain_once_per_agency"),
            models.CheckConstraint(condition=Q(name=Lower("name")) & ~Q(name=""), name="domain_name_is_lower_case"),
            SameParent(field="customer", parent="agency", name="domain_customer_same_agency"),
        ]
        indexes = [
            models.Index(fields=["agency", "sort_date", "id"], name="domain_by_expiry"),
            # For the expiring domains of the dashboard.
            models.Index(fields=["agency", "sort_date"], name="domain_to_renew", condition=Q(auto_renew=False)),
            search_index("domain_search"),
        ]
        triggers = triggers.DOMAIN

    def __str__(self) -> str:
        return self.unicode_name

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.unicode_name = to_unicode(self.name)
        if "name" in (kwargs.get("update_fields") or ()):
            kwargs["update_fields"] = {*kwargs["update_fields"], "unicode_name"}
        super().save(*args, **kwargs)

    def clean(self) -> None:
        super().clean()
        if self.name:  # The field itself reports an empty name.
            self.name = to_ascii(self.name)

    @property
    def has_ascii_name(self) -> bool:
        """Whether the name in DNS differs from the displayed one."""
        return self.name != self.unicode_name

    def ends_on(self) -> date | None:
        """Return the expiry date of a domain that doesn't renew automatically, if known."""
        return None if self.auto_renew else self.expires_on

    @property
    def reminds_customer(self) -> bool:
        """Whether the customer is told of the expiry date, which a domain that renews automatically doesn't need."""
        return self.notify_customer and not self.auto_renew

    @property
    def renewed_until(self) -> date | None:
        """The expiry date after a renewal by one year; None if it can't be renewed."""
        return self.expires_on and months_later(self.expires_on, 12)


class NoticeUnit(models.TextChoices):
    DAYS = "days", _("days")
    WEEKS = "weeks", _("weeks")
    MONTHS = "months", _("months")


class ContractStatus(models.TextChoices):
    ACTIVE = "active", _("Active")
    CANCELLED = "cancelled", pgettext_lazy("contract", "Cancelled")
    ENDED = "ended", _("Ended")


class Contract(models.Model):
    """A contract with a price, a term and a notice period."""

    Status = ContractStatus

    class Interval(models.TextChoices):
        ONCE = "once", _("one-time")
        MONTH = "month", _("per month")
        QUARTER = "quarter", _("per quarter")
        HALF_YEAR = "half_year", _("every six months")
        YEAR = "year", _("per year")
        TWO_YEARS = "two_years", _("every two years")

    class Currency(models.TextChoices):
        EUR = "EUR", "EUR"
        CHF = "CHF", "CHF"
        GBP = "GBP", "GBP"
        USD = "USD", "USD"

    agency = models.ForeignKey(Agency, verbose_name=_("Agency"), on_delete=models.CASCADE, related_name="contracts")
    customer = models.ForeignKey(Customer, verbose_name=_("Customer"), on_delete=models.CASCADE, related_name="contracts")
    number = models.CharField(_("Contract number"), max_length=60, validators=[validate_one_line])
    product = models.CharField(_("Product"), max_length=200, blank=True, validators=[validate_one_line])
    price = models.DecimalField(_("Price"), max_digits=12, decimal_places=2, null=True, blank=True, validators=[MinValueValidator(0)])
    currency = models.CharField(_("Currency"), max_length=3, choices=Currency, default=Currency.EUR)
    interval = models.CharField(_("Billing interval"), max_length=10, choices=Interval, default=Interval.MONTH)
    starts_on = models.DateField(_("Starts on"), null=True, blank=True, validators=[validate_plausible_date])
    ends_on = models.DateField(_("Ends on"), null=True, blank=True, validators=[validate_plausible_date])
    notice_count = models.PositiveSmallIntegerField(_("Notice period"), default=0)
    notice_unit = models.CharField(_("Unit"), max_length=10, choices=NoticeUnit, default=NoticeUnit.MONTHS)
    #: Months by which a renewal moves the end date.
    term_months = models.PositiveSmallIntegerField(
        _("Renews by (months)"),
        default=12,
        db_default=12,
        validators=[MinValueValidator(1), MaxValueValidator(MAX_TERM)],
        help_text=_("How far “Renew” moves the end date."),
    )
    notify_customer = _notify_customer()
    is_shared = _is_shared()
    status = models.CharField(_("Status"), max_length=10, choices=Status, default=Status.ACTIVE)
    #: The last day for cancellation: the end date minus the notice period, as PostgreSQL subtracts intervals
    #: (one month before 31 March is 28 or 29 February).
    cancel_by = models.GeneratedField(
        expression=Cast(
            F("ends_on")
            - Func(
                F("notice_count"),
                F("notice_unit"),
                template="(CASE WHEN notice_unit = 'months' THEN make_interval(months => notice_count::int) "
                "WHEN notice_unit = 'weeks' THEN make_interval(weeks => notice_count::int) "
                "ELSE make_interval(days => notice_count::int) END)",
                output_field=models.DurationField(),
            ),
            DateField(),
        ),
        output_field=DateField(),
        db_persist=True,
        verbose_name=_("Cancel by"),
    )
    created_at = models.DateTimeField(_("Created"), auto_now_add=True)
    sort_date = sort_date("ends_on")
    search_text = search_text("number", "product")

    #: The field that a renewal moves.
    renewable_field = "ends_on"
    #: As for domains.
    renewal_terms = ("starts_on", "term_months", "notice_count", "notice_unit", "status")

    objects: ClassVar[SearchQuerySet] = SearchQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("contract")
        verbose_name_plural = _("contracts")
        constraints = [
            models.CheckConstraint(condition=~Q(number=""), name="contract_has_a_number"),
            models.CheckConstraint(condition=Q(price__isnull=True) | Q(price__gte=0), name="contract_price_not_negative"),
            models.CheckConstraint(
                condition=Q(ends_on__isnull=True) | Q(starts_on__isnull=True) | Q(ends_on__gte=F("starts_on")),
                name="contract_ends_after_its_start",
                violation_error_message=_("The end date can’t be before the start date."),
            ),
            models.CheckConstraint(condition=Q(term_months__gte=1, term_months__lte=MAX_TERM), name="contract_term_is_plausible"),
            models.CheckConstraint(condition=Q(notice_unit__in=NoticeUnit.values), name="contract_notice_unit_is_known"),
            models.CheckConstraint(condition=Q(status__in=ContractStatus.values), name="contract_status_is_known"),
            SameParent(field="customer", parent="agency", name="contract_customer_same_agency"),
        ]
        indexes = [
            models.Index(fields=["agency", "sort_date", "id"], name="contract_by_end"),
            models.Index(fields=["agency", "sort_date", "id"], name="contract_active_by_end", condition=Q(status="active")),
            models.Index(fields=["agency", "cancel_by", "id"], name="contract_active_by_cancel", condition=Q(status="active")),
            # Contains what `contract_outlook` adds up.
            models.Index(
                fields=["agency", "currency"],
                include=["sort_date", "interval", "price"],
                name="contract_active_values",
                condition=Q(status="active"),
            ),
            search_index("contract_search"),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def reminds_customer(self) -> bool:
        """Whether the customer is told of the last day for cancellation."""
        return self.notify_customer and self.status == ContractStatus.ACTIVE

    @property
    def renewed_until(self) -> date | None:
        """The end date after a renewal by one term; None if it can't be renewed."""
        if self.status != ContractStatus.ACTIVE or self.ends_on is None:
            return None
        return months_later(self.ends_on, self.term_months, keep_month_end=True)

    @property
    def named_product(self) -> str:
        """The number with the product: “V-12 (Hosting)”."""
        return f"{self.number} ({self.product})" if self.product else self.number


class Note(models.Model):
    """A note about a customer, visible to the team only."""

    agency = models.ForeignKey(Agency, verbose_name=_("Agency"), on_delete=models.CASCADE, related_name="notes")
    customer = models.ForeignKey(Customer, verbose_name=_("Customer"), on_delete=models.CASCADE, related_name="team_notes")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, verbose_name=_("Author"), on_delete=models.SET_NULL, null=True, related_name="+")
    text = models.TextField(_("Note"), max_length=10_000, validators=[validate_plain_text])
    created_at = models.DateTimeField(_("Written"), auto_now_add=True)

    objects: ClassVar[TenantQuerySet["Note"]] = TenantQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("note")
        verbose_name_plural = _("notes")
        constraints = [
            models.CheckConstraint(condition=~Q(text=""), name="note_has_a_text"),
            SameParent(field="customer", parent="agency", name="note_customer_same_agency"),
        ]

    def __str__(self) -> str:
        return self.text[:60]
