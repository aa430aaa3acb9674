"""Export of customers as a CSV file."""

from django.http import HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import get_language

from customers.forms.filters import CustomerFilter
from customers.imports.csv_output import csv_stream
from customers.queries.export import export_rows
from customers.services.customers import record_export
from partnerportal.agencies.access import AgencyRequest, agency_view
from partnerportal.agencies.models import Role


@agency_view(role=Role.MANAGER, reauthenticate=True)
def export(request: AgencyRequest) -> HttpResponseBase:
    """Export the customers that match the filter in the URL. Uses POST because exports are recorded."""
    filters = CustomerFilter(request.GET, agency=request.agency, user=request.user, team=request.team)
    customers, _count, _is_more = filters.customers()
    count = customers.count()
    if request.method != "POST":
        return render(request, "customers/export.html", {"count": count, "filters": filters})
    record_export(request.agency, count=count, by=request.user)
    # Excel expects the separator of the system's region; the language is the best indication.
    delimiter = "," if get_language() == "en" else ";"
    name = f"customers-{timezone.localdate():%Y-%m-%d}.csv"
    return StreamingHttpResponse(
        csv_stream(export_rows(request.agency, customers), delimiter=delimiter),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
