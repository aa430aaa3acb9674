"""Inbox settings and blocked senders."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from partnerportal.agencies.access import AgencyRequest, agency_view
from partnerportal.agencies.models import Role
from partnerportal.core.pagination import keyset_page
from requests_inbox.forms.settings import InboxSettingsForm
from requests_inbox.models import InboxSettings
from requests_inbox.services import requests as services


@agency_view(role=Role.MANAGER)
def inbox_settings(request: AgencyRequest) -> HttpResponse:
    """Edit the inbox settings; also lists the blocked senders."""
    form = InboxSettingsForm(request.form_data, instance=InboxSettings.for_agency(request.agency), agency=request.agency)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        services.save_settings(form.instance, retention_days=data["retention_days"], notified=list(data["notified"]), by=request.user)
        messages.success(request, _("Settings saved."))
        return redirect("requests_inbox:settings")
    page = keyset_page(request, request.agency.senders.blocked(), order_by=("-pk",))
    return render(request, "requests_inbox/settings.html", {"form": form, "page": page})


@agency_view(role=Role.MANAGER, methods=("POST",))
def unblock_sender(request: AgencyRequest, pk: int) -> HttpResponse:
    """Unblock a sender."""
    sender = get_object_or_404(request.agency.senders, pk=pk)
    if services.unblock_sender(sender, by=request.user):
        messages.success(request, _("%(sender)s unblocked. Their messages will arrive again.") % {"sender": sender})
    return redirect("requests_inbox:settings")
