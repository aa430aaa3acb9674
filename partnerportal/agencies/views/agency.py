"""Switching between agencies."""

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _

from partnerportal.agencies.access import AgencyRequest, agency_view
from partnerportal.agencies.middleware import SESSION_KEY
from partnerportal.agencies.models import Agency


@agency_view(methods=("POST",), allow_without_second_factor=True)
def switch(request: AgencyRequest) -> HttpResponse:
    """Select another of the user's agencies and redirect to its dashboard."""
    try:
        agency_id = forms.IntegerField(min_value=1).clean(request.POST.get("agency"))
    except forms.ValidationError as error:
        raise Http404 from error
    agency = get_object_or_404(Agency, pk=agency_id, memberships__user=request.user)
    request.session[SESSION_KEY] = agency.pk
    messages.success(request, _("Switched to %(agency)s.") % {"agency": agency})
    return redirect("desk:dashboard")
