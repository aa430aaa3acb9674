"""Staff pages: list, connect and reject invitations, and end access."""

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from customers.models import SOON_DAYS, Customer
from customers.views.picker import picker_page
from customers.views.submissions import customer_create_page
from invitations.forms.invitations import DisconnectForm, RejectForm
from invitations.mails.invitations import preview_invitation_rejected
from invitations.models import AccessInvitation
from invitations.queries import invitation_history
from invitations.services import invitations as services
from invitations.views.feedback import conflict_messages
from partnerportal.agencies.access import AgencyRequest, agency_view
from partnerportal.core.pagination import keyset_page
from partnerportal.core.pending import day_in

Status = AccessInvitation.Status


@agency_view(methods=("GET",))
def invitation_list(request: AgencyRequest) -> HttpResponse:
    """List pending, connected or closed invitations, or access that ends soon."""
    visible = request.agency.access_invitations.visible().select_related("customer", "project")
    today = day_in(request.agency.time_zone, timezone.now())
    connected = Q(status=Status.CONNECTED) & (Q(ends_on=None) | Q(ends_on__gte=today))
    lists = {
        "waiting": visible.pending(),
        "connected": visible.filter(connected),
        "ending": visible.filter(connected, ends_on__lte=today + timedelta(days=SOON_DAYS)),
        "over": visible.exclude(pk__in=visible.pending().values("pk")).exclude(connected),
    }
    tab = request.GET.get("show", "waiting")
    tab = tab if tab in lists else "waiting"
    page = keyset_page(request, lists[tab], order_by=("ends_on", "pk") if tab == "ending" else ("-pk",))
    return render(request, "invitations/list.html", {"page": page, "tab": tab})


@agency_view(methods=("GET",))
def detail(request: AgencyRequest, pk: int) -> HttpResponse:
    """Show an invitation with its activity."""
    invitation = get_object_or_404(_invitations(request), pk=pk)
    return render(request, "invitations/detail.html", {"invitation": invitation, "history": invitation_history(invitation)})


@agency_view()
def connect(request: AgencyRequest, pk: int) -> HttpResponse:
    """Connect an invitation to an existing customer; possible duplicates are listed first."""
    invitation = get_object_or_404(_invitations(request), pk=pk)

    def select(customer: Customer) -> HttpResponse:
        try:
            transfer = services.connect_customer(invitation, customer=customer, by=request.user)
        except ValidationError as error:
            messages.error(request, " ".join(error.messages))
            return redirect("invitations:connect", pk=pk)
        _report_connected(request, transfer)
        return redirect(customer)

    with conflict_messages(request):
        invitation.ensure_status(Status.PENDING)
        return picker_page(
            request,
            select=select,
            fields={**invitation.customer_fields(), "website": next(iter(invitation.domains), "")},
            template="invitations/connect.html",
            context={"invitation": invitation},
        )
    return redirect(invitation)


@agency_view()
def connect_new(request: AgencyRequest, pk: int) -> HttpResponse:
    """Connect an invitation to a new customer. The form is pre-filled with the client's details."""
    invitation = get_object_or_404(_invitations(request), pk=pk)

    def save(fields: dict[str, Any]) -> HttpResponse:
        transfer = services.connect_new_customer(invitation, by=request.user, **fields)
        _report_connected(request, transfer)
        return redirect(transfer.customer)

    with conflict_messages(request):
        invitation.ensure_status(Status.PENDING)
        return customer_create_page(
            request,
            save=save,
            initial=invitation.customer_fields(),
            cancel=invitation.get_absolute_url(),
            picker_url=reverse("invitations:connect", args=[pk]),
            template="invitations/connect_new.html",
            context={"invitation": invitation},
        )
    return redirect(invitation)


@agency_view()
def reject(request: AgencyRequest, pk: int) -> HttpResponse:
    """Reject an invitation after showing a preview of the e-mail to the client."""
    invitation = get_object_or_404(_invitations(request), pk=pk)
    with conflict_messages(request):
        invitation.ensure_status(Status.PENDING)
        form = RejectForm(request.form_data, path=request.path, cancel=invitation.get_absolute_url())
        is_valid = form.is_bound and form.is_valid()
        message = form.cleaned_data["message"] if is_valid else ""
        if request.method != "POST" or not is_valid or "preview" in request.POST:
            preview = preview_invitation_rejected(invitation, message=message, by=request.user)
            return render(request, "invitations/reject.html", {"invitation": invitation, "form": form, "preview": preview})
        services.reject_invitation(invitation, message=message, by=request.user)
        text = _("Invitation from %(who)s rejected. They’ve been notified by e-mail.")
        messages.success(request, text % {"who": invitation.display_name})
    return redirect(invitation)


@agency_view()
def disconnect(request: AgencyRequest, pk: int) -> HttpResponse:
    """End an access."""
    invitation = get_object_or_404(_invitations(request), pk=pk)
    with conflict_messages(request):
        invitation.ensure_status(Status.CONNECTED)
        form = DisconnectForm(request.form_data, cancel=invitation.get_absolute_url())
        if request.method != "POST" or not form.is_valid():
            return render(request, "invitations/disconnect.html", {"invitation": invitation, "form": form})
        services.disconnect_access(invitation, reason=form.cleaned_data["reason"], by=request.user)
        messages.success(request, _("Access to %(who)s ended. They’ve been notified by e-mail.") % {"who": invitation.display_name})
    return redirect(invitation)


def _invitations(request: AgencyRequest) -> QuerySet[AccessInvitation]:
    return request.agency.access_invitations.visible().select_related("agency", "client", "customer", "connected_by", "project")


def _report_connected(request: AgencyRequest, transfer: services.DomainTransfer) -> None:
    """Show a success message and, for each domain that wasn't moved, a warning."""
    customer = transfer.customer.numbered_name
    message = _("Access connected to %(customer)s. The client has been notified by e-mail.") % {"customer": customer}
    if transfer.added:
        added = ngettext("Domain %(names)s added.", "Domains %(names)s added.", len(transfer.added))
        message += " " + added % {"names": ", ".join(transfer.added)}
    messages.success(request, message)
    for name, owner in transfer.held:
        text = _("%(name)s was not moved because it belongs to %(customer)s.")
        messages.warning(request, text % {"name": name, "customer": owner.numbered_name})
