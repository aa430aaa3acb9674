"""Pages for customers. Every object is fetched through `request.agency`."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from customers.forms import CustomerForm, ProjectForm
from customers.services import create_customer, create_project, update_customer
from partnerportal.agencies.access import AgencyRequest, agency_view
from partnerportal.audit.models import AuditEvent
from partnerportal.paging import keyset_page, limited_count

#: A customer's page shows this many events; older ones stay in the audit.
TIMELINE_LENGTH = 50


@agency_view(methods=("GET",))
def customer_list(request: AgencyRequest) -> HttpResponse:
    """All customers of the agency, newest first."""
    customers = request.agency.customers.all()
    total, more = limited_count(customers)
    page = keyset_page(request, customers, order_by=("-number",))
    return render(request, "customers/list.html", {"page": page, "total": total, "total_is_more": more})


@agency_view()
def add(request: AgencyRequest) -> HttpResponse:
    """“Add Customer”."""
    form = CustomerForm(request.input, agency=request.agency)
    if request.method == "POST" and form.is_valid():
        customer = create_customer(agency=request.agency, by=request.user, **form.cleaned_data)
        messages.success(request, _("%(customer)s was added.") % {"customer": customer})
        return redirect(customer)
    return render(request, "customers/form.html", {"form": form})


@agency_view()
def edit(request: AgencyRequest, pk: int) -> HttpResponse:
    """Change what is known about a customer."""
    customer = get_object_or_404(request.agency.customers, pk=pk)
    form = CustomerForm(request.input, instance=customer, agency=request.agency)
    if request.method == "POST" and form.is_valid():
        update_customer(customer, changed=form.changed_data, by=request.user)
        messages.success(request, _("%(customer)s was saved.") % {"customer": customer})
        return redirect(customer)
    # The page's title keeps the name that is saved, not the one being typed.
    saved = get_object_or_404(request.agency.customers, pk=pk) if form.is_bound else customer
    return render(request, "customers/form.html", {"form": form, "customer": saved})


@agency_view(methods=("GET",))
def detail(request: AgencyRequest, pk: int) -> HttpResponse:
    """Everything about one customer."""
    customer = get_object_or_404(request.agency.customers, pk=pk)
    review_requests = list(customer.review_requests.select_related("project", "review").order_by("-pk"))
    return render(
        request,
        "customers/detail.html",
        {
            "customer": customer,
            "projects": customer.projects.order_by("-pk"),
            "review_requests": review_requests,
            "reviews": [asked.review for asked in review_requests if hasattr(asked, "review")],
            "timeline": AuditEvent.objects.for_agency(request.agency).of_customer(customer.pk)[:TIMELINE_LENGTH],
        },
    )


@agency_view()
def project_add(request: AgencyRequest, pk: int) -> HttpResponse:
    """Add a project to a customer."""
    customer = get_object_or_404(request.agency.customers, pk=pk)
    form = ProjectForm(request.input, customer=customer)
    if request.method == "POST" and form.is_valid():
        project = create_project(customer, by=request.user, **form.cleaned_data)
        messages.success(request, _("The project “%(title)s” was added.") % {"title": project})
        return redirect(customer)
    return render(request, "customers/project_form.html", {"form": form, "customer": customer})
