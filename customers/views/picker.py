"""Choosing one of the agency's customers for something that is to be theirs: a request, an invitation.

The likely ones come first, each with why; then a search over all active ones. `templates/customers/includes/_choose.html` shows it: one
button a row, which posts `customer` to the page itself.
"""

from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import Http404, QueryDict
from django.shortcuts import get_object_or_404

from customers.forms.customers import CustomerForm
from customers.models import Customer
from customers.queries.duplicates import DuplicateCandidate, find_duplicates
from partnerportal.agencies.access import AgencyRequest
from partnerportal.core.search import MAX_QUERY_LENGTH

#: Name of the buttons that lead from the form for a new customer to the choice of an existing one, and back.
SWITCH = "switch"
#: So many of those who were found are shown; whoever looks for another types more.
MAX_RESULTS = 10


@dataclass(frozen=True)
class PickerOptions:
    """Whom to choose from."""

    likely: list[DuplicateCandidate]
    #: What was searched for; without it, `found` are the newest.
    q: str
    found: list[Customer]
    more: bool
    #: Input from the form for a new customer, by field name; it is posted back when the member returns to the form.
    kept: dict[str, str]


def picker_options(request: AgencyRequest, fields: dict[str, Any]) -> PickerOptions:
    """The customers to choose from for somebody with these `fields` of a customer form; searched by `q`, from the address or posted.

    Three queries, one more where something is searched for.
    """
    sent = request.form_data or request.GET
    q = sent.get("q", "").replace("\x00", "")[:MAX_QUERY_LENGTH].strip()
    active = Customer.objects.for_agency(request.agency).active()
    searched = Customer.objects.filter(pk__in=active.search(q)).ranked(q).order_by("-rank", "-number")
    # Nothing is searched for: `searched` is nobody, without a query.
    found = list((searched if q else active.order_by("-number"))[: MAX_RESULTS + 1])
    return PickerOptions(
        find_duplicates(request.agency, fields, wide=True), q, found[:MAX_RESULTS], len(found) > MAX_RESULTS, typed_customer(request)
    )


def typed_customer(request: AgencyRequest) -> dict[str, str]:
    """Return the submitted values of the customer form's fields, unchecked; empty if none were submitted."""
    sent = request.form_data or QueryDict()
    return {name: str(sent[name]) for name in CustomerForm.Meta.fields if name in sent}


def selected_customer(request: AgencyRequest) -> Customer:
    """The active customer whose button was pressed.

    Raises:
        Http404: nobody of this agency, or nobody that anything new can be added to.
    """
    try:
        key = forms.IntegerField(min_value=1).clean(request.POST.get("customer"))
    except ValidationError as error:
        raise Http404 from error
    chosen: Customer = get_object_or_404(request.agency.customers.active(), pk=key)
    return chosen
