"""The filters of the lists; their whole state stands in the address."""

from datetime import timedelta
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from customers.models import SOON_DAYS, Customer, Project
from customers.models.customers import CustomerQuerySet
from partnerportal.core.filters import ListFilter
from partnerportal.core.pagination import capped_count
from partnerportal.core.search import MAX_CANDIDATES


class CustomerFilter(ListFilter):
    """Customers by words, state, kind, city, responsible person, open tasks."""

    STATUSES = (("active", _("Active")), ("archived", _("Archived")), ("all", _("Active and archived")))
    SORTS = (("", _("Default")), ("newest", _("Newest first")), ("number", _("Number")), ("name", _("Name")))
    _ORDER = {"newest": ("-number",), "number": ("number",), "name": ("sort_name", "number")}

    q = forms.CharField(
        label=_("Search"),
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs={"type": "search", "placeholder": _("Name, e-mail, phone, number, city, domain…")}),
    )
    status = forms.ChoiceField(label=_("Status"), choices=STATUSES, required=False, initial="active")
    kind = forms.ChoiceField(label=_("Kind"), choices=[("", _("All")), *Customer.Kind.choices], required=False)
    city = forms.CharField(label=_("City"), required=False, max_length=120, widget=forms.TextInput(attrs={"placeholder": _("Any city")}))
    responsible = forms.ChoiceField(label=_("Account manager"), required=False)
    open_tasks = forms.BooleanField(label=_("Has open tasks"), required=False)
    sort = forms.ChoiceField(label=_("Sort by"), choices=SORTS, required=False)

    def prepare(self) -> None:
        people = [(str(person.pk), str(person)) for person in self.team]
        self.fields["responsible"].choices = [("", _("Anyone")), *people]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """A query too long or with odd characters fits nobody, rather than not counting at all."""
        if "q" in self.errors:
            self.cleaned_data["q"] = self.data.get("q", "")
        return self.cleaned_data

    def customers(self) -> tuple[QuerySet[Customer], int, bool]:
        """The agency's customers that fit, in no order; how many they are, counted up to a limit; whether there are more."""
        found = self._narrowed()
        if not self.chosen["q"]:
            return (found, *capped_count(found))
        ids = found.search(self.chosen["q"])
        matches = Customer.objects.filter(pk__in=ids[:MAX_CANDIDATES]).ranked(self.chosen["q"])
        return matches, min(len(ids), MAX_CANDIDATES), len(ids) > MAX_CANDIDATES

    def _narrowed(self) -> CustomerQuerySet:
        found: CustomerQuerySet = Customer.objects.for_agency(self.agency).known()
        chosen = self.chosen
        if chosen["status"] != "all":
            found = found.filter(status=chosen["status"])
        if chosen["kind"]:
            found = found.filter(kind=chosen["kind"])
        if chosen["city"]:
            found = found.filter(city__iexact=chosen["city"])
        if chosen["responsible"]:
            found = found.filter(responsible=chosen["responsible"])
        if chosen["open_tasks"]:
            open_tasks = self.agency.tasks.filter(done_at__isnull=True)
            found = found.filter(pk__in=open_tasks.values("customer"))
        return found

    def order_by(self) -> tuple[str, ...]:
        """The columns to sort and page by."""
        if not self.chosen["sort"] and self.chosen["q"]:
            return ("-rank", "-number")
        return self._ORDER[self.chosen["sort"] or "newest"]


