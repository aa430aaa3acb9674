"""For staff: the invitations that wait, connecting and rejecting them, ending an access. All is fetched through `request.agency`."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from customers.models import Customer
from customers.views.picker import picker_page
from customers.views.submissions import customer_create_page
from invitations.forms.invitations import DisconnectForm, RejectForm
from invitations.mails import preview_invitation_rejected
from invitations.models import AccessInvitation
from invitations.services.invitations import DomainTransfer, connect_customer, connect_new_customer, disconnect_access, reject_invitation
from invitations.views.client import history_of
from invitations.views.feedback import explain_conflict
from partnerportal.agencies.access import AgencyRequest, agency_view
from partnerportal.core.pagination import keyset_page
from partnerportal.core.pending import InvalidTransition

Status = AccessInvitation.Status


@agency_view(methods=("GET",))
def invitation_list(request: AgencyRequest) -> HttpResponse:
    """All invitations: those that wait, those that are connected, those that are over."""
    known = request.agency.access_invitations.known().select_related("customer")
    kinds = {
        "waiting": known.pending(),
        "connected": known.connected(),
        "over": known.exclude(pk__in=known.pending().values("pk")).exclude(status=Status.CONNECTED),
    }
    kind = request.GET.get("show", "waiting")
    kind = kind if kind in kinds else "waiting"
    page = keyset_page(request, kinds[kind], order_by=("-pk",))
    return render(request, "invitations/list.html", {"page": page, "kind": kind})


@agency_view(methods=("GET",))
def detail(request: AgencyRequest, pk: int) -> HttpResponse:
    """Who gives what access, and what can be done about it."""
    invitation = get_object_or_404(_invitations(request), pk=pk)
    return render(request, "invitations/detail.html", {"invitation": invitation, "history": history_of(invitation)})


@agency_view()
def connect(request: AgencyRequest, pk: int) -> HttpResponse:
    """“Connect Customer”: create one, or choose one of those who are there; the likely ones first."""
    invitation = get_object_or_404(_invitations(request), pk=pk)
    if invitation.current_status != Status.PENDING:
        return _conflict(request, invitation)

    def select(customer: Customer) -> HttpResponse:
        try:
            handover = connect_customer(invitation, customer=customer, by=request.user)
        except InvalidTransition as taken:
            explain_conflict(request, taken)
            return redirect(invitation)
        except ValidationError as error:
            messages.error(request, " ".join(error.messages))
            return redirect("invitations:connect", pk=pk)
        _report_connected(request, handover)
        return redirect(customer)

    return picker_page(
        request,
        select=select,
        fields={**invitation.customer_fields(), "website": next(iter(invitation.domains), "")},
        template="invitations/connect.html",
        context={"invitation": invitation},
    )


@agency_view()
def connect_new(request: AgencyRequest, pk: int) -> HttpResponse:
    """“Connect Customer” with a new customer: the ordinary form, filled with what the client told."""
    invitation = get_object_or_404(_invitations(request), pk=pk)
    if invitation.current_status != Status.PENDING:
        return _conflict(request, invitation)

    def save(fields: dict[str, Any]) -> HttpResponse:
        try:
            handover = connect_new_customer(invitation, by=request.user, **fields)
        except InvalidTransition as taken:
            explain_conflict(request, taken)
            return redirect(invitation)
        _report_connected(request, handover)
        return redirect(handover.customer)

    return customer_create_page(
        request,
        save=save,
        initial=invitation.customer_fields(),
        cancel=invitation.get_absolute_url(),
        picker_url=reverse("invitations:connect", args=[pk]),
        template="invitations/connect_new.html",
        context={"invitation": invitation},
    )


@agency_view()
def reject(request: AgencyRequest, pk: int) -> HttpResponse:
    """“Reject invitation”: the mail is shown before it is sent."""
    invitation = get_object_or_404(_invitations(request), pk=pk)
    if invitation.current_status != Status.PENDING:
        return _conflict(request, invitation)
    form = RejectForm(request.form_data, path=request.path, cancel=invitation.get_absolute_url())
    if request.method == "POST" and form.is_valid() and "preview" not in request.POST:
        try:
            reject_invitation(invitation, message=form.cleaned_data["message"], by=request.user)
        except InvalidTransition as taken:
            explain_conflict(request, taken)
        else:
            messages.success(request, _("Invitation from %(who)s rejected. They’ve been notified by e-mail.") % {"who": invitation.who})
        return redirect(invitation)
    message = form.cleaned_data.get("message", "") if form.is_bound and form.is_valid() else ""
    preview = preview_invitation_rejected(invitation, message=message)
    return render(request, "invitations/reject.html", {"invitation": invitation, "form": form, "preview": preview})


@agency_view()
def disconnect(request: AgencyRequest, pk: int) -> HttpResponse:
    """End an access that a client gave."""
    invitation = get_object_or_404(_invitations(request), pk=pk)
    if invitation.current_status != Status.CONNECTED:
        return _conflict(request, invitation)
    form = DisconnectForm(request.form_data, cancel=invitation.get_absolute_url())
    if request.method == "POST" and form.is_valid():
        try:
            disconnect_access(invitation, reason=form.cleaned_data["reason"], by=request.user)
        except InvalidTransition as taken:
            explain_conflict(request, taken)
        else:
            messages.success(request, _("Access to %(who)s ended. They’ve been notified by e-mail.") % {"who": invitation.who})
        return redirect(invitation)
    return render(request, "invitations/disconnect.html", {"invitation": invitation, "form": form})


def _invitations(request: AgencyRequest) -> QuerySet[AccessInvitation]:
    return request.agency.access_invitations.known().select_related("agency", "client", "customer", "connected_by")


def _conflict(request: AgencyRequest, invitation: AccessInvitation) -> HttpResponse:
    explain_conflict(request, InvalidTransition(invitation.current_status))
    return redirect(invitation)


def _report_connected(request: AgencyRequest, handover: DomainTransfer) -> None:
    """That it worked, and what became of each domain."""
    said = [_("Access connected to %(customer)s. The client has been notified by e-mail.") % {"customer": handover.customer.numbered_name}]
    if handover.added:
        text = ngettext("Domain %(names)s added.", "Domains %(names)s added.", len(handover.added))
        said.append(text % {"names": ", ".join(handover.added)})
    messages.success(request, " ".join(said))
    for name, customer in handover.held:
        messages.warning(
            request,
            _("%(name)s was not moved because it belongs to %(customer)s.") % {"name": name, "customer": customer.numbered_name},
        )
