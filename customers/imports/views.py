"""Pages of an import. The detail page shows the current step, so that users can leave and return."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import content_disposition_header
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django_htmx.http import HttpResponseClientRefresh

from customers.imports import services
from customers.imports.columns import REASON_COLUMN, field_for_heading
from customers.imports.csv_output import csv_stream
from customers.imports.domain_columns import domain_field_for_heading
from customers.imports.forms import FORMAT_FIELDS, ColumnsForm, RunForm, UploadForm
from customers.imports.models import ImportStatus, ImportSubject, RowOutcome
from customers.models import ImportJob
from partnerportal.agencies.access import AgencyRequest, agency_view
from partnerportal.agencies.models import Role
from partnerportal.core.pagination import keyset_page

#: Outcomes in the order of their tabs.
_OUTCOME_ORDER = (
    RowOutcome.IMPORTED,
    RowOutcome.NEW,
    RowOutcome.UPDATE,
    RowOutcome.POSSIBLE_DUPLICATE,
    RowOutcome.DUPLICATE_ROW,
    RowOutcome.EXISTING,
    RowOutcome.UNCHANGED,
    RowOutcome.ERROR,
)
#: Outcomes of the rows in each download. “left” contains the valid rows of a stopped import.
_DOWNLOADS = {
    "errors": (RowOutcome.ERROR,),
    "skipped": (RowOutcome.POSSIBLE_DUPLICATE, RowOutcome.DUPLICATE_ROW, RowOutcome.EXISTING),
    "left": (RowOutcome.NEW, RowOutcome.UPDATE),
}


@agency_view(role=Role.MANAGER)
def index(request: AgencyRequest) -> HttpResponse:
    """Upload a file, and list previous imports."""
    request_size = int(request.META.get("CONTENT_LENGTH") or 0)
    form = UploadForm(request.POST, request.FILES, request_size=request_size) if request.method == "POST" else UploadForm()
    if request.method == "POST" and form.is_valid():
        try:
            job = services.upload(agency=request.agency, by=request.user, file=form.cleaned_data["file"])
        except ValidationError as error:
            form.add_error("file", error)
        else:
            return redirect("customers:import_columns", job.pk)
    page = keyset_page(request, request.agency.import_jobs.select_related("started_by"), order_by=("-pk",))
    status = 413 if form.errors and form.is_too_large else 200
    return render(request, "customers/import/index.html", {"form": form, "page": page}, status=status)


@agency_view(role=Role.MANAGER)
def columns(request: AgencyRequest, pk: int) -> HttpResponse:
    """Choose the file format and map the columns, then start the check."""
    job = get_object_or_404(request.agency.import_jobs, pk=pk)
    if job.status not in {ImportStatus.UPLOADED, ImportStatus.CHECKED}:
        return redirect("customers:import_detail", pk)
    sample = services.sample(job)
    form = ColumnsForm(request.form_data, job=job, sample=sample)
    if request.method == "POST" and form.is_valid():
        if form.format_changed:
            file_format = {name: form.cleaned_data.get(name, getattr(job, name)) for name in FORMAT_FIELDS}
            if services.change_format(job, **file_format):
                messages.info(request, _("Preview reloaded. Check the column mapping."))
            else:
                messages.error(request, _("This file has been deleted. Upload it again."))
            return redirect("customers:import_columns", pk)
        if not services.start_check(job, columns=form.columns, language=get_language() or request.agency.language, by=request.user):
            messages.error(request, _("This file has been deleted. Upload it again."))
        return redirect("customers:import_detail", pk)
    return render(request, "customers/import/columns.html", {"form": form, "job": job, "sample": sample})


@agency_view(role=Role.MANAGER, methods=("GET",))
def detail(request: AgencyRequest, pk: int) -> HttpResponse:
    """Show the progress of an import, or the outcome of each row."""
    job = get_object_or_404(request.agency.import_jobs, pk=pk)
    if job.status == ImportStatus.UPLOADED:
        return redirect("customers:import_columns", pk)
    if job.is_running:
        return render(request, "customers/import/running.html", {"job": job})
    if request.htmx:  # type: ignore[attr-defined]  # set by django_htmx's middleware
        # The request comes from the progress bar, which this page no longer contains.
        return HttpResponseClientRefresh()
    outcome = request.GET.get("outcome", "")
    rows = job.rows.select_related("duplicate_of", "customer")
    if outcome in RowOutcome:
        rows = rows.filter(outcome=outcome)
    downloadable = {name: sum(job.counts.get(value, 0) for value in outcomes) for name, outcomes in _DOWNLOADS.items()}
    context = {
        "job": job,
        "form": RunForm(None, job=job) if job.status == ImportStatus.CHECKED else None,
        "page": keyset_page(request, rows, order_by=("line",)),
        "outcome": outcome,
        "tabs": [(kind.value, kind.label, job.counts[kind]) for kind in _OUTCOME_ORDER if job.counts.get(kind)],
        "total": sum(job.counts.values()),
        "ignored_columns": job.ignored_columns,
        "to_correct": downloadable["errors"],
        "skipped": downloadable["skipped"],
        # If nothing was imported, users can use the original file instead.
        "left": downloadable["left"] if job.finished_at and job.counts.get(RowOutcome.IMPORTED) else 0,
    }
    return render(request, "customers/import/detail.html", context)


@agency_view(role=Role.MANAGER, methods=("POST",))
def run(request: AgencyRequest, pk: int) -> HttpResponse:
    """Import the checked rows."""
    job = get_object_or_404(request.agency.import_jobs, pk=pk)
    form = RunForm(request.POST, job=job)
    if form.is_valid():
        services.start_import(job, import_duplicates=form.cleaned_data.get("import_duplicates", False), by=request.user)
    return redirect("customers:import_detail", pk)


@agency_view(role=Role.MANAGER, methods=("POST",))
def cancel(request: AgencyRequest, pk: int) -> HttpResponse:
    """Stop a check or an import."""
    job = get_object_or_404(request.agency.import_jobs, pk=pk)
    if services.cancel(job, by=request.user):
        messages.success(request, _("Import stopped. What was imported so far has been kept."))
    return redirect("customers:import_detail", pk)


@agency_view(role=Role.MANAGER, methods=("POST",))
def remove(request: AgencyRequest, pk: int) -> HttpResponse:
    """Delete an import and its stored data."""
    job = get_object_or_404(request.agency.import_jobs, pk=pk)
    if not services.remove(job):
        messages.error(request, _("The import is still running. Stop it first."))
        return redirect("customers:import_detail", pk)
    messages.success(request, _("Import of %(file)s removed. What it imported has been kept.") % {"file": job.file_name})
    return redirect("customers:import")


@agency_view(role=Role.MANAGER, methods=("GET",))
def download_skipped(request: AgencyRequest, pk: int) -> HttpResponseBase:
    """Download rows that weren't imported, with the reason, to correct and import them again."""
    job = get_object_or_404(request.agency.import_jobs, pk=pk)
    name = next((name for name in _DOWNLOADS if name in request.GET), "errors")
    disposition = content_disposition_header(as_attachment=True, filename=f"{Path(job.file_name).stem}-{name}.csv")
    return StreamingHttpResponse(
        csv_stream(_skipped_rows(job, _DOWNLOADS[name]), delimiter=job.delimiter),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": disposition or "attachment"},
    )


def _skipped_rows(job: ImportJob, outcomes: Sequence[str]) -> Iterator[list[str]]:
    mapping, width = job.columns, len(job.headings)
    field_of = domain_field_for_heading if job.subject == ImportSubject.DOMAINS else field_for_heading
    # Manually mapped columns get a heading that the next import recognizes.
    yield [
        heading if field_of(heading) == mapping.get(column, "") else mapping.get(column, heading)
        for column, heading in enumerate(job.headings)
    ] + [REASON_COLUMN]
    for row in job.rows.filter(outcome__in=outcomes).select_related("duplicate_of").order_by("line").iterator(chunk_size=500):
        yield [*row.cells, *[""] * (width - len(row.cells)), row.explanation]
