"""Page for selecting an existing customer for another object, such as a contact request or an invitation.

Its template includes `customers/includes/_picker.html`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, render

from customers.forms.custom_fields import FIELD_PREFIX
from customers.forms.customers import CustomerForm
from customers.forms.tags import TagsWidget
from customers.models import Customer
from customers.queries.duplicates import DuplicateCandidate, find_duplicates
from partnerportal.agencies.access import AgencyRequest
from partnerportal.agencies.models import Agency
from partnerportal.core.search import MAX_QUERY_LENGTH

#: Maximum number of search results.
MAX_RESULTS = 10


@dataclass(frozen=True)
class PickerOptions:
    """The customers offered for selection."""

    likely: list[DuplicateCandidate]
    #: The search query; if empty, `found` contains the newest customers.
    q: str
    found: list[Customer]
    more: bool
    #: Submitted values of the form for a new customer, posted back when the member returns to it.
    kept: dict[str, str]


def picker_page(
    request: AgencyRequest,
    *,
    select: Callable[[Customer], HttpResponse],
    fields: dict[str, Any],
    template: str,
    context: dict[str, Any],
) -> HttpResponse:
    """Show possible duplicates of `fields` and a search; pass the selected customer to `select`."""
    if request.method == "POST" and "customer" in request.POST:
        return select(selected_customer(request.agency, request.POST))
    q = (request.form_data or request.GET).get("q", "")
    options = picker_options(request.agency, fields, q=q, kept=submitted_fields(request.form_data or {}))
    return render(request, template, {**context, "choice": options})


def picker_options(agency: Agency, fields: dict[str, Any], *, q: str = "", kept: dict[str, str] | None = None) -> PickerOptions:
    """Return possible duplicates of a customer with these `fields`, and the search results.

    Uses three queries, or four with a search query.
    """
    q = q.replace("\x00", "")[:MAX_QUERY_LENGTH].strip()
    active = Customer.objects.for_agency(agency).active()
    results = active.order_by("-number")
    if q:
        results = Customer.objects.filter(pk__in=active.search(q)).ranked(q).order_by("-rank", "-number")
    found = list(results[: MAX_RESULTS + 1])
    likely = find_duplicates(agency, fields, wide=True)
    return PickerOptions(likely, q, found[:MAX_RESULTS], len(found) > MAX_RESULTS, kept or {})


def submitted_fields(data: Mapping[str, Any]) -> dict[str, str]:
    """Return the submitted values of the customer form's fields, unvalidated."""
    fields = {name: str(data[name]) for name in data if name in CustomerForm.Meta.fields or name.startswith(FIELD_PREFIX)}
    tags = TagsWidget().value_from_datadict(data, {}, "tags")
    return {**fields, **({"tags": ", ".join(tags)} if tags else {})}


def selected_customer(agency: Agency, data: QueryDict) -> Customer:
    """Return the active customer selected in the picker.

    Raises:
        Http404: The agency has no such active customer.
    """
    try:
        pk = forms.IntegerField(min_value=1).clean(data.get("customer"))
    except ValidationError as error:
        raise Http404 from error
    customer: Customer = get_object_or_404(agency.customers.active(), pk=pk)
    return customer
