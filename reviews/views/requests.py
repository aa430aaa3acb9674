"""Review requests for agency staff: the wizard, the list, and actions on one request."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, cast

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from customers.models import Contact, Customer
from partnerportal.agencies.access import AgencyRequest, agency_view
from partnerportal.core.pagination import keyset_page
from partnerportal.core.pending import InvalidTransition
from partnerportal.core.qr_codes import qr_code
from partnerportal.core.redirects import redirect_back
from reviews.forms.requests import RequestFilter, SelectCustomerForm, SelectSubjectForm, SendRequestForm
from reviews.mails import default_texts, preview_review_request
from reviews.models import ReviewRequest
from reviews.services.requests import ensure_can_email, ensure_not_own_staff, replace_link, request_review, resend_request, withdraw_request


@agency_view()
def request_wizard(request: AgencyRequest) -> HttpResponse:
    """“Request review”: customer, subject, sending. Earlier choices are in the URL; only step 3 posts."""
    data = request.form_data or request.GET
    if not data.get("customer") or "search" in data:
        continued = ("customer" in data or "q" in data) and "search" not in data
        form = SelectCustomerForm(data if continued else None, agency=request.agency, query=data.get("q", ""))
        return render(request, "reviews/request_customer.html", {"form": form})

    customer = _get_or_404(request.agency.customers.active().select_related("agency"), data["customer"])
    if data.get("subject") == "project" and data.get("project"):
        _get_or_404(customer.projects.all(), data["project"])
    subject_form = SelectSubjectForm(data if "subject" in data else None, customer=customer)
    if not subject_form.is_valid():
        return render(request, "reviews/request_subject.html", {"form": subject_form, "customer": customer})
    return _send_step(request, customer, subject_form)


def _send_step(request: AgencyRequest, customer: Customer, chosen: SelectSubjectForm) -> HttpResponse:
    """Show step 3 with a preview of the e-mail, or request the review."""
    project, recipients = chosen.cleaned_data["project"], chosen.recipients
    requests = request.agency.review_requests
    existing = requests.pending().filter(customer=customer, project=project).first()
    previous = None if existing else requests.recently_requested(customer, project).first()
    draft = existing or ReviewRequest(agency=request.agency, customer=customer, project=project)
    # By default the recipient of the open request, or the primary contact, or the first other one with an address.
    default = draft.contact if draft.contact in recipients else next(iter(recipients), None)
    draft.contact = contact = chosen.chosen_contact or default
    email_error, staff_error = _error(ensure_can_email, draft.recipient), _error(ensure_not_own_staff, draft.recipient)
    form = SendRequestForm(
        request.form_data,
        instance=draft,
        customer=customer,
        project=project,
        contact=contact,
        defaults=default_texts(draft, by=request.user),
        by_mail=email_error is None,
        recently_requested=previous is not None,
    )
    is_valid = form.is_valid()
    if request.method == "POST" and is_valid and ("send" in request.POST or "link" in request.POST):
        try:
            review_request = request_review(
                customer=customer,
                project=project,
                contact=contact,
                by=request.user,
                by_mail="send" in request.POST,
                **form.cleaned_data,
            )
        except ValidationError as error:
            form.add_error("anyway" if error.code == "recently_requested" and previous else None, error)
        else:
            if "send" in request.POST:
                _add_sent_message(request, review_request)
            return redirect("reviews:request_detail", pk=review_request.pk)
    context = {
        "form": form,
        "customer": customer,
        "recipient": draft.recipient,
        "has_choice": len(recipients) > 1,
        "subject_label": draft.subject_label,
        "mail": None if email_error or staff_error else preview_review_request(draft, by=request.user),
        "existing": existing,
        "previous": previous,
        "ask_again_from": previous and previous.requested_at + timedelta(days=settings.REVIEW_REQUEST_COOLDOWN_DAYS),  # type: ignore[attr-defined]
        "email_error": email_error,
        "staff_error": staff_error,
    }
    return render(request, "reviews/request_send.html", context)


def _error(ensure: Any, recipient: Contact | Customer) -> ValidationError | None:
    """Return the error that a check raises for the recipient, if any."""
    try:
        ensure(recipient)
    except ValidationError as error:
        return error
    return None


def _add_sent_message(request: AgencyRequest, review_request: ReviewRequest) -> None:
    """Report an e-mail that was sent just now, also by a double click, or on an earlier day."""
    values = {"email": review_request.recipient.email, "date": ""}
    if not review_request.can_be_resent:
        messages.success(request, _("Review request sent to %(email)s.") % values)
    elif review_request.mailed_at:
        values["date"] = date_format(localtime(review_request.mailed_at), "SHORT_DATETIME_FORMAT")
        messages.info(request, _("This link was already sent to %(email)s on %(date)s, so no second e-mail was sent.") % values)


@agency_view(methods=("GET",))
def request_list(request: AgencyRequest) -> HttpResponse:
    """List all review requests, newest first."""
    filters = RequestFilter(request.GET, agency=request.agency, user=request.user, team=request.team)
    page = keyset_page(request, filters.requests(), order_by=("-pk",))
    for review_request in page.items:
        review_request.agency = request.agency
    return render(request, "reviews/request_list.html", {"page": page, "filters": filters})


@agency_view(methods=("GET",))
def request_detail(request: AgencyRequest, pk: int) -> HttpResponse:
    """Show a review request with its status, and its link while it is open."""
    return _detail_page(request, pk)


def _detail_page(request: AgencyRequest, pk: int) -> HttpResponse:
    related = ("agency", "customer__agency", "contact__agency", "project", "review", "mail", "round")
    requests = request.agency.review_requests.select_related(*related)
    review_request = get_object_or_404(requests, pk=pk)
    is_open = review_request.current_status == ReviewRequest.Status.OPEN
    context = {
        "review_request": review_request,
        "email_error": _error(ensure_can_email, review_request.recipient) if is_open else None,
        "reminder_at": _reminder_at(review_request) if is_open else None,
        "qr": qr_code(review_request.link, label=_("QR code of the personal link")) if is_open and review_request.link else "",
    }
    return render(request, "reviews/request_detail.html", context)


def _reminder_at(review_request: ReviewRequest) -> datetime | None:
    """Return when an open request's reminder is due; None if there is none."""
    if not review_request.mailed_at or review_request.reminded_at or review_request.undeliverable_at or not settings.REVIEW_REMINDER_DAYS:
        return None
    due = review_request.mailed_at + timedelta(days=settings.REVIEW_REMINDER_DAYS)
    return max(due, timezone.now()) if due < review_request.expires_at else None


