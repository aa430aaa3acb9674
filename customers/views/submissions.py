"""The form for a new customer, for whatever leads to one: by hand, out of a request, out of an invitation."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from customers.forms.customers import CustomerForm
from customers.forms.submissions import AddOnceForm
from customers.models import Customer
from customers.queries.duplicates import find_duplicates
from customers.services.submissions import AlreadyAdded, add_once, refuse_second
from customers.views.picker import SWITCH, typed_customer
from partnerportal.agencies.access import AgencyRequest
from partnerportal.core.redirects import redirect_back


def customer_create_page(
    request: AgencyRequest,
    *,
    save: Callable[[dict[str, Any]], HttpResponse] | None = None,
    create: Callable[[dict[str, Any]], Customer] | None = None,
    initial: dict[str, Any] | None = None,
    cancel: str = "",
    choose: str = "",
    template: str = "customers/form.html",
    context: dict[str, Any] | None = None,
) -> HttpResponse:
    """Show the form, prefilled with `initial`; once it is right, answer with what `save` makes of the customer's fields, or go to the
    customer that `create` makes of them, one for each form.

    Likely twins are shown first, and can be passed over on purpose. `template` extends `customers/form.html` and gets `context`;
    `cancel` is where to go without saving; `choose` is the page for choosing an existing customer instead, which keeps the input and
    can return here with it. Whoever saves more than the customer does it in one transaction within `save`.
    """
    sent = request.form_data or QueryDict()
    is_switched = SWITCH in sent
    if is_switched:
        # The input is only shown again: neither checked nor saved.
        initial = {**(initial or {}), **typed_customer(request)}
    form = CustomerForm(None if is_switched else request.form_data, agency=request.agency, initial=initial, cancel=cancel)
    if choose:
        form.offer_to_choose(choose, q=sent.get("q", ""))
    twins = []
    if request.method == "POST" and form.is_valid():
        try:
            if create:
                refuse_second(request.agency, number=form.number, content=form.content, by=request.user)
            twins = [] if "add_anyway" in request.POST else find_duplicates(request.agency, form.cleaned_data)
            if not twins and create:
                return _created(request, form, create)
            if not twins and save:
                return save(form.customer_fields)
            form.offer_to_add_anyway()
        except AlreadyAdded as already:
            if answer := say_already_added(request, form, already, request.agency.customers.known()):
                return answer
    return render(request, template, {**(context or {}), "form": form, "twins": twins})


def _created(request: AgencyRequest, form: CustomerForm, create: Callable[[dict[str, Any]], Customer]) -> HttpResponse:
    customer = add_once(request.agency, number=form.number, content=form.content, by=request.user, add=lambda: create(form.customer_fields))
    messages.success(request, _("%(customer)s added.") % {"customer": customer.numbered_name})
    return redirect(customer)


def say_already_added(
    request: AgencyRequest, form: AddOnceForm, already: AlreadyAdded, rows: QuerySet[Any], *, change: str = ""
) -> HttpResponse | None:
    """A form that was sent a second time leads to what it added, one of `rows`; None where it is to be shown again, with the reason.

    `change` names the address at which a row can be changed, where rows have no page of their own.
    """
    added = rows.filter(pk=already.added_id).first()
    if added is None:
        form.offer_again()
        return None
    if not already.is_same:
        form.offer_another(added, reverse(change, args=[added.pk]) if change else added.get_absolute_url())
        return None
    name = getattr(added, "numbered_name", added)
    messages.info(request, _("%(added)s has already been added. Nothing was added twice.") % {"added": name})
    page = added.customer if change else added
    return redirect_back(request, page.get_absolute_url())
