"""Pages of customers."""

from typing import Any

from django.contrib import messages
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Model
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from customers.bulk.actions import offered
from customers.forms.customers import CustomerForm
from customers.forms.filters import CustomerFilter
from customers.models import Customer
from customers.queries.customer_page import attention, fold_runs, item_sections
from customers.queries.customers import (
    contacts_of,
    customer_items,
    customer_page_sections,
    known_customer,
    mails_to,
    merged_customers,
    review_requests_to,
)
from customers.queries.definitions import custom_values, definitions_of
from customers.services.customers import archive_customer, create_customer, erase_customer, restore_customer, update_customer
from customers.views.columns import prepare_rows
from customers.views.submissions import customer_create_page, save_edit
from partnerportal.agencies.access import AgencyRequest, agency_view
from partnerportal.agencies.models import Role
from partnerportal.audit.descriptions import ItemNames, item_key, name_items
from partnerportal.audit.models import AuditEvent
from partnerportal.core.pagination import keyset_page
from partnerportal.core.undo import success_with_undo

#: Maximum number of events on a customer's page.
TIMELINE_LENGTH = 100


@agency_view(methods=("GET",))
def customer_list(request: AgencyRequest) -> HttpResponse:
    """List the agency's customers. The search, the filters and the order are in the URL."""
    filters = CustomerFilter(request.GET, agency=request.agency, user=request.user, team=request.team)
    customers, counted = filters.listed()
    page = keyset_page(request, customers, order_by=filters.order_by())
    total, is_more = counted or filters.total(page)
    shown = filters.shown
    prepare_rows(page.items, filters.definitions, shown, request.team)
    context = {"page": page, "total": total, "total_is_more": is_more, "filters": filters, "shown": shown, "columns": shown.names}
    context["bulk_actions"] = offered(request.membership)
    return render(request, "customers/list.html", context)


@agency_view()
def add(request: AgencyRequest) -> HttpResponse:
    """“Add Customer”."""

    def create(fields: dict[str, Any]) -> Customer:
        return create_customer(agency=request.agency, by=request.user, **fields)

    return customer_create_page(request, create=create)


@agency_view()
def edit(request: AgencyRequest, pk: int) -> HttpResponse:
    customer = get_object_or_404(request.agency.customers.not_erased(), pk=pk)

    def open_form(stored: Customer) -> CustomerForm:
        definitions = definitions_of(request.agency, customer=pk)
        is_manager = request.membership.is_manager
        return CustomerForm(request.form_data, instance=stored, agency=request.agency, definitions=definitions, may_create_tags=is_manager)

    def save(form: CustomerForm) -> None:
        customer, tags = form.instance, form.cleaned_data.get("tags", [])
        customer.custom_values = form.custom_values
        update_customer(customer, changed=form.changed_fields, version=customer.version, by=request.user, tags=tags)

    form = open_form(customer)
    if request.method == "POST":
        form, is_saved = save_edit(form, save=save, reopen=open_form)
        if is_saved:
            messages.success(request, _("%(customer)s saved.") % {"customer": form.instance.numbered_name})
            return redirect(form.instance)
    # A bound form changes its instance, but the title shows the stored name.
    stored = get_object_or_404(request.agency.customers, pk=pk) if form.is_bound else customer
    return render(request, "customers/form.html", {"form": form, "customer": stored})


