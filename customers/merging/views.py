"""Pages of duplicates and merges."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django_htmx.http import HttpResponseClientRefresh

from customers.merging.forms import MergeForm
from customers.merging.models import PairSearch
from customers.merging.pairs import start_search
from customers.merging.queries import fields_of, kept_rows, merge_plan, moved_rows
from customers.merging.services import MergeConflict, dismiss_pair, merge_customers
from customers.merging.undo import undo_merge
from customers.models import Customer
from customers.queries.definitions import definitions_of
from customers.views.picker import picker_options, selected_customer
from partnerportal.agencies.access import AgencyRequest, agency_view
from partnerportal.agencies.models import Role
from partnerportal.core.pagination import keyset_page
from partnerportal.core.redirects import redirect_back
from partnerportal.core.undo import success_with_undo

#: Number of recent merges on the page of duplicates.
RECENT_MERGES = 5


@agency_view(role=Role.MANAGER, methods=("GET",))
def duplicates(request: AgencyRequest) -> HttpResponse:
    """List pairs of possible duplicates, the most likely first, or those that were dismissed."""
    search = PairSearch.objects.filter(agency=request.agency).first()
    is_progress_bar = request.htmx.target == "pair-search"  # type: ignore[attr-defined]  # set by django_htmx's middleware
    if is_progress_bar and search and not search.is_running:
        # The request comes from the progress bar, which this page no longer contains.
        return HttpResponseClientRefresh()
    is_dismissed = request.GET.get("show") == "dismissed"
    pairs = request.agency.customer_pairs.select_related("first", "second", "dismissed_by")
    if is_dismissed:
        page = keyset_page(request, pairs.dismissed(), order_by=("-dismissed_at", "pk"))
    else:
        page = keyset_page(request, pairs.open(), order_by=("-score", "pk"))
    merges = request.agency.merges.undoable().select_related("first", "second", "merged_by").order_by("-pk")[:RECENT_MERGES]
    context = {"search": search, "page": page, "is_dismissed": is_dismissed, "merges": merges}
    return render(request, "customers/merging/duplicates.html", context)


@agency_view(role=Role.MANAGER, methods=("POST",))
def search(request: AgencyRequest) -> HttpResponse:
    """Search all customers for duplicates now."""
    start_search(request.agency)
    return redirect("customers:duplicates")


@agency_view(role=Role.MANAGER, methods=("POST",))
def dismiss(request: AgencyRequest, pk: int) -> HttpResponse:
    """“Not a duplicate”."""
    pair = get_object_or_404(request.agency.customer_pairs.select_related("first", "second"), pk=pk)
    dismiss_pair(pair, by=request.user, when=timezone.now())
    text = _("%(first)s and %(second)s are no longer listed as duplicates.")
    names = {"first": pair.first.numbered_name, "second": pair.second.numbered_name}
    success_with_undo(request, text % names, reverse("customers:duplicates_restore", args=[pk]))
    return redirect_back(request, reverse("customers:duplicates"))


@agency_view(role=Role.MANAGER, methods=("POST",))
def restore(request: AgencyRequest, pk: int) -> HttpResponse:
    """List a dismissed pair again."""
    pair = get_object_or_404(request.agency.customer_pairs.select_related("first", "second"), pk=pk)
    dismiss_pair(pair, by=request.user, when=None)
    messages.success(request, _("The pair is listed as a possible duplicate again."))
    return redirect_back(request, reverse("customers:duplicates"))


@agency_view(role=Role.MANAGER)
def merge(request: AgencyRequest, pk: int) -> HttpResponse:
    """Select the other customer, compare the two field by field, and merge the other one into this one."""
    customers = request.agency.customers.not_erased().select_related("responsible")
    first = customers.filter(pk=pk).first()
    if first is None:
        return _merged_since(request, pk)
    if request.method == "POST" and "customer" in request.POST:
        return redirect(f"{request.path}?{urlencode({'with': selected_customer(request.agency, request.POST).pk})}")
    other = request.GET.get("with", "")
    if not other:
        return _select_other(request, first)
    if not other.isascii() or not other.isdigit() or len(other) > 18 or int(other) == pk:
        raise Http404
    second = customers.filter(pk=int(other)).first()
    return _compare(request, first, second) if second else _merged_since(request, int(other))


def _merged_since(request: AgencyRequest, pk: int) -> HttpResponse:
    """Show the customer that this one was merged into, for example after a double click."""
    merged = get_object_or_404(request.agency.customers.select_related("merged_into"), pk=pk, status=Customer.Status.MERGED)
    text = _("%(customer)s has since been merged into %(target)s.")
    messages.info(request, text % {"customer": merged.reference, "target": merged.merged_into.reference})
    return redirect(merged.merged_into)


def _select_other(request: AgencyRequest, first: Customer) -> HttpResponse:
    fields = {name: getattr(first, name) for name in MergeForm.FIELDS}
    options = picker_options(request.agency, fields, q=request.GET.get("q", ""), without=first)
    return render(request, "customers/merging/select.html", {"customer": first, "choice": options})


def _compare(request: AgencyRequest, first: Customer, second: Customer) -> HttpResponse:
    custom_fields = definitions_of(request.agency).fields
    form = MergeForm(request.form_data, first=first, second=second, custom_fields=custom_fields)
    if request.method == "POST" and form.is_valid():
        first.version, second.version = form.cleaned_data["first_version"], form.cleaned_data["second_version"]
        try:
            log = merge_customers(first, second, values=form.values, by=request.user)
        except MergeConflict as conflict:
            messages.error(request, str(conflict))
            return redirect(f"{request.path}?{urlencode({'with': second.pk})}" if _are_current(first, second) else first)
        text = _("%(second)s has been merged into %(first)s.")
        names = {"first": log.first.numbered_name, "second": log.second.numbered_name}
        success_with_undo(request, text % names, reverse("customers:merge_undo", args=[log.pk]))
        return redirect(log.first)
    context = {
        "form": form,
        "first": first,
        "second": second,
        "plan": merge_plan(first, second),
        "swap": f"{reverse('customers:merge', args=[second.pk])}?{urlencode({'with': first.pk})}",
    }
    return render(request, "customers/merging/compare.html", context)


def _are_current(*customers: Customer) -> bool:
    keys = [customer.pk for customer in customers]
    return Customer.objects.not_erased().filter(pk__in=keys).count() == len(keys)


@agency_view(role=Role.MANAGER, methods=("GET",))
def merge_detail(request: AgencyRequest, pk: int) -> HttpResponse:
    """Show what a merge has moved and replaced, and what its undo has left."""
    log = get_object_or_404(request.agency.merges.select_related("first", "second", "merged_by", "undone_by"), pk=pk)
    context = {"log": log, "moved": moved_rows(log), "fields": fields_of(log.replaced), "kept": kept_rows(log.kept)}
    return render(request, "customers/merging/detail.html", context)


@agency_view(role=Role.MANAGER, methods=("POST",))
def undo(request: AgencyRequest, pk: int) -> HttpResponse:
    """Separate the two customers again."""
    log = get_object_or_404(request.agency.merges.select_related("first", "second"), pk=pk)
    try:
        undone = undo_merge(log, by=request.user)
    except MergeConflict as conflict:
        messages.error(request, str(conflict))
        return redirect("customers:merge_detail", pk)
    names = {"first": undone.first.numbered_name, "second": undone.second.numbered_name}
    if kept := kept_rows(undone.kept):
        text = _("%(first)s and %(second)s are separate again. Changed since and therefore kept with %(first)s: %(kept)s.")
        messages.warning(request, text % {**names, "kept": ", ".join(kept)})
    else:
        messages.success(request, _("%(first)s and %(second)s are separate again.") % names)
    return redirect(undone.second)
