"""My Company: what concerns the agency itself."""

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from partnerportal.agencies.access import AgencyRequest, agency_view
from partnerportal.agencies.services.agencies import switch_agency
from partnerportal.core.pagination import keyset_page
from partnerportal.outbox.models import OutgoingMail


@agency_view(methods=("POST",), allow_without_second_factor=True)
def switch(request: AgencyRequest) -> HttpResponse:
    """Work in another of one's agencies. Objects differ from agency to agency, so it leads to the dashboard."""
    try:
        agency_id = forms.IntegerField(min_value=1).clean(request.POST.get("agency"))
    except forms.ValidationError as error:
        raise Http404 from error
    agency = switch_agency(request, agency_id)
    messages.success(request, _("Switched to %(agency)s.") % {"agency": agency})
    return redirect("desk:dashboard")


@agency_view(methods=("GET",))
def mail_list(request: AgencyRequest) -> HttpResponse:
    """The mails that went out in the agency's name, newest first."""
    mails = OutgoingMail.objects.for_agency(request.agency)
    return render(request, "agencies/mail_list.html", {"page": keyset_page(request, mails, order_by=("-pk",))})


@agency_view(methods=("GET",))
def mail_detail(request: AgencyRequest, pk: int) -> HttpResponse:
    """One mail as it was (or will be) sent."""
    mail = get_object_or_404(OutgoingMail.objects.for_agency(request.agency), pk=pk)
    return render(request, "agencies/mail_detail.html", {"mail": mail})
