"""Filters of the lists of customers and their items."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from customers.forms.columns import ALWAYS, Columns, offered_columns, shown_columns
from customers.forms.definition_filters import Panel, chosen_tags, definition_fields, panels, value_conditions
from customers.models import SOON_DAYS, Contract, Customer, Domain, Project, Task
from customers.queries.contracts import ENDING_DAYS, NO_SUMS, cached_outlook, horizons, read_outlook, sums_of
from customers.queries.customers import listed_customers, narrowed, with_details
from customers.queries.definitions import read_once
from customers.queries.lists import ListTotals, end_of_week, list_totals, matching, search_items, search_words, totals_of
from partnerportal.agencies.models import Agency
from partnerportal.core.compiled import planned
from partnerportal.core.filters import ListFilter
from partnerportal.core.pagination import COUNT_LIMIT, Page, Rows, capped_count


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
    columns = forms.MultipleChoiceField(label=_("Columns"), required=False, widget=forms.MultipleHiddenInput)

    def prepare(self) -> None:
        self.definitions = read_once(self.agency)
        self._own = definition_fields(self.definitions)
        self.fields |= self._own
        self.fields["columns"].choices = [(ALWAYS, ""), *offered_columns(self.definitions)]  # type: ignore[attr-defined]
        people = [(str(person.pk), str(person)) for person in self.team]
        self.fields["responsible"].choices = [("", _("Anyone")), *people]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        # An invalid search query finds nothing, instead of being ignored.
        if "q" in self.errors:
            self.cleaned_data["q"] = self.data.get("q", "")
        return self.cleaned_data

    def narrowed(self) -> Any:
        """Return the customers that match the filters other than the search."""
        choice, values = self._choice
        customers: Any = narrowed(Customer.objects.for_agency(self.agency), self.agency.pk, *choice, **values)
        if self.chosen["city"]:
            customers = customers.filter(city__iexact=self.chosen["city"])
        return customers.filter(value_conditions(self.chosen, self.definitions))

    def exact_matches(self) -> QuerySet[Customer]:
        """Return the matching customers, without those that a search finds despite typing errors."""
        customers = self.narrowed()
        return customers.matching(self.chosen["q"]) if self.chosen["q"] else customers  # type: ignore[no-any-return]

    def customers(self) -> tuple[QuerySet[Customer], int, bool]:
        """Return the matching customers, their number up to a limit, and whether there are more."""
        customers = self.narrowed()
        if not self.chosen["q"]:
            return (customers, *capped_count(customers))
        return customers.found(self.chosen["q"])  # type: ignore[no-any-return]

    def listed(self) -> tuple[QuerySet[Customer] | Rows[Customer], tuple[int, bool] | None]:
        """Return the customers with what their rows show, and the number of `customers`; None if `Page.total` contains it.

        Lists without texts to find are compiled.
        """
        until = {"today": timezone.localdate(), "horizon": timezone.localdate() + timedelta(days=SOON_DAYS)}
        if self.chosen["q"] or self.chosen["city"] or value_conditions(self.chosen, self.definitions):
            customers, total, is_more = self.customers()
            return with_details(customers, **until, details=self._details), (total, is_more)
        choice, values = self._choice
        given = {"agency": self.agency.pk, **values, **until}
        return Rows(listed_customers, (*choice, *self._details), given, is_counted=True, is_filtered=self.is_set), None

    def total(self, page: Page[Customer]) -> tuple[int, bool]:
        """Return the number of customers of a compiled list up to a limit, and whether there are more."""
        if page.total is None:
            return capped_count(self.narrowed())
        return min(page.total, COUNT_LIMIT), page.total > COUNT_LIMIT

    @property
    def _details(self) -> tuple[str, ...]:
        """The details of `with_details`."""
        shown = [name for name, _label in self.shown.extra]
        has_tags = self.definitions.tags and "tags" in self.shown.names
        return tuple(f"show_{name}" for name in (*shown, *["tags"] * bool(has_tags), *["values"] * bool(self.shown.fields)))

    @property
    def _choice(self) -> tuple[tuple[str, ...], dict[str, Any]]:
        """The arguments of `narrowed`."""
        chosen = self.chosen
        choice = (chosen["status"], chosen["kind"] or "", *(name for name in ("responsible", "open_tasks") if chosen[name]))
        tags, values = chosen_tags(chosen)
        return (*choice, *tags), ({"responsible": chosen["responsible"], **values} if chosen["responsible"] else values)

    @property
    def is_set(self) -> bool:
        # Columns narrow nothing down, and neither does how tags match without tags.
        passive = {"sort", "columns", "match"}
        return any(self.chosen[name] != field.initial for name, field in self.fields.items() if name not in passive)

    @cached_property
    def shown(self) -> Columns:
        """The columns that the list shows."""
        return shown_columns(self.definitions, self.chosen["columns"])

    @property
    def other_values(self) -> list[tuple[str, str]]:
        """Names and values of the address besides the columns and the position."""
        data: Any = self.data
        return [(name, value) for name in data if name not in {"columns", "after", "before"} for value in data.getlist(name)]

    @property
    def panels(self) -> list[Panel]:
        return panels(self, self.definitions)

    @property
    def chips(self) -> list[forms.BoundField]:
        return [field for field in super().chips if field.name not in self._own]

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
    #: Whether items remain when their customer is erased.
    outlive_customers = False

    def prepare(self) -> None:
        self.fields["q"].widget.attrs["placeholder"] = self.placeholder

    def clean(self) -> dict[str, Any]:
        # An invalid search query finds nothing, instead of being ignored.
        if "q" in self.errors:
            self.cleaned_data["q"] = self.data.get("q", "")
        return self.cleaned_data

    @staticmethod
    def chosen_items(chosen: Any, given: Any) -> QuerySet[Any]:
        """Return the items that match the filters other than the search. `given` are the values of `given`."""
        raise NotImplementedError

    @staticmethod
    def with_details(items: QuerySet[Any]) -> QuerySet[Any]:
        """Add what the rows show."""
        return items

    @property
    def given(self) -> dict[str, Any]:
        """The values that select items, besides the choices."""
        today = timezone.localdate()
        return {
            "agency": self.agency.pk,
            "user": self.user.pk,
            "yesterday": today - timedelta(days=1),
            "today": today,
            "week_end": end_of_week(),
            **horizons(today),
        }

    def listed(self) -> tuple[QuerySet[Any] | Rows[Any], ListTotals]:
        """Return the agency's matching items with what their rows show, and their totals. Lists without a search are compiled."""
        kind, chosen, given, with_sums = type(self), tuple(self.chosen.items()), self.given, self.needs_sums()
        if not self.chosen["q"]:
            ((totals, sums),) = items_total(kind, chosen, with_sums, **given)
            self.keep_sums(sums)
            listed = Rows(listed_items, (kind, chosen), given, is_filtered=self.is_set)
            return (listed if totals else listed.queryset().none()), list_totals(totals)
        items, sums = items_of(kind, chosen, given), sums_for(given) if with_sums else NO_SUMS
        found, totals, sums = search_items(items, self.chosen["q"], self.agency, given["today"], given["week_end"], sums)
        self.keep_sums(sums)
        rows = kind.with_details(found).select_related("customer")
        return (rows if totals else rows.none()), list_totals(totals)

    def exact_matches(self) -> QuerySet[Any]:
        """Return the agency's matching items."""
        items = items_of(type(self), self.chosen.items(), self.given)
        return matching(items, search_words(self.chosen["q"]), self.agency) if self.chosen["q"] else items

    def needs_sums(self) -> bool:
        """Return whether the list also shows sums of the agency's contracts."""
        return False

    def keep_sums(self, sums: Any) -> None:
        """Receive these sums."""

    @property
    def is_by_date(self) -> bool:
        """Whether the items are grouped by date, which makes sense only for open ones."""
        return True


