"""What is assigned to a customer: add, change, remove (five kinds, one way), tasks done and undone, and the lists across customers.

Each page also answers htmx, which shows it in a dialog on the customer's page: the same view, the same template without the frame.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from django.contrib import messages
from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_htmx.http import trigger_client_event

from customers.forms.filters import ContractFilter, DomainFilter, ProjectFilter, TaskFilter
from customers.forms.items import ContractForm, DomainForm, ItemForm, NoteForm, ProjectForm, TaskForm
from customers.models import Customer
from customers.services.items import add_item, complete_task, remove_item, reopen_task, update_item
from customers.services.submissions import AlreadyAdded, add_once
from customers.views.submissions import say_already_added
from partnerportal.accounts.models import User
from partnerportal.agencies.access import AgencyRequest, agency_view
from partnerportal.core.filters import ListFilter
from partnerportal.core.pagination import keyset_page
from partnerportal.core.redirects import redirect_back
from partnerportal.core.versions import EditConflict

View = Callable[..., HttpResponse]


def _add_view(form_class: type[ItemForm], title: str | Promise, done: str | Promise) -> View:
    """The view that adds a thing of one kind to a customer."""

    @agency_view()
    def add(request: AgencyRequest, pk: int) -> HttpResponse:
        customers = request.agency.customers
        # Who began to type before it was archived is told so, and keeps the text.
        known = customers.known() if request.method == "POST" else customers.active()
        customer = get_object_or_404(known.select_related("agency"), pk=pk)
        form = form_class(request.form_data, customer=customer)
        if request.method == "POST" and form.is_valid():
            try:
                if _added(form, customer=customer, by=request.user):
                    messages.success(request, str(done) % {"thing": form.instance})
                    return redirect_back(request, customer.get_absolute_url())
            except AlreadyAdded as already:
                things = form_class._meta.model.objects.filter(customer=customer).select_related("customer")
                change = f"customers:{form.instance._meta.model_name}_edit"
                if answer := say_already_added(request, form, already, things, change=change):
                    return answer
        return render(request, "customers/item_form.html", {"form": form, "customer": customer, "title": title})

    return cast(View, add)


def _edit_view(name: str, form_class: type[ItemForm], title: str | Promise, done: str | Promise) -> View:
    """The view that changes a thing; `name` is the agency's relation to that kind."""

    @agency_view()
    def change(request: AgencyRequest, pk: int) -> HttpResponse:
        thing = _get_item(request, name, pk)
        form = form_class(request.form_data, instance=thing, customer=thing.customer)
        while request.method == "POST" and form.is_valid():
            try:
                if _changed(form, by=request.user):
                    messages.success(request, str(done) % {"thing": form.instance})
                    return redirect_back(request, thing.customer.get_absolute_url())
            except EditConflict as meanwhile:
                form = form_class(request.form_data, instance=meanwhile.saved, customer=thing.customer)
        context = {"form": form, "customer": thing.customer, "title": title, "thing": thing, "kind": thing._meta.model_name}
        return render(request, "customers/item_form.html", context)

    return cast(View, change)


def _remove_view(name: str, done: str | Promise) -> View:
    """The view that takes a thing off its customer."""

    @agency_view(methods=("POST",))
    def remove(request: AgencyRequest, pk: int) -> HttpResponse:
        thing = _get_item(request, name, pk)
        try:
            remove_item(thing, by=request.user)
        except ValidationError as error:
            messages.error(request, " ".join(error.messages))
        else:
            messages.success(request, str(done) % {"thing": thing})
        return redirect_back(request, thing.customer.get_absolute_url())

    return cast(View, remove)


def _get_item(request: AgencyRequest, name: str, pk: int) -> Any:
    things: QuerySet[Any] = getattr(request.agency, name).select_related("customer__agency")
    return get_object_or_404(things.exclude(customer__status=Customer.Status.ERASED), pk=pk)


def _added(form: ItemForm, *, customer: Customer, by: User) -> bool:
    def add() -> Any:
        add_item(form.instance, customer=customer, by=by)
        return form.instance

    return _succeeds(form, lambda: add_once(customer.agency, number=form.number, content=form.content, by=by, add=add))


def _changed(form: ItemForm, *, by: User) -> bool:
    return _succeeds(form, lambda: update_item(form.instance, changed=form.changed_here, loaded=form.loaded, by=by))


def _succeeds(form: ItemForm, action: Callable[[], object]) -> bool:
    """Whether the action went through; if the database refused, the form says why."""
    try:
        action()
    except ObjectDoesNotExist as gone:
        raise Http404 from gone
    except ValidationError as error:
        form.add_error(None, error)
        return False
    return True


