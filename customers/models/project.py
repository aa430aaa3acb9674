"""`Project`: a piece of work for a customer."""

from typing import ClassVar, Self

from django.db import models
from django.db.models import Count, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from customers.models.customer import Customer
from customers.models.dates import sort_date, validate_plausible_date
from partnerportal.agencies.models import Agency
from partnerportal.core.constraints import SameParent
from partnerportal.core.search import SearchQuerySet, search_index, search_text
from partnerportal.core.validators import validate_one_line, validate_plain_text


class ProjectQuerySet(SearchQuerySet):
    """Projects."""

    def with_progress(self) -> Self:
        """Each with `task_count` and `done_count`, the numbers of its tasks and of those that are done."""
        # Subqueries, not a join with groups: of a long list only the rows of the page are counted.
        tasks = self.model.tasks.rel.related_model.objects.filter(project=OuterRef("pk")).order_by().values("project")
        counted = (rows.annotate(n=Count("pk")).values("n") for rows in (tasks, tasks.filter(done_at__isnull=False)))
        task_count, done_count = (Coalesce(Subquery(rows), 0) for rows in counted)
        return self.annotate(task_count=task_count, done_count=done_count)


class Project(models.Model):
    """A piece of work for a customer; reviews can be asked for one."""

    class Status(models.TextChoices):
        PLANNED = "planned", _("Planned")
        ACTIVE = "active", _("Active")
        DONE = "done", _("Done")
        CANCELLED = "cancelled", _("Cancelled")

    agency = models.ForeignKey(Agency, verbose_name=_("Agency"), on_delete=models.CASCADE, related_name="projects")
    customer = models.ForeignKey(Customer, verbose_name=_("Customer"), on_delete=models.CASCADE, related_name="projects")
    title = models.CharField(_("Title"), max_length=200, validators=[validate_one_line])
    description = models.TextField(_("Description"), max_length=10_000, blank=True, validators=[validate_plain_text])
    status = models.CharField(_("Status"), max_length=10, choices=Status, default=Status.PLANNED)
    due_on = models.DateField(_("Due on"), null=True, blank=True, validators=[validate_plausible_date])
    created_at = models.DateTimeField(_("Created"), auto_now_add=True)
    sort_date = sort_date("due_on")
    search_text = search_text("title")

    objects: ClassVar[ProjectQuerySet] = ProjectQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("project")
        verbose_name_plural = _("projects")
        constraints = [
            models.CheckConstraint(condition=~Q(title=""), name="project_has_a_title"),
            models.CheckConstraint(condition=Q(status__in=["planned", "active", "done", "cancelled"]), name="project_status_is_known"),
            models.UniqueConstraint(fields=["id", "customer"], name="project_same_customer_target"),
            SameParent(field="customer", parent="agency", name="project_customer_same_agency"),
        ]
        indexes = [
            models.Index(fields=["agency", "status", "sort_date", "id"], name="project_by_due_date"),
            models.Index(
                fields=["agency", "sort_date", "id"], name="project_open_by_due_date", condition=Q(status="planned") | Q(status="active")
            ),
            search_index("project_search"),
        ]

    def __str__(self) -> str:
        return self.title
