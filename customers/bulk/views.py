"""Pages of bulk actions."""

from itertools import chain, islice
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django_htmx.http import HttpResponseClientRefresh

from customers.bulk import runner, services
from customers.bulk.actions import ACTIONS, BulkAction
from customers.bulk.forms import FORMS, BulkForm
from customers.bulk.models import LeftOut
from customers.bulk.services import Selection
from customers.forms.filters import CustomerFilter
from customers.forms.selection import MAX_SELECTED, list_query, selected_customers, selected_numbers
from customers.models import BulkJob, Customer
from customers.services.submissions import AlreadyAdded
from partnerportal.agencies.access import AgencyRequest, agency_view
from partnerportal.core.addresses import address
from partnerportal.core.redirects import redirect_back
from partnerportal.core.undo import success_with_undo

#: Maximum number of customers listed as left out.
MAX_LISTED = 100


@agency_view(methods=("GET",))
def index(request: AgencyRequest) -> HttpResponse:
    """List the agency's recent bulk actions."""
    jobs = request.agency.bulk_jobs.select_related("started_by").order_by("-pk")[:MAX_LISTED]
    return render(request, "customers/bulk/index.html", {"jobs": [(job, _title(job), job.get_status_display()) for job in jobs]})


@agency_view()
def start(request: AgencyRequest) -> HttpResponse:
    """Ask for an action's input, show what it would do, and start it for the customers in the query string."""
    query = list_query(request.GET)
    back = f"{reverse('customers:list')}{'?' * bool(query)}{query}"
    action = ACTIONS.get(request.GET.get("action", ""))
    numbers = selected_numbers(request.GET)
    if problem := _problem(action, numbers, is_all="all" in request.GET):
        messages.warning(request, problem)
        return redirect(back)
    assert action  # noqa: S101  # else there is a problem
    if not request.membership.has_role(action.role):
        raise PermissionDenied
    if action.page:
        return redirect(f"{reverse(action.page)}?{request.GET.urlencode()}")
    selection, customers = _selection(request, query, None if "all" in request.GET else numbers)
    form = FORMS.get(action.key, BulkForm)(request.form_data, agency=request.agency, cancel=back)
    is_complete = form.is_valid() if form.is_bound else not form.inputs
    preview, is_different = None, False
    if is_complete and "change" not in request.POST:
        values = form.values if form.is_bound else {}
        preview = services.preview(customers, action, values)
        if request.method == "POST" and "confirm" in request.POST:
            if preview.changed and request.POST.get("changed") == str(preview.changed):
                return _begin(request, action, selection, form, total=preview.total, back=back)
            # A second click, after the first one has changed everything.
            if job := services.job_of_form(request.agency, form.cleaned_data["form_number"]):
                return redirect("customers:bulk_detail", job.pk)
            is_different = True
    context = {
        "action": action,
        "form": form,
        "preview": preview,
        "total": preview.total if preview else customers.count(),
        "left_out": _reasons(preview.left_out) if preview else [],
        "button": action.button % {"count": preview.changed} if preview else "",
        "is_different": is_different,
        "is_large": preview and preview.total > runner.DIRECT_LIMIT,
        "back": back,
    }
    return render(request, "customers/bulk/start.html", context)


@agency_view(methods=("GET",))
def detail(request: AgencyRequest, pk: int) -> HttpResponse:
    """Show the progress of an action, then its result."""
    job = get_object_or_404(request.agency.bulk_jobs.select_related("started_by", "undone_by"), pk=pk)
    if request.htmx and not job.is_at_work:  # type: ignore[attr-defined]  # set by django_htmx's middleware
        # The request comes from the progress bar, which this page no longer contains.
        return HttpResponseClientRefresh()
    is_undone = bool(job.undone_batches)
    counts = {reason: job.counts.get(f"kept_{reason}" if is_undone else reason, 0) for reason in LeftOut.values}
    action = ACTIONS.get(job.action)
    context = {
        "job": job,
        "title": _title(job),
        "reasons": _reasons(counts),
        "left_out": [] if job.is_at_work else _left_out(job, "not_undone" if is_undone else "left_out"),
        "more": sum(counts.values()) - MAX_LISTED,
        "unmatched": job.progress_total - job.progress if job.status == BulkJob.Status.DONE else 0,
        "may_undo": action and request.membership.has_role(action.role),
        "is_undone": is_undone,
    }
    return render(request, "customers/bulk/detail.html", context)