@agency_view(methods=("GET",))
def detail(request: AgencyRequest, pk: int) -> HttpResponse:
    """Show a customer with its items, requests, reviews, access and timeline."""
    found = known_customer(agency=request.agency.pk, pk=pk)
    if not found:
        # A merge can be undone, so the redirect is temporary.
        return redirect(get_object_or_404(request.agency.customers.not_erased(), merged=pk))
    (customer,) = found
    customer.agency = request.agency
    items = customer_items(customer)
    contacts = contacts_of(customer)
    definitions = definitions_of(request.agency, customer=pk)
    sections = [section(customer) for section in customer_page_sections]
    review_requests = review_requests_to(customers=tuple(customer.shown_keys))
    customer.mark_origin(review_requests)
    reviews = [review_request.review for review_request in review_requests if hasattr(review_request, "review")]
    emails = {contact.email for contact in contacts}
    opt_outs = request.agency.review_opt_outs.for_emails(emails)
    # Every customer has at least one event, so the annotation saves a query.
    digests = ArraySubquery(opt_outs.values("address_digest"))
    events = AuditEvent.objects.for_agency(request.agency).of_customer(*customer.shown_keys).annotate(opt_outs=digests)
    timeline = list(events[:TIMELINE_LENGTH])
    names = _names(*items["projects"], *items["tasks"], *items["domains"], *items["contracts"], *contacts)
    names |= _rated_projects(*review_requests, *reviews)
    for section in sections:
        names |= section.names
    name_items(timeline, names)
    return render(
        request,
        "customers/detail.html",
        {
            "customer": customer,
            "contacts": contacts,
            **items,
            "sections": item_sections(items, expanded=request.GET.get("show", "")),
            "attention": attention(tasks=items["tasks"], domains=items["domains"], contracts=items["contracts"]),
            **{name: value for section in sections for name, value in section.context.items()},
            "review_requests": review_requests,
            "mails": mails_to(customer),
            "opted_out": opt_outs.addresses(emails, timeline[0].opt_outs or ()) if timeline else (),  # type: ignore[attr-defined]  # annotated above
            "reviews": reviews,
            "activity": fold_runs(timeline, limit=TIMELINE_LENGTH),
            "is_new": not any(items.values()) and len(contacts) == 1 and not review_requests,
            "merged": merged_customers(customer),
            "definitions": definitions,
            "custom_values": custom_values(customer, definitions),
            "may_erase": request.membership.has_role(Role.OWNER),
            "across": False,
            "message": "",
        },
    )


def _names(*items: Model) -> ItemNames:
    return {item_key(item): str(item) for item in items}


def _rated_projects(*items: Any) -> ItemNames:
    """Return the rated projects' titles as names of reviews and review requests."""
    return {item_key(item): item.subject_label for item in items if item.is_project}


@agency_view(methods=("POST",))
def archive(request: AgencyRequest, pk: int) -> HttpResponse:
    customer = get_object_or_404(request.agency.customers.not_erased(), pk=pk)
    if archive_customer(customer, by=request.user):
        text = _("%(customer)s archived. It no longer appears in lists.") % {"customer": customer.numbered_name}
        success_with_undo(request, text, reverse("customers:restore", args=[pk]))
    return redirect(customer)


@agency_view(methods=("POST",))
def restore(request: AgencyRequest, pk: int) -> HttpResponse:
    customer = get_object_or_404(request.agency.customers.not_erased(), pk=pk)
    if restore_customer(customer, by=request.user):
        text = _("%(customer)s restored.") % {"customer": customer.numbered_name}
        success_with_undo(request, text, reverse("customers:archive", args=[pk]))
    return redirect(customer)


@agency_view(role=Role.OWNER, reauthenticate=True)
def erase(request: AgencyRequest, pk: int) -> HttpResponse:
    """Erase a customer after the user has confirmed it by entering the customer's number."""
    customer = get_object_or_404(request.agency.customers.not_erased(), pk=pk)
    number = (request.form_data.get("number", "") if request.form_data else "").strip().upper()
    if request.method == "POST" and number.removeprefix("K-") == str(customer.number):
        erase_customer(customer, by=request.user)
        messages.success(request, _("%(customer)s erased.") % {"customer": customer.reference})
        return redirect("customers:list")
    context = {
        "customer": customer,
        "counts": customer.erasure_summary(),
        "merged": customer.merged.order_by("number"),
        "wrong": request.method == "POST",
        "typed": number,
    }
    return render(request, "customers/erase.html", context)
