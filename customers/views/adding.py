"""The form for a new customer, for whatever leads to one: by hand, out of a request, out of an invitation."""

from collections.abc import Callable
from typing import Any

from django.http import HttpResponse, QueryDict
from django.shortcuts import render

from customers.choosing import SWITCH, typed_customer
from customers.forms import CustomerForm
from customers.twins import likely_twins
from partnerportal.agencies.access import AgencyRequest


def adding_page(
    request: AgencyRequest,
    *,
    save: Callable[[dict[str, Any]], HttpResponse],
    initial: dict[str, Any] | None = None,
    cancel: str = "",
    choose: str = "",
    template: str = "customers/form.html",
    context: dict[str, Any] | None = None,
) -> HttpResponse:
    """Show the form, prefilled with `initial`; once it is right, answer with what `save` makes of the customer's fields.

    Likely twins are shown first, and can be passed over on purpose. `template` extends `customers/form.html` and gets `context`;
    `cancel` is where to go without saving; `choose` is the page for choosing an existing customer instead, which keeps the input and
    can return here with it. Whoever saves more than the customer does it in one transaction within `save`.
    """
    sent = request.input or QueryDict()
    is_switched = SWITCH in sent
    if is_switched:
        # The input is only shown again: neither checked nor saved.
        initial = {**(initial or {}), **typed_customer(request)}
    form = CustomerForm(None if is_switched else request.input, agency=request.agency, initial=initial, cancel=cancel)
    if choose:
        form.offer_to_choose(choose, q=sent.get("q", ""))
    twins = []
    if request.method == "POST" and form.is_valid():
        twins = [] if "add_anyway" in request.POST else likely_twins(request.agency, form.cleaned_data)
        if not twins:
            return save(form.customer_fields)
        form.offer_to_add_anyway()
    return render(request, template, {**(context or {}), "form": form, "twins": twins})
