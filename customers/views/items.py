"""Items of customers: add, edit and remove.

On a customer's page, htmx shows the same forms in a dialog.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

from django.contrib import messages
from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django_htmx.http import trigger_client_event

from customers.forms.items import ContactForm, ContractForm, DomainForm, ItemForm, NoteForm, ProjectForm, TaskForm
from customers.models import Contact, Customer, Task
from customers.services.contacts import make_primary, remove_contact, restore_contact, update_contact
from customers.services.items import add_item, complete_task, remove_item, reopen_task, update_item
from customers.services.submissions import AlreadyAdded, add_once
from customers.views.submissions import already_added_response, save_edit
from partnerportal.agencies.access import AgencyRequest, agency_view
from partnerportal.core.redirects import redirect_back
from partnerportal.core.undo import success_with_undo


@agency_view()
def project_add(request: AgencyRequest, pk: int) -> HttpResponse:
    return _add(request, pk, ProjectForm, title=_("Add project"), message=_("Project “%(item)s” added."))


@agency_view()
def project_edit(request: AgencyRequest, pk: int) -> HttpResponse:
    project = _get_item(request, "projects", pk)
    return _edit(request, project, ProjectForm, title=_("Edit project"), message=_("Project “%(item)s” saved."))


@agency_view(methods=("POST",))
def project_remove(request: AgencyRequest, pk: int) -> HttpResponse:
    return _remove(request, _get_item(request, "projects", pk), message=_("Project “%(item)s” removed."))


@agency_view()
def task_add(request: AgencyRequest, pk: int) -> HttpResponse:
    return _add(request, pk, TaskForm, title=_("Add task"), message=_("Task “%(item)s” added."))


@agency_view()
def task_edit(request: AgencyRequest, pk: int) -> HttpResponse:
    task = _get_item(request, "tasks", pk)
    return _edit(request, task, TaskForm, title=_("Edit task"), message=_("Task “%(item)s” saved."))


@agency_view(methods=("POST",))
def task_remove(request: AgencyRequest, pk: int) -> HttpResponse:
    return _remove(request, _get_item(request, "tasks", pk), message=_("Task “%(item)s” removed."))


@agency_view(methods=("POST",))
def task_done(request: AgencyRequest, pk: int) -> HttpResponse:
    """Complete a task."""
    task = _get_item(request, "tasks", pk)
    complete_task(task, by=request.user)
    return _task_response(request, task, _("“%(task)s” marked as done.") % {"task": task})


@agency_view(methods=("POST",))
def task_undo(request: AgencyRequest, pk: int) -> HttpResponse:
    """Reopen a completed task."""
    task = _get_item(request, "tasks", pk)
    reopen_task(task, by=request.user)
    return _task_response(request, task, _("“%(task)s” reopened.") % {"task": task})


@agency_view()
def domain_add(request: AgencyRequest, pk: int) -> HttpResponse:
    return _add(request, pk, DomainForm, title=_("Add domain"), message=_("Domain %(item)s added."))


@agency_view()
def domain_edit(request: AgencyRequest, pk: int) -> HttpResponse:
    domain = _get_item(request, "domains", pk)
    return _edit(request, domain, DomainForm, title=_("Edit domain"), message=_("Domain %(item)s saved."))


@agency_view(methods=("POST",))
def domain_remove(request: AgencyRequest, pk: int) -> HttpResponse:
    return _remove(request, _get_item(request, "domains", pk), message=_("Domain %(item)s removed."))


@agency_view()
def contract_add(request: AgencyRequest, pk: int) -> HttpResponse:
    return _add(request, pk, ContractForm, title=_("Add contract"), message=_("Contract %(item)s added."))


@agency_view()
def contract_edit(request: AgencyRequest, pk: int) -> HttpResponse:
    contract = _get_item(request, "contracts", pk)
    return _edit(request, contract, ContractForm, title=_("Edit contract"), message=_("Contract %(item)s saved."))


@agency_view(methods=("POST",))
def contract_remove(request: AgencyRequest, pk: int) -> HttpResponse:
    return _remove(request, _get_item(request, "contracts", pk), message=_("Contract %(item)s removed."))


@agency_view()
def contact_add(request: AgencyRequest, pk: int) -> HttpResponse:
    return _add(request, pk, ContactForm, title=_("Add contact"), message=_("Contact %(item)s added."))


@agency_view()
def contact_edit(request: AgencyRequest, pk: int) -> HttpResponse:
    contact = _get_item(request, "contacts", pk)
    return _edit(request, contact, ContactForm, update=update_contact, title=_("Edit contact"), message=_("Contact %(item)s saved."))


@agency_view(methods=("POST",))
def contact_primary(request: AgencyRequest, pk: int) -> HttpResponse:
    """Make a contact the primary one. The button “Undo” makes the former one primary."""
    contact = _get_item(request, "contacts", pk)
    former = contact.customer.contacts.get(is_primary=True)
    with _errors_as_messages(request):
        if make_primary(contact, by=request.user):
            text = _("%(item)s is now the primary contact.") % {"item": contact}
            if str(former):
                success_with_undo(request, text, reverse("customers:contact_primary", args=[former.pk]))
            else:
                messages.success(request, text)
    return redirect_back(request, contact.customer.get_absolute_url())


@agency_view(methods=("POST",))
def contact_remove(request: AgencyRequest, pk: int) -> HttpResponse:
    contact = _get_item(request, "contacts", pk)
    with _errors_as_messages(request):
        if remove_contact(contact, by=request.user):
            text = _("Contact %(item)s removed.") % {"item": contact}
            success_with_undo(request, text, reverse("customers:contact_restore", args=[pk]))
    return redirect_back(request, contact.customer.get_absolute_url())


@agency_view(methods=("POST",))
def contact_restore(request: AgencyRequest, pk: int) -> HttpResponse:
    """Undo the removal of a contact."""
    removed = Contact.with_removed.filter(agency=request.agency).exclude(customer__status=Customer.Status.ERASED)
    contact = get_object_or_404(removed.select_related("customer"), pk=pk)
    with _errors_as_messages(request):
        if restore_contact(contact, by=request.user):
            messages.success(request, _("Contact %(item)s restored.") % {"item": contact})
    return redirect_back(request, contact.customer.get_absolute_url())


@agency_view()
def note_add(request: AgencyRequest, pk: int) -> HttpResponse:
    return _add(request, pk, NoteForm, title=_("Add note"), message=_("Note added."))


@agency_view()
def note_edit(request: AgencyRequest, pk: int) -> HttpResponse:
    note = _get_item(request, "notes", pk)
    return _edit(request, note, NoteForm, title=_("Edit note"), message=_("Note saved."))


@agency_view(methods=("POST",))
def note_remove(request: AgencyRequest, pk: int) -> HttpResponse:
    return _remove(request, _get_item(request, "notes", pk), message=_("Note removed."))


def _get_item(request: AgencyRequest, relation: str, pk: int) -> Any:
    items: QuerySet[Any] = getattr(request.agency, relation)
    return get_object_or_404(items.select_related("customer__agency").exclude(customer__status=Customer.Status.ERASED), pk=pk)


def _add(request: AgencyRequest, pk: int, form_class: type[ItemForm], *, title: str, message: str) -> HttpResponse:
    """Add an item to the customer with this primary key."""
    # If the customer was archived in the meantime, the form keeps its input and shows the reason.
    customers = request.agency.customers.not_erased() if request.method == "POST" else request.agency.customers.active()
    customer = get_object_or_404(customers.select_related("agency"), pk=pk)
    form = form_class(request.form_data, customer=customer)
    if request.method == "POST" and form.is_valid():

        def add() -> Any:
            return add_item(form.instance, customer=customer, by=request.user)

        try:
            item = add_once(customer.agency, number=form.number, content=form.content, by=request.user, add=add)
        except ObjectDoesNotExist as error:
            raise Http404 from error
        except ValidationError as error:
            form.add_error(None, error)
        except AlreadyAdded as error:
            items = form_class._meta.model.objects.filter(customer=customer).select_related("customer")
            edit_url = f"customers:{form.instance._meta.model_name}_edit"
            if response := already_added_response(request, form, error, items, edit_url=edit_url):
                return response
        else:
            messages.success(request, message % {"item": item})
            return redirect_back(request, customer.get_absolute_url())
    return render(request, "customers/item_form.html", {"form": form, "customer": customer, "title": title})


def _edit(
    request: AgencyRequest, item: Any, form_class: type[ItemForm], *, title: str, message: str, update: Any = update_item
) -> HttpResponse:
    customer = item.customer

    def open_form(stored: Any) -> ItemForm:
        return form_class(request.form_data, instance=stored, customer=customer)

    def save(form: ItemForm) -> None:
        update(form.instance, changed=form.changed_here, loaded=form.loaded, by=request.user)

    form = open_form(item)
    if request.method == "POST":
        form, is_saved = save_edit(form, save=save, reopen=open_form)
        if is_saved:
            messages.success(request, message % {"item": form.instance})
            return redirect_back(request, customer.get_absolute_url())
    context = {"form": form, "customer": customer, "title": title, "item": item, "kind": item._meta.model_name}
    return render(request, "customers/item_form.html", context)


@contextmanager
def _errors_as_messages(request: AgencyRequest) -> Iterator[None]:
    """Report why a contact can’t be changed.

    Raises:
        Http404: The contact was removed or its customer erased in the meantime.
    """
    try:
        yield
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    except ObjectDoesNotExist as error:
        raise Http404 from error


def _remove(request: AgencyRequest, item: Any, *, message: str) -> HttpResponse:
    try:
        remove_item(item, by=request.user)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(request, message % {"item": item})
    return redirect_back(request, item.customer.get_absolute_url())


def _task_response(request: AgencyRequest, task: Task, message: str) -> HttpResponse:
    """Return the task's new row for htmx, or else redirect back."""
    if cast(Any, request).htmx:
        context = {"item": task, "across": "across" in request.POST, "message": message}
        response = render(request, "customers/includes/_task.html", context)
        return trigger_client_event(response, "task-changed", after="swap")
    success_with_undo(request, message, reverse("customers:task_undo" if task.is_done else "customers:task_done", args=[task.pk]))
    return redirect_back(request, task.customer.get_absolute_url())
