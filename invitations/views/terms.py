"""Pages for the end of an access: clients extend it, staff ask for that."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from invitations.forms.terms import ExtendAccessForm
from invitations.models import AccessInvitation
from invitations.services import terms as services
from invitations.space.projects import ending_projects
from invitations.views.client import check_limits, own_invitations
from invitations.views.feedback import conflict_messages
from partnerportal.agencies.access import AgencyRequest, ClientRequest, agency_view, client_view
from partnerportal.core.rate_limits import RateLimitExceeded

# --- Clients -----------------------------------------------------------------------------------------------------------


@client_view()
def extend_access(request: ClientRequest, pk: int) -> HttpResponse:
    """Extend an access that has an end."""
    invitation = get_object_or_404(own_invitations(request).select_related("agency__profile", "client", "customer", "project"), pk=pk)
    access_page = reverse("invitations:access_detail", args=[pk])
    with conflict_messages(request):
        invitation.ensure_status(AccessInvitation.Status.CONNECTED)
        if invitation.ends_on is None:
            messages.info(request, _("This access has no end date yet, so it can’t be extended. You can change it."))
            return redirect(access_page)
        form = ExtendAccessForm(request.form_data, invitation=invitation, projects=ending_projects(invitation), cancel=access_page)
        page = {"invitation": invitation, "form": form}
        if request.method != "POST" or not form.is_valid():
            return render(request, "invitations/extend_access.html", page)
        try:
            check_limits(request.user, invitation.agency)
        except RateLimitExceeded as error:
            form.add_error(None, str(error))
            return error.apply_to(render(request, "invitations/extend_access.html", page))
        if services.extend_access(invitation, **form.cleaned_data):
            messages.success(
                request, _("Access for %(agency)s extended. The agency has been notified by e-mail.") % {"agency": invitation.agency}
            )
        else:
            messages.info(request, _("The end of this access has since been changed. Nothing was changed, and no e-mail was sent."))
    return redirect(access_page)


@client_view(methods=("POST",))
def decline_extension(request: ClientRequest, pk: int) -> HttpResponse:
    """Decline the agency's request to extend an access."""
    invitation = get_object_or_404(own_invitations(request), pk=pk)
    with conflict_messages(request):
        if services.decline_extension(invitation):
            text = _("Request declined. %(agency)s has been notified, and the access ends as planned.")
            messages.success(request, text % {"agency": invitation.agency})
    return redirect("invitations:access_detail", pk=pk)


# --- Staff -------------------------------------------------------------------------------------------------------------


@agency_view(methods=("POST",))
def request_extension(request: AgencyRequest, pk: int) -> HttpResponse:
    """Ask the client by e-mail to extend an access."""
    invitation = get_object_or_404(request.agency.access_invitations.visible().select_related("client", "customer__merged_into"), pk=pk)
    with conflict_messages(request):
        try:
            is_sent = services.request_extension(invitation, by=request.user)
        except ValidationError as error:
            messages.error(request, " ".join(error.messages))
            return redirect(invitation)
        if is_sent:
            messages.success(
                request, _("Request sent to %(email)s. They can extend the access or decline.") % {"email": invitation.client.email}
            )
        else:
            messages.info(request, _("They were already asked, or the access has no end date. No e-mail was sent."))
    return redirect(invitation)
