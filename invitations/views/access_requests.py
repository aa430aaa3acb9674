"""Pages for access requests: staff send them, clients grant or decline them."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from invitations.forms.access_requests import GrantAccessForm, RequestAccessForm
from invitations.models import AccessRequest
from invitations.services import access_requests as services
from invitations.space.addresses import client_address
from invitations.views.feedback import conflict_messages
from partnerportal.agencies.access import AgencyRequest, ClientRequest, agency_view, client_view
from partnerportal.agencies.models import Agency
from partnerportal.core.email_addresses import without_sub_address
from partnerportal.core.personal_pages import personal_page
from partnerportal.core.rate_limits import RateLimit, RateLimitExceeded, check_rate_limits

#: Maximum number of access requests of an agency, which can go to any address.
PER_AGENCY = RateLimit("access-request-agency", times=60, seconds=60 * 60)
#: The same for one agency and one mailbox.
PER_ADDRESS = RateLimit("access-request-address", times=6, seconds=24 * 60 * 60)

# --- Staff -------------------------------------------------------------------------------------------------------------


@agency_view()
def request_access(request: AgencyRequest, pk: int) -> HttpResponse:
    """Send an access request to one of a customer's addresses, or to another one."""
    customer = get_object_or_404(request.agency.customers.active(), pk=pk)
    form = RequestAccessForm(request.form_data, customer=customer)
    if request.method == "POST" and form.is_valid():
        try:
            _check_limits(request.agency, form.cleaned_data["email"])
            access_request = services.request_access(customer=customer, by=request.user, **form.cleaned_data)
        except RateLimitExceeded as error:
            form.add_error(None, str(error))
            return error.apply_to(render(request, "invitations/request_access.html", {"customer": customer, "form": form}))
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, _("Access request sent to %(email)s.") % {"email": access_request.email})
            return redirect(customer)
    return render(request, "invitations/request_access.html", {"customer": customer, "form": form})


@agency_view(methods=("POST",))
def access_request_resend(request: AgencyRequest, pk: int) -> HttpResponse:
    """Send the e-mail with the link again."""
    access_request = _access_request(request, pk)
    try:
        _check_limits(request.agency, access_request.email)
    except RateLimitExceeded as error:
        messages.error(request, str(error))
        return redirect(access_request.customer)
    with conflict_messages(request):
        if services.resend_request(access_request, by=request.user):
            messages.success(request, _("Access request resent to %(email)s.") % {"email": access_request.email})
        else:
            messages.info(request, _("It was sent a moment ago, so no second e-mail was sent."))
    return redirect(access_request.customer)


@agency_view(methods=("POST",))
def access_request_withdraw(request: AgencyRequest, pk: int) -> HttpResponse:
    """Withdraw a pending access request."""
    access_request = _access_request(request, pk)
    with conflict_messages(request):
        services.withdraw_request(access_request, by=request.user)
        messages.success(request, _("Access request withdrawn. Its link no longer works."))
    return redirect(access_request.customer)


def _check_limits(agency: Agency, email: str) -> None:
    """Raise RateLimitExceeded if the agency has sent too many access requests, in all or to this mailbox."""
    check_rate_limits((PER_AGENCY, str(agency.pk)), (PER_ADDRESS, f"{agency.pk}:{without_sub_address(email)}"))


def _access_request(request: AgencyRequest, pk: int) -> AccessRequest:
    visible = request.agency.access_requests.select_related("customer").exclude(customer__status="erased")
    access_request: AccessRequest = get_object_or_404(visible, pk=pk)
    return access_request


# --- Clients -----------------------------------------------------------------------------------------------------------


def access_request_page(view: Callable[[ClientRequest, AccessRequest], HttpResponse]) -> Callable[..., Any]:
    """Decorate a view behind the personal link. Only the user with the requested address can open it."""

    @personal_page
    @wraps(view)
    def guarded(request: ClientRequest, token: str) -> HttpResponse:
        access_requests = AccessRequest.objects.select_related("agency", "customer", "requested_by", "invitation", "project")
        access_request = access_requests.with_token(token).first()
        if access_request is None:
            raise Http404
        if AccessRequest.objects.sent_to(request.user).filter(pk=access_request.pk).exists():
            return view(request, access_request)
        return render(request, "invitations/access_request_wrong_account.html", status=403)

    return guarded


def _sign_in_reason(token: str) -> str:
    access_request = AccessRequest.objects.select_related("agency").with_token(token).first()
    if access_request is None:
        return ""
    text = _("%(agency)s is requesting access. To view the request, sign in with the address we wrote to.")
    return text % {"agency": access_request.agency}


@client_view(why=_sign_in_reason)
@access_request_page
def access_request(request: ClientRequest, access_request: AccessRequest) -> HttpResponse:
    """Show an access request; a POST grants the requested access or less."""
    context = {"access_request": access_request, "agency": access_request.agency, "needs": list(access_request.needs.order_by("pk"))}
    if access_request.current_status != AccessRequest.Status.PENDING:
        return render(request, "invitations/access_request_closed.html", context, status=410)
    form = GrantAccessForm(request.form_data, access_request=access_request)
    if request.method == "POST" and form.is_valid():
        try:
            with conflict_messages(request):
                given = services.grant_request(access_request, client=request.user, **form.cleaned_data)
                text = _("%(agency)s now has access. You can change or revoke it here.")
                messages.success(request, text % {"agency": access_request.agency})
                if context["needs"]:
                    return redirect(client_address(given.agency, access_request.customer, "invitations:space_credentials"))
            return redirect("invitations:access_list")
        except ValidationError as error:
            form.add_error(None, error)
    return render(request, "invitations/access_request.html", {**context, "form": form})


@client_view(methods=("POST",))
@access_request_page
def access_request_decline(request: ClientRequest, access_request: AccessRequest) -> HttpResponse:
    """Decline an access request."""
    with conflict_messages(request):
        services.decline_request(access_request)
        text = _("Request declined. %(agency)s has been notified, and no access was given.")
        messages.success(request, text % {"agency": access_request.agency})
    return redirect("invitations:access_list")