def items_of(kind: type[ItemFilter], chosen: Iterable[tuple[str, Any]], given: dict[str, Any]) -> QuerySet[Any]:
    """Return an agency's items that match the choices of a filter, except those of erased customers."""
    items = kind.chosen_items(dict(chosen), given).filter(agency=given["agency"])
    # A list of the few erased customers, because a join looks up the customer of each item that is counted.
    erased = Customer.objects.filter(agency=given["agency"], status=Customer.Status.ERASED)
    return items.exclude(customer__in=erased) if kind.outlive_customers else items


def listed_items(kind: type[ItemFilter], chosen: Iterable[tuple[str, Any]], /, **given: Any) -> QuerySet[Any]:
    """Return the items of `items_of` with what their rows show."""
    return kind.with_details(items_of(kind, chosen, given)).select_related("customer")


@planned
def items_total(kind: type[ItemFilter], chosen: Iterable[tuple[str, Any]], with_sums: bool = False, /, **given: Any) -> QuerySet[Any, Any]:
    """Return the totals of `items_of`, for `list_totals`, and `with_sums` those of the contracts, for `read_outlook`."""
    totals = totals_of(items_of(kind, chosen, given), given["today"], given["week_end"])
    sums = sums_for(given) if with_sums else NO_SUMS
    return Agency.objects.filter(pk=given["agency"]).values_list(totals, sums)


def sums_for(given: dict[str, Any]) -> Any:
    """Return the subquery `sums_of` for the values of a filter."""
    return sums_of(agency=given["agency"], today=given["today"], **{name: given[name] for _choice, name in ENDING_DAYS.values()})


