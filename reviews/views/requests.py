"""Asking for reviews, for agency staff: the wizard, the requests, and what can be done with one."""

from datetime import timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from customers.models import Customer, Project
from partnerportal.agencies.access import AgencyRequest, agency_view
from partnerportal.core.pagination import keyset_page
from partnerportal.core.pending import InvalidTransition
from reviews.forms.requests import RequestFilter, SelectCustomerForm, SelectSubjectForm, SendRequestForm
from reviews.mails import default_texts, preview_review_request
from reviews.models import ReviewRequest
from reviews.services.requests import ensure_can_email, ensure_not_own_staff, replace_link, request_review, resend_request, withdraw_request


@agency_view()
def request_wizard(request: AgencyRequest) -> HttpResponse:
    """“Request review”: customer, subject, sending. What was chosen so far stands in the address; only step 3 posts."""
    chosen = request.form_data or request.GET
    if not chosen.get("customer") or "search" in chosen:
        going_on = ("customer" in chosen or "q" in chosen) and "search" not in chosen
        form = SelectCustomerForm(chosen if going_on else None, agency=request.agency, query=chosen.get("q", ""))
        return render(request, "reviews/request_customer.html", {"form": form})

    customer = _get_or_404(request.agency.customers.active().select_related("agency"), chosen["customer"])
    if chosen.get("subject") == "project" and chosen.get("project"):
        _get_or_404(customer.projects.all(), chosen["project"])  # 404 rather than a choice that doesn't exist
    subject = SelectSubjectForm(chosen if "subject" in chosen else None, customer=customer)
    if not subject.is_valid():
        return render(request, "reviews/request_subject.html", {"form": subject, "customer": customer})
    return _send_step(request, customer, subject.cleaned_data["project"])


def _send_step(request: AgencyRequest, customer: Customer, project: Project | None) -> HttpResponse:
    """Step 3: the mail as it will look, and how the link reaches the customer."""
    requests = request.agency.review_requests
    existing = requests.pending().filter(customer=customer, project=project).first()
    before = None if existing else requests.asked_lately(customer, project).first()
    no_mail, refusal = _refused(ensure_can_email, customer), _refused(ensure_not_own_staff, customer)
    draft = existing or ReviewRequest(agency=request.agency, customer=customer, project=project)
    form = SendRequestForm(
        request.form_data,
        instance=draft,
        customer=customer,
        project=project,
        usual=default_texts(draft, by=request.user),
        by_mail=no_mail is None,
        asked_lately=before is not None,
    )
    valid = form.is_valid()
    if request.method == "POST" and valid and ("send" in request.POST or "link" in request.POST):
        try:
            review_request = request_review(
                customer=customer, project=project, by=request.user, by_mail="send" in request.POST, **form.cleaned_data
            )
        except ValidationError as error:
            form.add_error("anyway" if error.code == "asked_lately" and before else None, error)
        else:
            if "send" in request.POST:
                _say_if_sent(request, review_request)
            return redirect("reviews:request_detail", pk=review_request.pk)
    context = {
        "form": form,
        "customer": customer,
        "subject_label": draft.subject_label,
        "mail": None if no_mail or refusal else preview_review_request(draft, by=request.user),
        "existing": existing,
        "before": before,
        "ask_again_from": before and before.asked_at + timedelta(days=settings.REVIEW_REQUEST_COOLDOWN_DAYS),  # type: ignore[attr-defined]
        "no_mail": no_mail,
        "refusal": refusal,
    }
    return render(request, "reviews/request_send.html", context)


def _refused(rule: Any, customer: Customer) -> ValidationError | None:
    """Why a rule forbids it; None if it doesn't."""
    try:
        rule(customer)
    except ValidationError as error:
        return error
    return None