@agency_view(methods=("POST",))
def request_resend(request: AgencyRequest, pk: int) -> HttpResponse:
    """E-mail the existing link again."""
    with errors_as_messages(request):
        messages.success(request, resend(request, _get_request(request, pk)))
    if cast(Any, request).htmx.target == "main":
        return _detail_page(request, pk)
    return redirect_back(request, reverse("reviews:request_detail", args=[pk]))


def resend(request: AgencyRequest, review_request: ReviewRequest) -> str:
    """E-mail the existing link again, and return a message about it."""
    sent = resend_request(review_request, by=request.user)
    # Not sent means a double click.
    text = _("Review request sent to %(email)s.") if sent else _("An e-mail to %(email)s is already on its way.")
    return text % {"email": review_request.recipient.email}


@agency_view(methods=("POST",))
def request_replace(request: AgencyRequest, pk: int) -> HttpResponse:
    """Replace the link, which stops working immediately."""
    review_request = _get_request(request, pk)
    with errors_as_messages(request):
        review_request = replace_link(review_request, by=request.user)
        messages.success(request, _("New link created. The old link no longer works."))
    return redirect("reviews:request_detail", pk=review_request.pk)


@agency_view(methods=("POST",))
def request_withdraw(request: AgencyRequest, pk: int) -> HttpResponse:
    """Withdraw a request, so that its link stops working."""
    review_request = _get_request(request, pk)
    with errors_as_messages(request):
        withdraw_request(review_request, by=request.user)
        messages.success(request, _("Review request withdrawn. Its link no longer works."))
    return redirect("reviews:request_detail", pk=pk)


@contextmanager
def errors_as_messages(request: AgencyRequest) -> Iterator[None]:
    """Report that a request was closed meanwhile, or that its customer can’t be asked."""
    try:
        yield
    except InvalidTransition:
        messages.info(request, _("This request was already closed. Nothing was changed."))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))


def _get_request(request: AgencyRequest, pk: int) -> ReviewRequest:
    review_request: ReviewRequest = get_object_or_404(request.agency.review_requests.select_related("customer", "contact"), pk=pk)
    return review_request


def _get_or_404(queryset: QuerySet[Any], pk: object) -> Any:
    """Return the row with a key from user input.

    Raises:
        Http404: The key is invalid, or there is no such row.
    """
    try:
        key = forms.IntegerField(min_value=1).clean(pk)
    except ValidationError as error:
        raise Http404 from error
    return get_object_or_404(queryset, pk=key)
