"""Pages for customers. Every object is fetched through `request.agency`."""

from typing import Any

from django.contrib import messages
from django.db.models import Exists, Model
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from customers.forms.customers import CustomerForm
from customers.forms.filters import CustomerFilter
from customers.models import Customer
from customers.queries.customers import customer_items, customer_page_sections, with_open_work
from customers.services.customers import archive_customer, create_customer, erase_customer, restore_customer, update_customer
from customers.views.submissions import customer_create_page
from partnerportal.agencies.access import AgencyRequest, agency_view
from partnerportal.agencies.models import Role
from partnerportal.audit.descriptions import ItemNames, item_key, name_items
from partnerportal.audit.models import AuditEvent
from partnerportal.core.pagination import keyset_page
from partnerportal.core.versions import EditConflict

#: A customer's page shows this many events; older ones stay in the audit.
TIMELINE_LENGTH = 50


@agency_view(methods=("GET",))
def customer_list(request: AgencyRequest) -> HttpResponse:
    """The agency's customers: searched, filtered, sorted; the address holds it all."""
    filters = CustomerFilter(request.GET, agency=request.agency, user=request.user, team=request.team)
    customers, total, more = filters.customers()
    page = keyset_page(request, with_open_work(customers), order_by=filters.order_by())
    return render(request, "customers/list.html", {"page": page, "total": total, "total_is_more": more, "filters": filters})


@agency_view()
def add(request: AgencyRequest) -> HttpResponse:
    """“Add Customer”."""

    def create(fields: dict[str, Any]) -> Customer:
        return create_customer(agency=request.agency, by=request.user, **fields)

    return customer_create_page(request, create=create)


@agency_view()
def edit(request: AgencyRequest, pk: int) -> HttpResponse:
    """Change what is known about a customer."""
    customer = get_object_or_404(request.agency.customers.known(), pk=pk)
    form = CustomerForm(request.form_data, instance=customer, agency=request.agency)
    while request.method == "POST" and form.is_valid():
        customer = form.instance
        try:
            update_customer(customer, changed=form.changed_here, version=customer.version, by=request.user)
        except Customer.DoesNotExist as gone:
            raise Http404 from gone
        except EditConflict as meanwhile:
            form = CustomerForm(request.form_data, instance=meanwhile.saved, agency=request.agency)
        else:
            messages.success(request, _("%(customer)s saved.") % {"customer": customer.numbered_name})
            return redirect(customer)
    # The page's title keeps the name that is saved, not the one being typed.
    saved = get_object_or_404(request.agency.customers, pk=pk) if form.is_bound else customer
    return render(request, "customers/form.html", {"form": form, "customer": saved})


@agency_view(methods=("GET",))
def detail(request: AgencyRequest, pk: int) -> HttpResponse:
    """Everything about one customer."""
    customer = get_object_or_404(request.agency.customers.known().select_related("responsible"), pk=pk)
    items = customer_items(customer)
    sections = [section(customer) for section in customer_page_sections]
    review_requests = list(customer.review_requests.select_related("agency", "project", "review__comment").order_by("-pk"))
    reviews = [review_request.review for review_request in review_requests if hasattr(review_request, "review")]
    # Every customer has at least one event. The annotation saves a query.
    has_opted_out = Exists(request.agency.review_opt_outs.of(customer.email))
    events = AuditEvent.objects.for_agency(request.agency).of_customer(customer.pk).annotate(has_opted_out=has_opted_out)
    timeline = list(events[:TIMELINE_LENGTH])
    names = _names(*items["projects"], *items["tasks"], *items["domains"], *items["contracts"])
    names |= _rated_projects(*review_requests, *reviews)
    for section in sections:
        names |= section.names
    name_items(timeline, names)
    return render(
        request,
        "customers/detail.html",
        {
            "customer": customer,
            **items,
            **{name: value for section in sections for name, value in section.context.items()},
            "review_requests": review_requests,
            "wants_no_review_mails": any(event.has_opted_out for event in timeline),  # type: ignore[attr-defined]  # annotated above
            "reviews": reviews,
            "timeline": timeline,
            "may_erase": request.membership.has_role(Role.OWNER),
        },
    )


def _names(*items: Model) -> ItemNames:
    return {item_key(item): str(item) for item in items}


def _rated_projects(*reviewed: Any) -> ItemNames:
    """Reviews and their requests are named by the project that they rate; without a name, they rate the company."""
    return {item_key(item): item.subject_label for item in reviewed if item.is_project}


@agency_view(methods=("POST",))
def archive(request: AgencyRequest, pk: int) -> HttpResponse:
    """Put a customer aside."""
    customer = get_object_or_404(request.agency.customers.known(), pk=pk)
    if archive_customer(customer, by=request.user):
        messages.success(request, _("%(customer)s archived. You can restore it at any time.") % {"customer": customer.numbered_name})
    return redirect(customer)


@agency_view(methods=("POST",))
def restore(request: AgencyRequest, pk: int) -> HttpResponse:
    """Bring an archived customer back."""
    customer = get_object_or_404(request.agency.customers.known(), pk=pk)
    if restore_customer(customer, by=request.user):
        messages.success(request, _("%(customer)s restored.") % {"customer": customer.numbered_name})
    return redirect(customer)


@agency_view(role=Role.OWNER, reauthenticate=True)
def erase(request: AgencyRequest, pk: int) -> HttpResponse:
    """Remove everything personal about a customer, after naming what goes and what stays; the number confirms it."""
    customer = get_object_or_404(request.agency.customers.known(), pk=pk)
    typed = (request.form_data.get("number", "") if request.form_data else "").strip().upper()
    wrong = request.method == "POST" and typed.removeprefix("K-") != str(customer.number)
    if request.method == "POST" and not wrong:
        erase_customer(customer, by=request.user)
        messages.success(request, _("%(customer)s erased.") % {"customer": customer.reference})
        return redirect("customers:list")
    counts = customer.what_will_go()
    return render(request, "customers/erase.html", {"customer": customer, "counts": counts, "wrong": wrong, "typed": typed})
