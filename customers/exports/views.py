"""Pages of an export. Uses POST because exports and downloads are recorded."""

from collections.abc import Iterable
from datetime import datetime
from itertools import chain

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django_htmx.http import HttpResponseClientRefresh

from customers.exports import services
from customers.exports.models import ExportFormat, ExportStatus, file_name
from customers.exports.workbook import workbook
from customers.forms.filters import CustomerFilter
from customers.forms.selection import MAX_SELECTED, selected_customers, selected_numbers
from customers.imports.columns import EXPORT_HEADINGS
from customers.imports.csv_output import csv_stream
from customers.imports.definitions import extra_columns
from customers.models import ExportJob
from customers.queries.export import export_batches
from customers.services.customers import record_export
from partnerportal.agencies.access import AgencyRequest, agency_view
from partnerportal.agencies.models import Role

#: Maximum number of customers in the response itself. A worker writes larger exports.
DIRECT_LIMIT = 1000


@agency_view(role=Role.MANAGER, reauthenticate=True)
def export(request: AgencyRequest) -> HttpResponseBase:
    """Export the customers that match the filter in the URL or are selected in it, and list the agency's previous exports."""
    filters = CustomerFilter(request.GET, agency=request.agency, user=request.user, team=request.team)
    customers, _count, _is_more = filters.customers()
    numbers = [] if "all" in request.GET else selected_numbers(request.GET)[:MAX_SELECTED]
    if numbers:
        customers = selected_customers(request.agency, numbers).not_erased()
    count = customers.count()
    if request.method != "POST":
        jobs = request.agency.export_jobs.select_related("started_by").order_by("-pk")
        return render(
            request, "customers/export/index.html", {"count": count, "filters": filters, "jobs": jobs, "is_selection": bool(numbers)}
        )
    file_format = ExportFormat.XLSX if request.POST.get("format") == ExportFormat.XLSX else ExportFormat.CSV
    # Excel expects the separator of the system's region; the language is the best indication.
    delimiter = "," if get_language() == "en" else ";"
    extra = extra_columns(filters.definitions)
    if count > DIRECT_LIMIT:
        job, is_new = services.start_export(
            agency=request.agency,
            query=filters.valid_query,
            file_format=file_format,
            delimiter=delimiter,
            extra=extra,
            total=count,
            by=request.user,
        )
        if not is_new:
            messages.info(request, _("Another export is still running. Stop it before you start a new one."))
        return redirect("customers:export_detail", job.pk)
    record_export(request.agency, count=count, by=request.user)
    rows = (row for _number, batch in export_batches(request.agency, customers, extra=extra) for row in batch)
    headings = [*EXPORT_HEADINGS, *(heading for _key, heading in extra)]
    is_csv = file_format == ExportFormat.CSV
    content = csv_stream(chain([headings], rows), delimiter=delimiter) if is_csv else workbook(headings, rows)
    return _attachment(content, file_format, timezone.now())


@agency_view(role=Role.MANAGER, reauthenticate=True)
def detail(request: AgencyRequest, pk: int) -> HttpResponseBase:
    """Show the progress of an export, or download its file."""
    job = get_object_or_404(request.agency.export_jobs.select_related("agency", "started_by"), pk=pk)
    if request.method == "POST" and job.status == ExportStatus.READY:
        return _attachment(services.download(job, by=request.user), ExportFormat(job.file_format), job.created_at)
    if request.htmx and not job.is_running:  # type: ignore[attr-defined]  # set by django_htmx's middleware
        # The request comes from the progress bar, which this page no longer contains.
        return HttpResponseClientRefresh()
    return render(request, "customers/export/detail.html", {"job": job})


@agency_view(role=Role.MANAGER, methods=("POST",))
def remove(request: AgencyRequest, pk: int) -> HttpResponse:
    """Stop an export, or delete its file."""
    job: ExportJob = get_object_or_404(request.agency.export_jobs, pk=pk)
    services.remove(job)
    messages.success(request, _("Export stopped.") if job.is_running else _("Export deleted."))
    return redirect("customers:export")


def _attachment(content: Iterable[bytes], file_format: ExportFormat, when: datetime) -> StreamingHttpResponse:
    headers = {"Content-Disposition": f'attachment; filename="{file_name(when, file_format)}"'}
    return StreamingHttpResponse(content, content_type=file_format.content_type, headers=headers)
