"""Choosing one of the agency's customers for something that is to be theirs: a request, an invitation.

The likely ones come first, each with why; then a search over all active ones. `templates/customers/includes/_choose.html` shows it: one
button a row, which posts `customer` to the page itself.
"""

from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import Http404
from django.shortcuts import get_object_or_404

from customers.models import Customer
from customers.twins import Twin, likely_twins
from partnerportal.agencies.access import AgencyRequest
from partnerportal.search import LONGEST_QUERY

#: So many of those who were found are shown; whoever looks for another types more.
SHOWN = 10


@dataclass(frozen=True)
class Choice:
    """Whom to choose from."""

    likely: list[Twin]
    #: What was searched for; without it, `found` are the newest.
    q: str
    found: list[Customer]
    more: bool


def customer_choice(request: AgencyRequest, fields: dict[str, Any]) -> Choice:
    """The customers to choose from for somebody with these `fields` of a customer form; searched by the address's `q`.

    Three queries, one more where something is searched for.
    """
    q = request.GET.get("q", "").replace("\x00", "")[:LONGEST_QUERY].strip()
    active = Customer.objects.for_agency(request.agency).active()
    searched = Customer.objects.filter(pk__in=active.search(q)).ranked(q).order_by("-rank", "-number")
    # Nothing is searched for: `searched` is nobody, without a query.
    found = list((searched if q else active.order_by("-number"))[: SHOWN + 1])
    return Choice(likely_twins(request.agency, fields, wide=True), q, found[:SHOWN], len(found) > SHOWN)


def chosen_customer(request: AgencyRequest) -> Customer:
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
