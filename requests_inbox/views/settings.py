"""The inbox's settings: who is told, how long settled requests are kept, whose messages aren't taken."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from partnerportal.agencies.access import AgencyRequest, agency_view
from partnerportal.agencies.models import Role
from partnerportal.core.pagination import keyset_page
from requests_inbox.forms.settings import InboxSettingsForm
from requests_inbox.models import InboxSettings
from requests_inbox.services.requests import save_settings, unblock_sender


@agency_view(role=Role.MANAGER)
def inbox_settings(request: AgencyRequest) -> HttpResponse:
    """Who is told, and how long; and the blocked senders."""
    form = InboxSettingsForm(request.form_data, instance=InboxSettings.of(request.agency), request=request)
    if request.method == "POST" and form.is_valid():
        save_settings(
            form.instance, keep_days=form.cleaned_data["keep_days"], notified=list(form.cleaned_data["notified"]), by=request.user
        )
        messages.success(request, _("Settings saved."))
        return redirect("requests_inbox:settings")
    page = keyset_page(request, request.agency.senders.blocked(), order_by=("-pk",))
    return render(request, "requests_inbox/settings.html", {"form": form, "page": page})


@agency_view(role=Role.MANAGER, methods=("POST",))
def unblock(request: AgencyRequest, pk: int) -> HttpResponse:
    """Take this sender's messages again."""
    sender = get_object_or_404(request.agency.senders, pk=pk)
    if unblock_sender(sender, by=request.user):
        messages.success(request, _("%(sender)s unblocked. Their messages will arrive again.") % {"sender": sender})
    return redirect("requests_inbox:settings")
