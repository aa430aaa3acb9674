"""Asking for reviews (staff) and giving one (whoever has the personal link)."""

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from customers.models import Customer, Project
from partnerportal.agencies.access import AgencyRequest, agency_view
from reviews.forms import ReviewForm, SelectCustomerForm, SelectSubjectForm, SendRequestForm
from reviews.mails import preview_review_request
from reviews.models import AUTHOR_LENGTH, ReviewRequest
from reviews.services import RequestClosed, refuse_own_staff, request_review, submit_review, withdraw_request

#: Marks the message that a review has just come in: the page it leads to says thank you in its own way.
JUST_SUBMITTED = "just-submitted"


@agency_view()
def request_wizard(request: AgencyRequest) -> HttpResponse:
    """“Request review”: customer, subject, sending. What was chosen so far stands in the address; only step 3 posts."""
    chosen = request.input or request.GET
    if not chosen.get("customer"):
        form = SelectCustomerForm(chosen if "customer" in chosen else None, agency=request.agency)
        return render(request, "reviews/request_customer.html", {"form": form})

    customer = _get_or_404(request.agency.customers.select_related("agency"), chosen["customer"])
    if chosen.get("subject") == "project" and chosen.get("project"):
        _get_or_404(customer.projects.all(), chosen["project"])  # 404 rather than a choice that doesn't exist
    subject = SelectSubjectForm(chosen if "subject" in chosen else None, customer=customer)
    if not subject.is_valid():
        return render(request, "reviews/request_subject.html", {"form": subject, "customer": customer})

    project: Project | None = subject.cleaned_data["project"]
    if request.method == "POST" and ("send" in request.POST or "link" in request.POST):
        try:
            review_request = request_review(customer=customer, project=project, by=request.user, by_mail="send" in request.POST)
        except ValidationError as error:
            messages.error(request, " ".join(error.messages))
        else:
            if "send" in request.POST:
                _say_if_sent(request, review_request)
            return redirect("reviews:request_detail", pk=review_request.pk)
    return _request_send(request, customer, project)


def _say_if_sent(request: AgencyRequest, review_request: ReviewRequest) -> None:
    """A double click sends nothing again and needs no word; a request sent days ago does."""
    sent_at = review_request.mailed_at
    values = {"email": review_request.customer.email, "date": date_format(localtime(sent_at), "SHORT_DATETIME_FORMAT")}
    if sent_at and timezone.now() - sent_at < timedelta(minutes=1):
        messages.success(request, _("The e-mail to %(email)s is on its way.") % values)
    else:
        messages.info(request, _("This link was sent to %(email)s on %(date)s already; no second e-mail was sent.") % values)


def _request_send(request: AgencyRequest, customer: Customer, project: Project | None) -> HttpResponse:
    existing = request.agency.review_requests.open().filter(customer=customer, project=project).first()
    request_as_mailed = existing or ReviewRequest(agency=request.agency, customer=customer, project=project)
    try:
        refuse_own_staff(customer)
    except ValidationError as error:
        refusal = " ".join(error.messages)
    else:
        refusal = ""
    context = {
        "form": SendRequestForm(customer=customer, project=project),
        "customer": customer,
        "subject_label": request_as_mailed.subject_label,
        "mail_preview": preview_review_request(request_as_mailed, by=request.user),
        "existing": existing,
        "no_email": not customer.email,
        "refusal": refusal,
    }
    return render(request, "reviews/request_send.html", context)


@agency_view(methods=("GET",))
def request_detail(request: AgencyRequest, pk: int) -> HttpResponse:
    """One review request: its state, and the link to copy while it is open."""
    requests = request.agency.review_requests.select_related("customer", "project", "review")
    return render(request, "reviews/request_detail.html", {"review_request": get_object_or_404(requests, pk=pk)})


@agency_view(methods=("POST",))
def request_withdraw(request: AgencyRequest, pk: int) -> HttpResponse:
    """Close a personal link that was given out."""
    review_request = get_object_or_404(request.agency.review_requests, pk=pk)
    try:
        withdraw_request(review_request, by=request.user)
    except RequestClosed:
        messages.info(request, _("This request had been closed already. Nothing was changed."))
    else:
        messages.success(request, _("The review request was withdrawn; its link is closed."))
    return redirect("reviews:request_detail", pk=pk)


def personal_page(view: Callable[[HttpRequest, str], HttpResponse]) -> Callable[..., HttpResponse]:
    """For pages behind a personal link: kept by no cache, found by no search engine, and their address told to nobody.

    The referrer is the bare origin, not nothing: under `no-referrer` browsers send `Origin: null`, which the check
    against forged forms rightly refuses.
    """

    @require_http_methods(["GET", "HEAD", "POST"])
    @never_cache
    @wraps(view)
    def guarded(request: HttpRequest, token: str) -> HttpResponse:
        response = view(request, token)
        response["X-Robots-Tag"] = "noindex, nofollow"
        response["Referrer-Policy"] = "strict-origin"
        return response

    return guarded


@personal_page
def rate(request: HttpRequest, token: str) -> HttpResponse:
    """The personal review page, in the customer's language. Only a POST with the form's own CSRF token saves."""
    requests = ReviewRequest.objects.select_related("agency__profile", "customer", "project", "review")
    review_request = requests.with_token(token).first()
    if review_request is None:
        return render(request, "reviews/not_found.html", status=404)
    with translation.override(review_request.customer.language):
        return _rate(request, review_request)


def _rate(request: HttpRequest, review_request: ReviewRequest) -> HttpResponse:
    if review_request.state != ReviewRequest.Status.OPEN:
        return _closed(request, review_request)
    form = ReviewForm(request.POST or None, initial={"author": review_request.customer.person_name[:AUTHOR_LENGTH]})
    if request.method == "POST" and form.is_valid():
        try:
            submit_review(review_request, **form.cleaned_data)
        except RequestClosed:
            pass  # somebody was faster with the same link: the page says what became of it
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, _("Thank you, your review is published."), extra_tags=JUST_SUBMITTED)
        if not form.errors:
            return redirect(request.path)
    context = {
        "form": form,
        "agency": review_request.agency,
        "review_request": review_request,
        "subject_label": review_request.subject_label,
        "is_project": review_request.is_project,
        "expires_at": review_request.expires_at,
    }
    return render(request, "reviews/rate.html", context)


def _closed(request: HttpRequest, review_request: ReviewRequest) -> HttpResponse:
    """What the link shows once it takes no answer any more: 200 with thanks, or 410 with the reason."""
    agency = review_request.agency
    profile = getattr(agency, "profile", None)
    context: dict[str, Any] = {
        "agency": agency,
        "profile_url": profile.get_absolute_url() if profile and profile.is_registered else None,
    }
    if review_request.state == ReviewRequest.Status.ANSWERED:
        just_submitted = any(message.extra_tags == JUST_SUBMITTED for message in messages.get_messages(request))
        return render(request, "reviews/answered.html", {**context, "review": review_request.review, "just_submitted": just_submitted})
    return render(request, "reviews/gone.html", {**context, "reason": review_request.state}, status=410)


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
