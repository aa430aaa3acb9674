"""Selected rows of the customers list, which are in the query string."""

import re

from django.http import QueryDict

from customers.models import Customer
from customers.models.customers import CustomerQuerySet
from partnerportal.agencies.models import Agency

_REFERENCE = re.compile(r"K-(\d{4,9})", re.ASCII)
#: Maximum number of customers that are selected one by one, so that addresses stay short.
MAX_SELECTED = 200
#: Parameters of the selection; the others are those of the list.
PARAMETERS = ("action", "c", "all", "after", "before")


def selected_numbers(data: QueryDict) -> list[int]:
    """Return the numbers of the selected customers, without invalid ones."""
    return sorted({int(match[1]) for match in map(_REFERENCE.fullmatch, data.getlist("c")) if match})


def selected_customers(agency: Agency, numbers: list[int]) -> CustomerQuerySet:
    """Return the agency's customers with these numbers, even erased ones."""
    return Customer.objects.filter(agency=agency, number__in=numbers)


def list_query(data: QueryDict) -> str:
    """Return the query string of the list, without the selection."""
    query = data.copy()
    for name in PARAMETERS:
        query.pop(name, None)
    return query.urlencode()
