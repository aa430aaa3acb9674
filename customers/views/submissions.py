"""Handling of submitted forms: conflicts, second submissions, and the page for a new customer."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.db.models import QuerySet
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from customers.forms.customers import CustomerForm
from customers.forms.submissions import AddOnceForm
from customers.models import Customer
from customers.queries.definitions import definitions_of
from customers.queries.duplicates import find_duplicates
from customers.services.submissions import AlreadyAdded, add_once, ensure_not_added
from customers.views.picker import submitted_fields
from partnerportal.agencies.access import AgencyRequest
from partnerportal.core.redirects import redirect_back
from partnerportal.core.versions import EditConflict


def save_edit(form: Any, *, save: Callable[[Any], object], reopen: Callable[[Any], Any]) -> tuple[Any, bool]:
    """Save a submitted edit form. Return the form, with errors if any, and whether it was saved.

    If the stored object changed in the meantime, `reopen` binds the same input to it, which merges the changes.

    Raises:
        Http404: The object has been removed in the meantime.
    """
    while form.is_valid():
        try:
            save(form)
        except EditConflict as conflict:
            form = reopen(conflict.saved)
        except ValidationError as error:
            form.add_error(None, error)
        except ObjectDoesNotExist as error:
            raise Http404 from error
        else:
            return form, True
    return form, False


def customer_create_page(
    request: AgencyRequest,
    *,
    save: Callable[[dict[str, Any]], HttpResponse] | None = None,
    create: Callable[[dict[str, Any]], Customer] | None = None,
    initial: dict[str, Any] | None = None,
    cancel: str = "",
    picker_url: str = "",
    template: str = "customers/form.html",
    context: dict[str, Any] | None = None,
) -> HttpResponse:
    """Show and process the form for a new customer, which warns about possible duplicates.

    Args:
        save: Saves the customer's fields, in one transaction with everything else, and returns the response.
        create: Alternative to `save` that only creates the customer, once per form. The response redirects to it.
        cancel: Address of the cancel link.
        picker_url: Address of a page for selecting an existing customer instead, which keeps the input.
        template: Extends `customers/form.html` and receives `context`.
    """
    data = request.form_data or QueryDict()
    # The user returned from the picker: the input is only displayed again.
    is_from_picker = "switch" in data
    if is_from_picker:
        initial = {**(initial or {}), **submitted_fields(data)}
    form = CustomerForm(
        None if is_from_picker else request.form_data,
        agency=request.agency,
        definitions=definitions_of(request.agency),
        may_create_tags=request.membership.is_manager,
        initial=initial,
        cancel=cancel,
        picker_url=picker_url,
        picker_query=data.get("q", ""),
    )
    duplicates = []
    if request.method == "POST" and form.is_valid():
        try:
            duplicates = [] if "add_anyway" in data else find_duplicates(request.agency, form.cleaned_data)
            if create:
                # After the search, which can find what a concurrent submission of this form has just added.
                ensure_not_added(request.agency, number=form.number, content=form.content, by=request.user)
            if duplicates:
                form.offer_duplicate_override()
            elif create:
                return _create_once(request, form, create)
            elif save:
                return save(form.customer_fields)
        except AlreadyAdded as error:
            if response := already_added_response(request, form, error, request.agency.customers.not_erased()):
                return response
    return render(request, template, {**(context or {}), "form": form, "duplicates": duplicates})


def _create_once(request: AgencyRequest, form: CustomerForm, create: Callable[[dict[str, Any]], Customer]) -> HttpResponse:
    customer = add_once(request.agency, number=form.number, content=form.content, by=request.user, add=lambda: create(form.customer_fields))
    messages.success(request, _("%(customer)s added.") % {"customer": customer.numbered_name})
    return redirect(customer)


def already_added_response(
    request: AgencyRequest, form: AddOnceForm, error: AlreadyAdded, rows: QuerySet[Any], *, edit_url: str = ""
) -> HttpResponse | None:
    """Return a redirect to the row already added, or None if the form is shown again with the reason.

    `rows` are the rows it can have added; `edit_url` names their edit page if they have no page of their own.
    """
    added = rows.filter(pk=error.added_id).first()
    if added is None:
        form.offer_again()
        return None
    if not error.is_same:
        form.offer_another(added, reverse(edit_url, args=[added.pk]) if edit_url else added.get_absolute_url())
        return None
    name = getattr(added, "numbered_name", added)
    messages.info(request, _("%(added)s has already been added. Nothing was added twice.") % {"added": name})
    return redirect_back(request, (added.customer if edit_url else added).get_absolute_url())
