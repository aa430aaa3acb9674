"""`Task`: something to do for a customer."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from customers.models.customer import Customer
from customers.models.dates import sort_date, validate_plausible_date
from customers.models.project import Project
from partnerportal.agencies.models import Agency
from partnerportal.core.constraints import SameParent
from partnerportal.core.querysets import TenantQuerySet
from partnerportal.core.validators import validate_one_line


class Task(models.Model):
    """A task, open until it is done; it may be part of one of the customer's projects."""

    class Priority(models.IntegerChoices):
        HIGH = 1, _("High")
        NORMAL = 2, _("Normal")
        LOW = 3, _("Low")

    agency = models.ForeignKey(Agency, verbose_name=_("Agency"), on_delete=models.CASCADE, related_name="tasks")
    customer = models.ForeignKey(Customer, verbose_name=_("Customer"), on_delete=models.CASCADE, related_name="tasks")
    project = models.ForeignKey(Project, verbose_name=_("Project"), on_delete=models.CASCADE, null=True, blank=True, related_name="tasks")
    title = models.CharField(_("Title"), max_length=200, validators=[validate_one_line])
    due_on = models.DateField(_("Due on"), null=True, blank=True, validators=[validate_plausible_date])
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("Assigned to"), on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    priority = models.PositiveSmallIntegerField(_("Priority"), choices=Priority, default=Priority.NORMAL)
    #: None: open.
    done_at = models.DateTimeField(_("Done"), null=True, blank=True)
    created_at = models.DateTimeField(_("Created"), auto_now_add=True)
    sort_date = sort_date("due_on")

    objects: ClassVar[TenantQuerySet["Task"]] = TenantQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("task")
        verbose_name_plural = _("tasks")
        constraints = [
            models.CheckConstraint(condition=~Q(title=""), name="task_has_a_title"),
            models.CheckConstraint(condition=Q(priority__in=[1, 2, 3]), name="task_priority_is_known"),
            SameParent(field="customer", parent="agency", name="task_customer_same_agency"),
            SameParent(field="project", parent="customer", name="task_project_same_customer"),
        ]
        indexes = [
            models.Index(fields=["agency", "sort_date", "id"], name="task_open_by_due_date", condition=Q(done_at__isnull=True)),
            models.Index(fields=["agency", "sort_date", "id"], name="task_done_by_due_date", condition=Q(done_at__isnull=False)),
            models.Index(fields=["customer"], name="task_open_of_customer", condition=Q(done_at__isnull=True)),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def is_done(self) -> bool:
        """Whether somebody did it."""
        return self.done_at is not None