project_add = _add_view(ProjectForm, gettext_lazy("Add project"), gettext_lazy("Project “%(thing)s” added."))
project_edit = _edit_view("projects", ProjectForm, gettext_lazy("Edit project"), gettext_lazy("Project “%(thing)s” saved."))
project_remove = _remove_view("projects", gettext_lazy("Project “%(thing)s” removed."))
task_add = _add_view(TaskForm, gettext_lazy("Add task"), gettext_lazy("Task “%(thing)s” added."))
task_edit = _edit_view("tasks", TaskForm, gettext_lazy("Edit task"), gettext_lazy("Task “%(thing)s” saved."))
task_remove = _remove_view("tasks", gettext_lazy("Task “%(thing)s” removed."))
domain_add = _add_view(DomainForm, gettext_lazy("Add domain"), gettext_lazy("Domain %(thing)s added."))
domain_edit = _edit_view("domains", DomainForm, gettext_lazy("Edit domain"), gettext_lazy("Domain %(thing)s saved."))
domain_remove = _remove_view("domains", gettext_lazy("Domain %(thing)s removed."))
contract_add = _add_view(ContractForm, gettext_lazy("Add contract"), gettext_lazy("Contract %(thing)s added."))
contract_edit = _edit_view("contracts", ContractForm, gettext_lazy("Edit contract"), gettext_lazy("Contract %(thing)s saved."))
contract_remove = _remove_view("contracts", gettext_lazy("Contract %(thing)s removed."))
note_add = _add_view(NoteForm, gettext_lazy("Add note"), gettext_lazy("Note added."))
note_edit = _edit_view("notes", NoteForm, gettext_lazy("Edit note"), gettext_lazy("Note saved."))
note_remove = _remove_view("notes", gettext_lazy("Note removed."))


@agency_view(methods=("POST",))
def task_done(request: AgencyRequest, pk: int) -> HttpResponse:
    """A task is done, with one click."""
    task = _get_item(request, "tasks", pk)
    complete_task(task, by=request.user)
    return _task_row(request, task, _("“%(task)s” marked as done.") % {"task": task})


@agency_view(methods=("POST",))
def task_undo(request: AgencyRequest, pk: int) -> HttpResponse:
    """It wasn't, after all."""
    task = _get_item(request, "tasks", pk)
    reopen_task(task, by=request.user)
    return _task_row(request, task, _("“%(task)s” reopened.") % {"task": task})


def _task_row(request: AgencyRequest, task: Any, said: str) -> HttpResponse:
    """The row in its new state, in the place of the old one, to htmx; the whole page and a message to everybody else."""
    if cast(Any, request).htmx:
        row = {"task": task, "across": "across" in request.POST, "said": said}
        response = render(request, "customers/includes/_task.html", row)
        return trigger_client_event(response, "task-changed", after="swap")
    messages.success(request, said)
    return redirect_back(request, task.customer.get_absolute_url())


@dataclass(frozen=True)
class ListPage:
    """How the list of one kind across all customers looks."""

    title: str | Promise
    icon: str
    #: Template of a row.
    row: str
    #: What an empty list says, and what to do about it.
    empty: str | Promise
    hint: str | Promise


def _list_view(filter_class: type[ListFilter], listing: ListPage, *related: str) -> View:
    """The view of one kind across all customers, by date."""

    @agency_view(methods=("GET",))
    def across(request: AgencyRequest) -> HttpResponse:
        filters: Any = filter_class(request.GET, agency=request.agency, user=request.user, team=request.team)
        things = filters.things().exclude(customer__status=Customer.Status.ERASED).select_related("customer", *related)
        page = keyset_page(request, things, order_by=("sort_date", "pk"))
        return render(request, "customers/item_list.html", {"page": page, "filters": filters, "listing": listing})

    return cast(View, across)


project_list = _list_view(
    ProjectFilter,
    ListPage(
        title=gettext_lazy("Projects"),
        icon="briefcase",
        row="customers/includes/_project.html",
        empty=gettext_lazy("No projects yet"),
        hint=gettext_lazy("Projects belong to a customer. Open a customer and select “Add project”."),
    ),
)
task_list = _list_view(
    TaskFilter,
    ListPage(
        title=gettext_lazy("Tasks"),
        icon="clipboard-document-list",
        row="customers/includes/_task.html",
        empty=gettext_lazy("No tasks"),
        hint=gettext_lazy("Tasks belong to a customer. Open a customer and select “Add task”."),
    ),
    "assignee",
    "project",
)
domain_list = _list_view(
    DomainFilter,
    ListPage(
        title=gettext_lazy("Domains"),
        icon="globe-alt",
        row="customers/includes/_domain.html",
        empty=gettext_lazy("No domains yet"),
        hint=gettext_lazy("Domains belong to a customer. Open a customer and select “Add domain”."),
    ),
)
contract_list = _list_view(
    ContractFilter,
    ListPage(
        title=gettext_lazy("Contracts"),
        icon="document-text",
        row="customers/includes/_contract.html",
        empty=gettext_lazy("No contracts yet"),
        hint=gettext_lazy("Contracts belong to a customer. Open a customer and select “Add contract”."),
    ),
)
