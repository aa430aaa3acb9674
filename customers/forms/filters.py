"""Filters of the lists of customers and their items."""

from datetime import timedelta
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from customers.models import SOON_DAYS, Contract, Customer, Project
from customers.queries.customers import customer_count, listed_customers, narrowed, with_open_work
from customers.queries.lists import end_of_week, matching
from partnerportal.core.filters import ListFilter
from partnerportal.core.pagination import COUNT_LIMIT, Rows, capped_count


class CustomerFilter(ListFilter):
    STATUS_CHOICES = (("active", _("Active")), ("archived", _("Archived")), ("all", _("Active and archived")))
    SORT_CHOICES = (("", _("Default")), ("newest", _("Newest first")), ("number", _("Number")), ("name", _("Name")))
    _ORDER = {"newest": ("-number",), "number": ("number",), "name": ("sort_name", "number")}

    q = forms.CharField(
        label=_("Search"),
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs={"type": "search", "placeholder": _("Name, e-mail, phone, number, city, domain…")}),
    )
    status = forms.ChoiceField(label=_("Status"), choices=STATUS_CHOICES, required=False, initial="active")
    kind = forms.ChoiceField(label=_("Kind"), choices=[("", _("All")), *Customer.Kind.choices], required=False)
    city = forms.CharField(label=_("City"), required=False, max_length=120, widget=forms.TextInput(attrs={"placeholder": _("Any city")}))
    responsible = forms.TypedChoiceField(label=_("Account manager"), required=False, coerce=int, empty_value="")
    open_tasks = forms.BooleanField(label=_("Has open tasks"), required=False)
    sort = forms.ChoiceField(label=_("Sort by"), choices=SORT_CHOICES, required=False)

    def prepare(self) -> None:
        people = [(str(person.pk), str(person)) for person in self.team]
        self.fields["responsible"].choices = [("", _("Anyone")), *people]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        # An invalid search query finds nothing, instead of being ignored.
        if "q" in self.errors:
            self.cleaned_data["q"] = self.data.get("q", "")
        return self.cleaned_data

    def customers(self) -> tuple[QuerySet[Customer], int, bool]:
        """Return the matching customers, their number up to a limit, and whether there are more."""
        choice, values = self._choice
        customers: Any = narrowed(Customer.objects.for_agency(self.agency), self.agency.pk, *choice, **values)
        if not self.chosen["q"]:
            return (customers, *capped_count(customers))
        return customers.found(self.chosen["q"])  # type: ignore[no-any-return]

    def listed(self) -> tuple[QuerySet[Customer] | Rows[Customer], int, bool]:
        """Return the same with the customers' open work. The lists without a search are compiled."""
        until = {"today": timezone.localdate(), "horizon": timezone.localdate() + timedelta(days=SOON_DAYS)}
        if self.chosen["q"]:
            customers, total, is_more = self.customers()
            return with_open_work(customers, **until), total, is_more
        choice, values = self._choice
        (count,) = customer_count(*choice, agency=self.agency.pk, **values)
        return Rows(listed_customers, choice, {"agency": self.agency.pk, **values, **until}), min(count, COUNT_LIMIT), count > COUNT_LIMIT

    @property
    def _choice(self) -> tuple[tuple[str, ...], dict[str, Any]]:
        """The arguments of `narrowed`."""
        chosen = self.chosen
        choice = (chosen["status"], chosen["kind"] or "", *(name for name in ("city", "responsible", "open_tasks") if chosen[name]))
        return choice, {name: chosen[name] for name in ("city", "responsible") if chosen[name]}

    def order_by(self) -> tuple[str, ...]:
        """Return the columns to sort by."""
        if not self.chosen["sort"] and self.chosen["q"]:
            return ("-rank", "-number")
        return self._ORDER[self.chosen["sort"] or "newest"]


class ItemFilter(ListFilter):
    """Base of the filters of items across customers."""

    q = forms.CharField(label=_("Search"), required=False, max_length=200, widget=forms.TextInput(attrs={"type": "search"}))
    #: Placeholder of the search box.
    placeholder: Any = ""

    def prepare(self) -> None:
        self.fields["q"].widget.attrs["placeholder"] = self.placeholder

    def clean(self) -> dict[str, Any]:
        # An invalid search query finds nothing, instead of being ignored.
        if "q" in self.errors:
            self.cleaned_data["q"] = self.data.get("q", "")
        return self.cleaned_data

    def items(self) -> QuerySet[Any]:
        """Return the agency's matching items."""
        items = self.chosen_items()
        return matching(items, self.chosen["q"], self.agency) if self.chosen["q"] else items

    def chosen_items(self) -> QuerySet[Any]:
        """Return the items that match the filters other than the search."""
        raise NotImplementedError

    def with_details(self, items: QuerySet[Any]) -> QuerySet[Any]:
        """Add what the rows show."""
        return items

    @property
    def is_by_date(self) -> bool:
        """Whether the items are grouped by date, which makes sense only for open ones."""
        return True


