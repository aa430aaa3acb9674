"""Views of the sent e-mails."""

from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _

from customers.models import Customer
from partnerportal.agencies.access import AgencyRequest, agency_view
from partnerportal.core.pagination import keyset_page
from partnerportal.core.redirects import redirect_back
from partnerportal.core.undo import success_with_undo
from partnerportal.desk.sent_mail.forms import MailFilter
from partnerportal.outbox.kinds import type_label
from partnerportal.outbox.models import OutgoingMail
from partnerportal.outbox.services import mark_seen


@agency_view(methods=("GET",))
def mail_list(request: AgencyRequest) -> HttpResponse:
    """List the agency's e-mails, newest first. The search and the filters are in the URL."""
    filters = MailFilter(request.GET, agency=request.agency)
    page: Any = keyset_page(request, filters.mails(), order_by=("-pk",))
    customers = filters.customers_by_key
    if not filters.chosen["customer"]:
        keys = {mail.customer_id for mail in page.items if mail.customer_id}
        customers = request.agency.customers.in_bulk(keys) if keys else {}
    for mail in page.items:
        mail.customer = customers.get(mail.customer_id)
    return render(request, "desk/mail_list.html", {"page": page, "filters": filters})


@agency_view(methods=("GET",))
def mail_detail(request: AgencyRequest, pk: int) -> HttpResponse:
    """Show an e-mail."""
    mail = get_object_or_404(OutgoingMail.objects.for_agency(request.agency), pk=pk)
    known = request.agency.customers.exclude(status=Customer.Status.ERASED)
    customer = known.select_related("merged_into").filter(pk=mail.customer_id).first() if mail.customer_id else None
    context = {
        "mail": mail,
        "type": _("For the team") if mail.to_team else type_label(mail.kind),
        "retention": settings.SENT_MAIL_RETENTION,
        "customer": customer and (customer.merged_into or customer),
    }
    return render(request, "desk/mail_detail.html", context)


@agency_view(methods=("POST",))
def mail_seen(request: AgencyRequest, pk: int) -> HttpResponse:
    """Mark a failed e-mail as seen."""
    mail = get_object_or_404(OutgoingMail.objects.for_agency(request.agency), pk=pk)
    if mark_seen(mail, by=request.user):
        success_with_undo(request, _("E-mail marked as seen."), reverse("desk:mail_unseen", args=[pk]))
    return redirect_back(request, reverse("desk:mail_detail", args=[pk]))


@agency_view(methods=("POST",))
def mail_unseen(request: AgencyRequest, pk: int) -> HttpResponse:
    """Mark a failed e-mail as not seen."""
    mail = get_object_or_404(OutgoingMail.objects.for_agency(request.agency), pk=pk)
    if mark_seen(mail, by=request.user, seen=False):
        success_with_undo(request, _("E-mail marked as not seen."), reverse("desk:mail_seen", args=[pk]))
    return redirect_back(request, reverse("desk:mail_detail", args=[pk]))
