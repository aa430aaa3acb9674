"""Customers as a CSV file: what was exported can be imported."""

from collections.abc import Iterator

from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import get_language

from customers.domain_names import to_ascii
from customers.forms.filters import CustomerFilter
from customers.imports.columns import FORM_FIELDS
from customers.imports.csv_output import csv_stream
from customers.models import Customer
from partnerportal.accounts.models import User
from partnerportal.agencies.access import AgencyRequest, agency_view
from partnerportal.agencies.models import Agency, Role
from partnerportal.audit.services import record

#: The columns, by the fields' own names, which an import understands whatever language is spoken.
HEADINGS = ("number", *FORM_FIELDS, "domains", "responsible", "status")
#: Customers that are in memory at once.
CHUNK_SIZE = 1000


@agency_view(role=Role.MANAGER, reauthenticate=True)
def export(request: AgencyRequest) -> HttpResponseBase:
    """The customers of the list's current filter, which stands in the address. POST, because it is written to the audit."""
    filters = CustomerFilter(request.GET, agency=request.agency, user=request.user, team=request.team)
    customers, _counted, more = filters.customers()
    count = customers.count()
    if request.method != "POST":
        likeliest = more and bool(filters.chosen["q"])
        return render(request, "customers/export.html", {"count": count, "filters": filters, "likeliest_only": likeliest})
    record_export(request.agency, count=count, by=request.user)
    name = f"customers-{timezone.localdate():%Y-%m-%d}.csv"
    return StreamingHttpResponse(
        csv_stream(_rows(request.agency, customers), delimiter=_delimiter()),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


@transaction.atomic
def record_export(agency: Agency, *, count: int, by: User) -> None:
    """Write down who took the data of how many customers away."""
    record("customers.exported", agency, by=by, count=count)


def _delimiter() -> str:
    """What Excel opens by a double click follows the system's region; the reader's language is the best sign of it."""
    return "," if get_language() == "en" else ";"


def _rows(agency: Agency, customers: QuerySet[Customer]) -> Iterator[list[str]]:
    # Somebody who left can't be responsible after an import.
    team = dict(agency.members.values_list("pk", "email"))
    yield list(HEADINGS)
    columns = ("number", *FORM_FIELDS, "responsible_id", "status")
    for customer in customers.only("id", *columns).prefetch_related("domains").order_by("number").iterator(chunk_size=CHUNK_SIZE):
        yield [
            customer.reference,
            *(getattr(customer, name) for name in FORM_FIELDS),
            " ".join(sorted(_readable(domain.name, domain.unicode_name) for domain in customer.domains.all())),
            team.get(customer.responsible_id or 0, ""),
            customer.status,
        ]


def _readable(name: str, unicode_name: str) -> str:
    """A domain as people read it, where that leads back to the same one."""
    return unicode_name if name == unicode_name or to_ascii(unicode_name) == name else name