class TaskFilter(ItemFilter):
    placeholder = _("Task or customer…")
    ASSIGNEE_CHOICES = (("", _("Everyone")), ("mine", _("Me")), ("nobody", _("Unassigned")))
    DUE_CHOICES = (("", _("Any time")), ("overdue", _("Overdue")), ("today", _("Due by today")), ("week", _("Due by the end of the week")))
    STATE_CHOICES = (("open", _("Open")), ("done", _("Done")))

    whose = forms.ChoiceField(label=_("Assigned to"), choices=ASSIGNEE_CHOICES, required=False)
    when = forms.ChoiceField(label=_("Due"), choices=DUE_CHOICES, required=False)
    state = forms.ChoiceField(label=_("Status"), choices=STATE_CHOICES, required=False, initial="open")

    def chosen_items(self) -> QuerySet[Any]:
        today = timezone.localdate()
        tasks: QuerySet[Any] = self.agency.tasks.filter(done_at__isnull=self.is_by_date)
        if self.chosen["whose"]:
            tasks = tasks.filter(assignee=self.user if self.chosen["whose"] == "mine" else None)
        limits = {"overdue": today - timedelta(days=1), "today": today, "week": end_of_week()}
        if self.chosen["when"]:
            tasks = tasks.filter(due_on__lte=limits[self.chosen["when"]])
        return tasks

    def with_details(self, items: QuerySet[Any]) -> QuerySet[Any]:
        return items.select_related("assignee", "project")

    @property
    def is_by_date(self) -> bool:
        return bool(self.chosen["state"] == "open")


class ProjectFilter(ItemFilter):
    placeholder = _("Project or customer…")
    STATUS_CHOICES = (("open", _("Planned and active")), *Project.Status.choices, ("all", _("All")))
    DUE_CHOICES = (("", _("Any time")), ("overdue", _("Overdue")), ("soon", _("Within 30 days")))

    status = forms.ChoiceField(label=_("Status"), choices=STATUS_CHOICES, required=False, initial="open")
    when = forms.ChoiceField(label=_("Due"), choices=DUE_CHOICES, required=False)

    def chosen_items(self) -> QuerySet[Any]:
        projects = self.agency.projects.all()
        if self.chosen["status"] == "open":
            projects = projects.filter(status__in=[Project.Status.PLANNED, Project.Status.ACTIVE])
        elif self.chosen["status"] != "all":
            projects = projects.filter(status=self.chosen["status"])
        return _due_within(projects, "due_on", self.chosen["when"])

    def with_details(self, items: Any) -> QuerySet[Any]:
        projects: QuerySet[Any] = items.with_progress()
        return projects

    @property
    def is_by_date(self) -> bool:
        return self.chosen["status"] in {"open", Project.Status.PLANNED, Project.Status.ACTIVE}


class DomainFilter(ItemFilter):
    placeholder = _("Domain or customer…")
    DUE_CHOICES = (("", _("Any time")), ("soon", _("Within 30 days")), ("overdue", _("Expired")))
    RENEWAL_CHOICES = (("", _("All")), ("manual", _("Renews manually")), ("auto", _("Renews automatically")))

    when = forms.ChoiceField(label=_("Expires"), choices=DUE_CHOICES, required=False)
    renewal = forms.ChoiceField(label=_("Renewal"), choices=RENEWAL_CHOICES, required=False)

    def chosen_items(self) -> QuerySet[Any]:
        domains = self.agency.domains.all()
        if self.chosen["renewal"]:
            domains = domains.filter(auto_renew=self.chosen["renewal"] == "auto")
        return _due_within(domains, "expires_on", self.chosen["when"])


class ContractFilter(ItemFilter):
    placeholder = _("Contract or customer…")
    STATUS_CHOICES = (*Contract.Status.choices, ("all", _("All")))
    DUE_CHOICES = (
        ("", _("Any time")),
        ("soon", _("Ending within 30 days")),
        ("cancel", _("Cancellation due within 30 days")),
        ("overdue", _("Past end date")),
    )

    status = forms.ChoiceField(label=_("Status"), choices=STATUS_CHOICES, required=False, initial="active")
    when = forms.ChoiceField(label=_("Period"), choices=DUE_CHOICES, required=False)

    def chosen_items(self) -> QuerySet[Any]:
        contracts = self.agency.contracts.all()
        if self.chosen["status"] != "all":
            contracts = contracts.filter(status=self.chosen["status"])
        if self.chosen["when"] == "cancel":
            return _due_within(contracts, "cancel_by", "soon")
        return _due_within(contracts, "ends_on", self.chosen["when"])

    @property
    def is_by_date(self) -> bool:
        return bool(self.chosen["status"] == Contract.Status.ACTIVE)


def _due_within(items: QuerySet[Any], field: str, when: str) -> QuerySet[Any]:
    today = timezone.localdate()
    if when == "overdue":
        return items.filter(**{f"{field}__lt": today})
    if when == "soon":
        return items.filter(**{f"{field}__range": (today, today + timedelta(days=SOON_DAYS))})
    return items