class TaskFilter(ItemFilter):
    placeholder = _("Task or customer…")
    ASSIGNEE_CHOICES = (("", _("Everyone")), ("mine", _("Me")), ("nobody", _("Unassigned")))
    DUE_CHOICES = (("", _("Any time")), ("overdue", _("Overdue")), ("today", _("Due by today")), ("week", _("Due by the end of the week")))
    STATE_CHOICES = (("open", _("Open")), ("done", _("Done")))

    whose = forms.ChoiceField(label=_("Assigned to"), choices=ASSIGNEE_CHOICES, required=False)
    when = forms.ChoiceField(label=_("Due"), choices=DUE_CHOICES, required=False)
    state = forms.ChoiceField(label=_("Status"), choices=STATE_CHOICES, required=False, initial="open")

    @staticmethod
    def chosen_items(chosen: Any, given: Any) -> QuerySet[Any]:
        tasks = Task.objects.filter(done_at__isnull=chosen["state"] == "open")
        if chosen["whose"]:
            tasks = tasks.filter(assignee=given["user"] if chosen["whose"] == "mine" else None)
        limits = {"overdue": "yesterday", "today": "today", "week": "week_end"}
        return tasks.filter(sort_date__lte=given[limits[chosen["when"]]]) if chosen["when"] else tasks

    @staticmethod
    def with_details(items: QuerySet[Any]) -> QuerySet[Any]:
        return items.select_related("assignee", "project")

    @property
    def is_by_date(self) -> bool:
        return bool(self.chosen["state"] == "open")


class ProjectFilter(ItemFilter):
    placeholder = _("Project or customer…")
    outlive_customers = True
    STATUS_CHOICES = (("open", _("Planned and active")), *Project.Status.choices, ("all", _("All")))
    DUE_CHOICES = (("", _("Any time")), ("overdue", _("Overdue")), ("soon", _("Within 30 days")))

    status = forms.ChoiceField(label=_("Status"), choices=STATUS_CHOICES, required=False, initial="open")
    when = forms.ChoiceField(label=_("Due"), choices=DUE_CHOICES, required=False)

    @staticmethod
    def chosen_items(chosen: Any, given: Any) -> QuerySet[Any]:
        projects = Project.objects.all()
        if chosen["status"] == "open":
            projects = projects.filter(status__in=[Project.Status.PLANNED, Project.Status.ACTIVE])
        elif chosen["status"] != "all":
            projects = projects.filter(status=chosen["status"])
        return _due_within(projects, chosen["when"], given)

    @staticmethod
    def with_details(items: Any) -> QuerySet[Any]:
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

    @staticmethod
    def chosen_items(chosen: Any, given: Any) -> QuerySet[Any]:
        domains = Domain.objects.all()
        if chosen["renewal"]:
            domains = domains.filter(auto_renew=chosen["renewal"] == "auto")
        return _due_within(domains, chosen["when"], given)


class ContractFilter(ItemFilter):
    placeholder = _("Contract or customer…")
    STATUS_CHOICES = (*Contract.Status.choices, ("all", _("All")))
    DUE_CHOICES = (
        ("", _("Any time")),
        ("soon", _("Ending within 30 days")),
        ("soon60", _("Ending within 60 days")),
        ("soon90", _("Ending within 90 days")),
        ("cancel", _("Cancellation due within 30 days")),
        ("overdue", _("Past end date")),
    )

    status = forms.ChoiceField(label=_("Status"), choices=STATUS_CHOICES, required=False, initial="active")
    when = forms.ChoiceField(label=_("Period"), choices=DUE_CHOICES, required=False)

    @staticmethod
    def chosen_items(chosen: Any, given: Any) -> QuerySet[Any]:
        contracts = Contract.objects.all()
        if chosen["status"] != "all":
            contracts = contracts.filter(status=chosen["status"])
        if chosen["when"] == "cancel":
            # None ends before it can be cancelled.
            return contracts.filter(sort_date__gte=given["today"], cancel_by__range=(given["today"], given["horizon"]))
        return _due_within(contracts, chosen["when"], given)

    def needs_sums(self) -> bool:
        #: What the list shows of all active contracts. None before `listed`.
        self.outlook = cached_outlook(self.agency)
        return self.outlook is None

    def keep_sums(self, sums: Any) -> None:
        self.outlook = self.outlook or read_outlook(self.agency, sums)

    @property
    def is_by_date(self) -> bool:
        return bool(self.chosen["status"] == Contract.Status.ACTIVE)


def _due_within(items: QuerySet[Any], when: str, given: Any) -> QuerySet[Any]:
    # By the column of the indexes. Items without a date are sorted last.
    if when == "overdue":
        return items.filter(sort_date__lt=given["today"])
    horizons = dict(ENDING_DAYS.values())
    if when in horizons:
        return items.filter(sort_date__range=(given["today"], given[horizons[when]]))
    return items