def _say_if_sent(request: AgencyRequest, review_request: ReviewRequest) -> None:
    """A double click sends nothing again and needs no word; a request sent days ago does."""
    values = {"email": review_request.customer.email, "date": ""}
    if not review_request.can_be_resent:
        messages.success(request, _("Review request sent to %(email)s.") % values)
    elif review_request.mailed_at:
        values["date"] = date_format(localtime(review_request.mailed_at), "SHORT_DATETIME_FORMAT")
        messages.info(request, _("This link was already sent to %(email)s on %(date)s, so no second e-mail was sent.") % values)


@agency_view(methods=("GET",))
def request_list(request: AgencyRequest) -> HttpResponse:
    """All that was asked, newest first: who waits, who answered, whom no mail reaches."""
    filters = RequestFilter(request.GET, agency=request.agency, user=request.user, team=request.team)
    page = keyset_page(request, filters.requests(), order_by=("-pk",))
    return render(request, "reviews/requests.html", {"page": page, "filters": filters})


@agency_view(methods=("GET",))
def request_detail(request: AgencyRequest, pk: int) -> HttpResponse:
    """One review request: its state, and the link to copy while it is open."""
    requests = request.agency.review_requests.select_related("agency", "customer__agency", "project", "review", "mail")
    asked = get_object_or_404(requests, pk=pk)
    is_open = asked.current_status == ReviewRequest.Status.OPEN
    context = {
        "review_request": asked,
        "no_mail": _refused(ensure_can_email, asked.customer) if is_open else None,
        "reminder_at": is_open and _reminder_at(asked),
    }
    return render(request, "reviews/request_detail.html", context)


def _reminder_at(asked: ReviewRequest) -> Any:
    """When the reminder will go out; None if there will be none."""
    if not asked.mailed_at or asked.reminded_at or asked.undeliverable_at or not settings.REVIEW_REMINDER_DAYS:
        return None
    due = asked.mailed_at + timedelta(days=settings.REVIEW_REMINDER_DAYS)
    return max(due, timezone.now()) if due < asked.expires_at else None


@agency_view(methods=("POST",))
def request_resend(request: AgencyRequest, pk: int) -> HttpResponse:
    """Mail the link, the same one, once more."""
    asked = _asked(request, pk)
    try:
        sent = resend_request(asked, by=request.user)
    except InvalidTransition:
        _say_closed(request)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        # Of a double click, the second half: the mail is on its way already.
        text = _("Review request sent to %(email)s.") if sent else _("An e-mail to %(email)s is already on its way.")
        messages.success(request, text % {"email": asked.customer.email})
    return redirect("reviews:request_detail", pk=pk)


@agency_view(methods=("POST",))
def request_replace(request: AgencyRequest, pk: int) -> HttpResponse:
    """A new link; the old one dies at once."""
    try:
        created = replace_link(_asked(request, pk), by=request.user)
    except InvalidTransition:
        _say_closed(request)
        return redirect("reviews:request_detail", pk=pk)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect("reviews:request_detail", pk=pk)
    messages.success(request, _("New link created. The old link no longer works."))
    return redirect("reviews:request_detail", pk=created.pk)


@agency_view(methods=("POST",))
def request_withdraw(request: AgencyRequest, pk: int) -> HttpResponse:
    """Close a personal link that was given out."""
    try:
        withdraw_request(_asked(request, pk), by=request.user)
    except InvalidTransition:
        _say_closed(request)
    else:
        messages.success(request, _("Review request withdrawn. Its link no longer works."))
    return redirect("reviews:request_detail", pk=pk)


def _asked(request: AgencyRequest, pk: int) -> ReviewRequest:
    found: ReviewRequest = get_object_or_404(request.agency.review_requests.select_related("customer"), pk=pk)
    return found


def _say_closed(request: AgencyRequest) -> None:
    messages.info(request, _("This request was already closed. Nothing was changed."))


def _get_or_404(queryset: QuerySet[Any], pk: object) -> Any:
    """The row with the key that somebody typed into an address or a form.

    Raises:
        Http404: no such row, or no such kind of key.
    """
    try:
        key = forms.IntegerField(min_value=1).clean(pk)
    except ValidationError as error:
        raise Http404 from error
    return get_object_or_404(queryset, pk=key)