class TaskFilter(ListFilter):
    """Open tasks of one person or all, by when they are due; or the done ones."""

    WHOSE = (("", _("Everyone")), ("mine", _("Me")), ("nobody", _("Unassigned")))
    WHEN = (("", _("Any time")), ("overdue", _("Overdue")), ("today", _("Due by today")), ("week", _("Due by the end of the week")))
    STATE = (("open", _("Open")), ("done", _("Done")))

    whose = forms.ChoiceField(label=_("Assigned to"), choices=WHOSE, required=False)
    when = forms.ChoiceField(label=_("Due"), choices=WHEN, required=False)
    state = forms.ChoiceField(label=_("Status"), choices=STATE, required=False, initial="open")

    def things(self) -> QuerySet[Any]:
        """The agency's tasks that fit."""
        today = timezone.localdate()
        found: QuerySet[Any] = self.agency.tasks.filter(done_at__isnull=self.chosen["state"] == "open")
        if self.chosen["whose"]:
            found = found.filter(assignee=self.user if self.chosen["whose"] == "mine" else None)
        limits = {"overdue": today - timedelta(days=1), "today": today, "week": today + timedelta(days=6 - today.weekday())}
        if self.chosen["when"]:
            found = found.filter(due_on__lte=limits[self.chosen["when"]])
        return found


class ProjectFilter(ListFilter):
    """Projects by status and by when they are due."""

    STATUSES = (("open", _("Planned and active")), *Project.Status.choices, ("all", _("All")))
    WHEN = (("", _("Any time")), ("overdue", _("Overdue")), ("soon", _("Within 30 days")))

    status = forms.ChoiceField(label=_("Status"), choices=STATUSES, required=False, initial="open")
    when = forms.ChoiceField(label=_("Due"), choices=WHEN, required=False)

    def things(self) -> QuerySet[Any]:
        """The agency's projects that fit."""
        found = self.agency.projects.with_progress()
        if self.chosen["status"] == "open":
            found = found.filter(status__in=[Project.Status.PLANNED, Project.Status.ACTIVE])
        elif self.chosen["status"] != "all":
            found = found.filter(status=self.chosen["status"])
        return _until(found, "due_on", self.chosen["when"])


class DomainFilter(ListFilter):
    """Domains by when they expire."""

    WHEN = (("", _("Any time")), ("soon", _("Within 30 days")), ("overdue", _("Expired")))
    RENEWAL = (("", _("All")), ("manual", _("Renews manually")), ("auto", _("Renews automatically")))

    when = forms.ChoiceField(label=_("Expires"), choices=WHEN, required=False)
    renewal = forms.ChoiceField(label=_("Renewal"), choices=RENEWAL, required=False)

    def things(self) -> QuerySet[Any]:
        """The agency's domains that fit."""
        found = self.agency.domains.all()
        if self.chosen["renewal"]:
            found = found.filter(auto_renew=self.chosen["renewal"] == "auto")
        return _until(found, "expires_on", self.chosen["when"])


class ContractFilter(ListFilter):
    """Contracts by status, end, and the last day to cancel."""

    STATUSES = (("active", _("Active")), ("cancelled", pgettext_lazy("contract", "Cancelled")), ("ended", _("Ended")), ("all", _("All")))
    WHEN = (
        ("", _("Any time")),
        ("soon", _("Ending within 30 days")),
        ("cancel", _("Cancellation due within 30 days")),
        ("overdue", _("Past end date")),
    )

    status = forms.ChoiceField(label=_("Status"), choices=STATUSES, required=False, initial="active")
    when = forms.ChoiceField(label=_("Period"), choices=WHEN, required=False)

    def things(self) -> QuerySet[Any]:
        """The agency's contracts that fit."""
        found = self.agency.contracts.all()
        if self.chosen["status"] != "all":
            found = found.filter(status=self.chosen["status"])
        if self.chosen["when"] == "cancel":
            return _until(found, "cancel_by", "soon")
        return _until(found, "ends_on", self.chosen["when"])


def _until(things: QuerySet[Any], field: str, when: str) -> QuerySet[Any]:
    today = timezone.localdate()
    if when == "overdue":
        return things.filter(**{f"{field}__lt": today})
    if when == "soon":
        return things.filter(**{f"{field}__range": (today, today + timedelta(days=SOON_DAYS))})
    return things
