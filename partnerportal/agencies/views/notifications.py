"""A member's notifications."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from partnerportal.agencies.access import AgencyRequest, agency_view
from partnerportal.agencies.forms.notifications import NotificationsForm
from partnerportal.agencies.services.notifications import save_notifications


@agency_view()
def notifications(request: AgencyRequest) -> HttpResponse:
    """Choose which of the agency's e-mail notifications to receive, and when to receive the digest."""
    form = NotificationsForm(request.form_data, member=request.membership)
    if request.method == "POST" and form.is_valid():
        digest = {name: form.cleaned_data[name] for name in ("wants_digest", "digest_hour", "digest_days")}
        save_notifications(request.membership, modes=form.modes(), **digest)
        messages.success(request, _("Notification settings saved."))
        return redirect("agencies:notifications")
    return render(request, "agencies/notifications.html", {"form": form})
