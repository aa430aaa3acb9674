"""Access requests: staff ask, the asked client grants or declines."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from invitations.forms.access_requests import GrantAccessForm, RequestAccessForm, requestable_addresses
from invitations.models import AccessRequest
from invitations.services.access_requests import decline_request, grant_request, request_access, resend_request, withdraw_request
from invitations.views.client import requests_for_user
from invitations.views.feedback import explain_conflict
from partnerportal.agencies.access import AgencyRequest, ClientRequest, agency_view, client_view
from partnerportal.core.pending import InvalidTransition
from partnerportal.core.personal_pages import personal_page

# --- Staff -------------------------------------------------------------------------------------------------------------


@agency_view()
def access_request_create(request: AgencyRequest, pk: int) -> HttpResponse:
    """“Send access request” on a customer's page."""
    customer = get_object_or_404(request.agency.customers.active(), pk=pk)
    if not requestable_addresses(customer):
        return render(request, "invitations/request_access.html", {"customer": customer})
    form = RequestAccessForm(request.form_data, customer=customer)
    if request.method == "POST" and form.is_valid():
        try:
            asked = request_access(customer=customer, by=request.user, **form.cleaned_data)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, _("Access request sent to %(email)s.") % {"email": asked.email})
            return redirect(customer)
    return render(request, "invitations/request_access.html", {"customer": customer, "form": form})


@agency_view(methods=("POST",))
def resend(request: AgencyRequest, pk: int) -> HttpResponse:
    """Mail the link once more."""
    asked = _asked(request, pk)
    try:
        sent = resend_request(asked, by=request.user)
    except InvalidTransition as taken:
        explain_conflict(request, taken)
    else:
        if sent:
            messages.success(request, _("Access request resent to %(email)s.") % {"email": asked.email})
        else:
            messages.info(request, _("It was sent a moment ago, so no second e-mail was sent."))
    return redirect(asked.customer)


@agency_view(methods=("POST",))
def withdraw(request: AgencyRequest, pk: int) -> HttpResponse:
    """No longer ask."""
    asked = _asked(request, pk)
    try:
        withdraw_request(asked, by=request.user)
    except InvalidTransition as taken:
        explain_conflict(request, taken)
    else:
        messages.success(request, _("Access request withdrawn. Its link no longer works."))
    return redirect(asked.customer)


def _asked(request: AgencyRequest, pk: int) -> AccessRequest:
    requests = request.agency.access_requests.select_related("customer").exclude(customer__status="erased")
    asked: AccessRequest = get_object_or_404(requests, pk=pk)
    return asked


# --- Whoever is asked --------------------------------------------------------------------------------------------------


def access_request_page(view: Callable[[ClientRequest, AccessRequest], HttpResponse]) -> Callable[..., Any]:
    """For the pages behind the mailed link: only the asked address gets further, no search engine finds them."""

    @personal_page
    @wraps(view)
    def guarded(request: ClientRequest, token: str) -> HttpResponse:
        found = AccessRequest.objects.select_related("agency", "customer", "requested_by", "invitation")
        asked = found.with_token(token).first()
        if asked is None:
            raise Http404
        if requests_for_user(request.user).filter(pk=asked.pk).exists():
            return view(request, asked)
        return render(request, "invitations/access_request_wrong_account.html", {"asked": asked}, status=403)

    return guarded


def _to_answer(token: str) -> str:
    asked = AccessRequest.objects.select_related("agency").with_token(token).first()
    if asked is None:
        return ""
    text = _("%(agency)s is requesting access. To view the request, sign in with the address we wrote to.")
    return text % {"agency": asked.agency}


@client_view(why=_to_answer)
@access_request_page
def answer_request(request: ClientRequest, asked: AccessRequest) -> HttpResponse:
    """Who asks for what; a POST grants it, or less. A GET grants nothing."""
    if asked.current_status != AccessRequest.Status.PENDING:
        return _answered(request, asked)
    form = GrantAccessForm(request.form_data, asked=asked)
    if request.method == "POST" and form.is_valid():
        try:
            grant_request(asked, client=request.user, **form.cleaned_data)
        except InvalidTransition as taken:
            explain_conflict(request, taken)
            return redirect("invitations:access_list")
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, _("%(agency)s now has access. You can change or revoke it here.") % {"agency": asked.agency})
            return redirect("invitations:access_list")
    return render(request, "invitations/access_request.html", {"asked": asked, "agency": asked.agency, "form": form})


@client_view(methods=("POST",))
@access_request_page
def decline(request: ClientRequest, asked: AccessRequest) -> HttpResponse:
    """The asked client says no."""
    try:
        decline_request(asked)
    except InvalidTransition as taken:
        explain_conflict(request, taken)
    else:
        messages.success(request, _("Request declined. %(agency)s has been notified, and no access was given.") % {"agency": asked.agency})
    return redirect("invitations:access_list")


def _answered(request: HttpRequest, asked: AccessRequest) -> HttpResponse:
    """What the link shows once it takes no answer any more."""
    return render(request, "invitations/access_request_closed.html", {"asked": asked, "agency": asked.agency}, status=410)