@agency_view(methods=("POST",))
def stop(request: AgencyRequest, pk: int) -> HttpResponse:
    job = _job(request, pk)
    if services.stop(job):
        messages.success(request, _("Action stopped."))
    return redirect("customers:bulk_detail", pk)


@agency_view(methods=("POST",))
def undo(request: AgencyRequest, pk: int) -> HttpResponse:
    job = _job(request, pk)
    page = reverse("customers:bulk_detail", args=[pk])
    if not services.start_undo(job, by=request.user):
        messages.warning(request, _("This action can no longer be undone."))
        return redirect(page)
    job.refresh_from_db()
    runner.process(job)
    job.refresh_from_db()
    if job.is_at_work or job.undone < job.changed:
        return redirect(page)
    text = ngettext("Undone for %(count)d customer.", "Undone for %(count)d customers.", job.undone)
    messages.success(request, text % {"count": job.undone})
    return redirect_back(request, page)


def _job(request: AgencyRequest, pk: int) -> BulkJob:
    """Return the agency's job, if the member may do its action."""
    job = get_object_or_404(request.agency.bulk_jobs, pk=pk)
    action = ACTIONS.get(job.action)
    if action is None:
        raise Http404
    if not request.membership.has_role(action.role):
        raise PermissionDenied
    return job


def _problem(action: BulkAction | None, numbers: list[int], *, is_all: bool) -> str:
    """Return what is wrong with the selection, or an empty string."""
    if not is_all and not numbers:
        return _("Select at least one customer.")
    if not is_all and len(numbers) > MAX_SELECTED:
        return _("Select up to %(limit)d customers, or every match.") % {"limit": MAX_SELECTED}
    return "" if action else _("Select an action.")


def _selection(request: AgencyRequest, query: str, numbers: list[int] | None) -> tuple[Selection, QuerySet[Customer]]:
    """Return the selection, and its customers. Results of a search that were ranked are selected one by one."""
    if numbers is None:
        filters = CustomerFilter(request.GET, agency=request.agency, user=request.user, team=request.team)
        query = list_query(QueryDict(filters.valid_query))
        found, _count, is_more = filters.customers()
        if not filters.chosen["q"]:
            return Selection(None, query), found
        if is_more:
            customers = runner.matching(request.agency, query, request.user)
            assert customers is not None  # noqa: S101  # the query string is valid
            return Selection(None, query), customers
        numbers = sorted(found.values_list("number", flat=True))
    return Selection(numbers, ""), selected_customers(request.agency, numbers)


def _begin(request: AgencyRequest, action: BulkAction, selection: Selection, form: BulkForm, *, total: int, back: str) -> HttpResponse:
    """Start the action. A small one is done at once, with a message that undoes it."""
    number = form.cleaned_data["form_number"]
    try:
        job = services.start(
            agency=request.agency, selection=selection, action=action, values=form.values, total=total, by=request.user, form_number=number
        )
    except AlreadyAdded as error:
        return redirect("customers:bulk_detail", error.added_id)
    runner.process(job)
    job.refresh_from_db()
    page = reverse("customers:bulk_detail", args=[job.pk])
    if job.status != BulkJob.Status.DONE or not job.changed:
        return redirect(page)
    text = f"{_title(job)}."
    if left := job.progress - job.changed:
        text += " " + ngettext("%(count)d left out.", "%(count)d left out.", left) % {"count": left}
    success_with_undo(request, text, reverse("customers:bulk_undo", args=[job.pk]))
    return redirect(back)


def _title(job: BulkJob) -> str:
    """Return what a job has changed, or the name of its action while it is running."""
    action = ACTIONS.get(job.action)
    if action is None:
        return job.action
    return str(action.label if job.status == BulkJob.Status.RUNNING else action.done % {"count": job.changed})


def _reasons(counts: dict[str, int]) -> list[tuple[str, int]]:
    return [(str(reason.label), counts[reason]) for reason in LeftOut if counts.get(reason)]


def _left_out(job: BulkJob, name: str) -> list[Any]:
    """Return the addresses, numbers and reasons of the first customers left out."""
    rows = chain.from_iterable(job.processed.order_by("number").values_list(name, flat=True).iterator(chunk_size=10))
    return [
        # Erased customers have no page.
        ("" if reason == LeftOut.ERASED else address("customers:detail", key), Customer.reference_of(number), LeftOut(reason).label)
        for key, number, reason in islice(rows, MAX_LISTED)
    ]
