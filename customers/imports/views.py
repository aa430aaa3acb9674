"""The pages of an import. The page of one shows whatever step it is at, so it can be left and come back to."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import content_disposition_header
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django_htmx.http import HttpResponseClientRefresh

from customers.imports import services
from customers.imports.columns import REASON_COLUMN, field_for_heading
from customers.imports.csv_output import csv_stream
from customers.imports.forms import ColumnsForm, RunForm, UploadForm
from customers.imports.reader import NotACSVFile, TooManyColumns
from customers.models import ImportJob, ImportRow
from partnerportal.agencies.access import AgencyRequest, agency_view
from partnerportal.agencies.models import Role
from partnerportal.core.pagination import keyset_page

Status, Outcome = ImportJob.Status, ImportRow.Outcome
#: What was reached first, what is left to do last.
_OUTCOME_ORDER = (Outcome.IMPORTED, Outcome.NEW, Outcome.TWIN, Outcome.DUPLICATE, Outcome.ERROR)
#: What comes back as a CSV: rows to correct, or to look at.
_ERRORS = (Outcome.ERROR,)
_SKIPPED = (Outcome.TWIN, Outcome.DUPLICATE)
#: What was right, and wasn't reached before an import was stopped.
_REMAINING = (Outcome.NEW,)


@agency_view(role=Role.MANAGER)
def index(request: AgencyRequest) -> HttpResponse:
    """Upload a file; below, the imports there were."""
    sent = int(request.META.get("CONTENT_LENGTH") or 0)
    form = UploadForm(request.POST, request.FILES, sent=sent) if request.method == "POST" else UploadForm()
    if request.method == "POST" and form.is_valid():
        try:
            job = services.upload(agency=request.agency, by=request.user, file=form.cleaned_data["file"])
        except NotACSVFile as error:
            form.refuse(is_workbook=error.is_workbook)
        except TooManyColumns as error:
            form.refuse_width(error.columns)
        else:
            return redirect("customers:import_columns", job.pk)
    page = keyset_page(request, request.agency.import_jobs.select_related("by"), order_by=("-pk",))
    status = 413 if form.errors and form.is_too_large else 200
    return render(request, "customers/import/index.html", {"form": form, "page": page}, status=status)


@agency_view(role=Role.MANAGER)
def columns(request: AgencyRequest, pk: int) -> HttpResponse:
    """Say how the file is written and what its columns are."""
    job = get_object_or_404(request.agency.import_jobs, pk=pk)
    if job.status not in {Status.UPLOADED, Status.CHECKED}:
        return redirect("customers:import_detail", pk)
    sample = services.sample(job)
    form = ColumnsForm(request.form_data, job=job, sample=sample)
    if request.method == "POST" and form.is_valid():
        read_anew = "read_anew" in request.POST
        if read_anew or form.reads_differently:
            how = {name: form.cleaned_data[name] for name in ("encoding", "delimiter", "has_headings")}
            if services.change_format(job, **how):
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
    """How far an import is, and what becomes, or became, of each row."""
    job = get_object_or_404(request.agency.import_jobs, pk=pk)
    if job.status == Status.UPLOADED:
        return redirect("customers:import_columns", pk)
    if job.is_running:
        return render(request, "customers/import/running.html", {"job": job})
    if request.htmx:  # type: ignore[attr-defined]  # set by django_htmx's middleware
        # The page asked how far it is; there is more to see now than a bar.
        return HttpResponseClientRefresh()
    outcome = request.GET.get("outcome", "")
    rows = job.rows.select_related("twin", "customer")
    if outcome in Outcome:
        rows = rows.filter(outcome=outcome)
    context = {
        "job": job,
        "form": RunForm(None, job=job) if job.status == Status.CHECKED else None,
        "page": keyset_page(request, rows, order_by=("line",)),
        "outcome": outcome,
        "tabs": [(kind.value, kind.label, job.counts[kind]) for kind in _OUTCOME_ORDER if job.counts.get(kind)],
        "total": sum(job.counts.values()),
        "to_correct": sum(job.counts.get(value, 0) for value in _ERRORS),
        "skipped": sum(job.counts.get(value, 0) for value in _SKIPPED),
        # Where nothing was imported, the file itself is what to go on with.
        "left": sum(job.counts.get(value, 0) for value in _REMAINING) if job.finished_at and job.counts.get(Outcome.IMPORTED) else 0,
    }
    return render(request, "customers/import/detail.html", context)


@agency_view(role=Role.MANAGER, methods=("POST",))
def run(request: AgencyRequest, pk: int) -> HttpResponse:
    """Import what the dry run found right."""
    job = get_object_or_404(request.agency.import_jobs, pk=pk)
    form = RunForm(request.POST, job=job)
    if form.is_valid():
        services.start_import(job, import_twins=form.cleaned_data.get("import_twins", False), by=request.user)
    return redirect("customers:import_detail", pk)


@agency_view(role=Role.MANAGER, methods=("POST",))
def cancel(request: AgencyRequest, pk: int) -> HttpResponse:
    """Stop a check or an import."""
    job = get_object_or_404(request.agency.import_jobs, pk=pk)
    if services.cancel(job, by=request.user):
        messages.success(request, _("Import stopped. Customers imported so far have been kept."))
    return redirect("customers:import_detail", pk)


@agency_view(role=Role.MANAGER, methods=("POST",))
def remove(request: AgencyRequest, pk: int) -> HttpResponse:
    """Throw away what is kept of an import."""
    job = get_object_or_404(request.agency.import_jobs, pk=pk)
    if not services.remove(job):
        messages.error(request, _("The import is still running. Stop it first."))
        return redirect("customers:import_detail", pk)
    messages.success(request, _("Import of %(file)s removed. Imported customers have been kept.") % {"file": job.file_name})
    return redirect("customers:import")


@agency_view(role=Role.MANAGER, methods=("GET",))
def download_rest(request: AgencyRequest, pk: int) -> HttpResponseBase:
    """The rows that were not imported, as they stood in the file, with the reason: to correct and import again."""
    job = get_object_or_404(request.agency.import_jobs, pk=pk)
    parts: dict[str, Sequence[str]] = {"skipped": _SKIPPED, "left": _REMAINING}
    suffix, wanted = next((part for part in parts.items() if part[0] in request.GET), ("errors", _ERRORS))
    name = f"{Path(job.file_name).stem}-{suffix}.csv"
    return StreamingHttpResponse(
        csv_stream(_rest(job, wanted), delimiter=job.delimiter),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": content_disposition_header(as_attachment=True, filename=name) or "attachment"},
    )


def _rest(job: ImportJob, outcomes: Sequence[str]) -> Iterator[list[str]]:
    columns, width = job.columns, len(job.headings)
    # A column that was named by hand gets a heading that is understood next time.
    yield [
        heading if field_for_heading(heading) == columns.get(place, "") else columns.get(place, heading)
        for place, heading in enumerate(job.headings)
    ] + [REASON_COLUMN]
    for row in job.rows.filter(outcome__in=outcomes).select_related("twin").order_by("line").iterator(chunk_size=500):
        cells = [*row.cells, *[""] * (width - len(row.cells))]
        yield [*cells, row.explanation]
