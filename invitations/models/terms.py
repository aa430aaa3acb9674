"""How long an access lasts: until the end of a day in the agency's time zone, until a project is completed, or without an end."""

from datetime import date
from typing import Any

import pgtrigger
from django.db import models
from django.db.models import DateField, DateTimeField, F, Func, Q, Value
from django.db.models.functions import Cast
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from customers.models import Project
from customers.terms import months_later
from partnerportal.core.pending import day_in


class Term(models.TextChoices):
    """The end of an access, as the client chose it last."""

    OPEN = "open", _("No end date")
    MONTH = "month", _("One month")
    QUARTER = "quarter", _("Three months")
    PROJECT = "project", _("Until a project is completed")


#: Months of the terms that have a date from the start.
MONTHS = {Term.MONTH: 1, Term.QUARTER: 3}

#: Fields that `LimitedAccess.set_end` changes.
END_FIELDS = ("term", "project", "ends_on", "extension_requested_at", "extension_declined_at")

#: Projects that end the access that lasts until their completion. A cancelled project is never completed.
CLOSED_PROJECT = Q(project=None) | Q(project__status__in=[Project.Status.DONE, Project.Status.CANCELLED])
OPEN_PROJECT = Q(project__status__in=[Project.Status.PLANNED, Project.Status.ACTIVE])


def today_there() -> Cast:
    """Return the expression of today's date in the time zone of the row's agency."""
    return Cast(Func(F("agency__time_zone"), Value(timezone.now(), DateTimeField()), function="timezone"), DateField())


def own_project() -> pgtrigger.Trigger:
    """Return a trigger that rejects other agencies' projects."""
    return pgtrigger.Trigger(
        name="own_project",
        operation=pgtrigger.Insert | pgtrigger.UpdateOf("project_id"),  # type: ignore[no-untyped-call]
        when=pgtrigger.Before,
        condition=pgtrigger.Q(new__project__isnull=False),
        func=pgtrigger.Func(  # type: ignore[no-untyped-call]
            """
            IF NOT EXISTS (SELECT 1 FROM customers_project WHERE id = NEW.project_id AND agency_id = NEW.agency_id) THEN
                RAISE EXCEPTION 'project % belongs to another agency', NEW.project_id USING ERRCODE = 'foreign_key_violation';
            END IF;
            RETURN NEW;
            """
        ),
    )


class LimitedAccess(models.Model):
    """Fields for the end of an access, and for the agency's request to extend it. The model needs an `agency`."""

    term = models.CharField(_("Ends"), max_length=10, choices=Term, default=Term.OPEN)
    #: The project until whose completion the access lasts. None also if it was deleted.
    project = models.ForeignKey(Project, verbose_name=_("Project"), on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    #: The last day of the access. Known from the connection on, or from the completion of the project.
    ends_on = models.DateField(_("Ends on"), null=True, blank=True)
    #: The agency's request for a later end, at most one for each end.
    extension_requested_at = models.DateTimeField(_("Extension requested"), null=True, blank=True)
    extension_declined_at = models.DateTimeField(_("Extension declined"), null=True, blank=True)

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(
                condition=Q(term=Term.OPEN.value, ends_on=None)
                | Q(term__in=[Term.MONTH.value, Term.QUARTER.value])
                & (Q(connected_at=None, ends_on=None) | Q(connected_at__isnull=False, ends_on__isnull=False))
                | Q(term=Term.PROJECT.value, connected_at__isnull=False),
                name="%(class)s_end_fits_its_term",
            ),
            models.CheckConstraint(condition=Q(project=None) | Q(term=Term.PROJECT.value), name="%(class)s_project_ends_it"),
            models.CheckConstraint(
                condition=Q(extension_requested_at=None, extension_declined_at=None)
                | Q(extension_requested_at__isnull=False, ends_on__isnull=False),
                name="%(class)s_extension_of_an_end",
            ),
        ]

    def set_end(self, term: str, *, project: Project | None = None, since: date | None = None) -> None:
        """Set the end, counted from a day (default: today in the agency's time zone), without saving.

        Another end also has another request for an extension.
        """
        self.term, self.project = term, project if term == Term.PROJECT else None
        self.ends_on = months_later(since or self.today, MONTHS[Term(term)]) if term in MONTHS else None
        self.extension_requested_at = self.extension_declined_at = None

    @property
    def end(self) -> tuple[str, int | None, date | None]:
        """What the client chose, for comparisons."""
        return self.term, self.project_id, self.ends_on

    @property
    def today(self) -> date:
        """Today's date in the agency's time zone."""
        agency: Any = self.agency  # type: ignore[attr-defined]
        return day_in(agency.time_zone, timezone.now())

    @property
    def is_past_end(self) -> bool:
        """Whether the last day has passed."""
        return self.ends_on is not None and self.ends_on < self.today

    @property
    def has_open_extension_request(self) -> bool:
        """Whether the client hasn't answered the agency's request to extend the access."""
        return self.extension_requested_at is not None and self.extension_declined_at is None

    @property
    def can_request_extension(self) -> bool:
        """Whether the access has an end that the agency hasn't yet asked to extend."""
        return self.ends_on is not None and self.extension_requested_at is None
