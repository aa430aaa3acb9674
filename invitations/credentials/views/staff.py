"""Pages for staff: what a customer's clients were asked for, and the reveal of a credential."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.debug import sensitive_variables

from customers.models import Customer
from invitations.credentials.forms.needs import AddNeedsForm
from invitations.credentials.models import AccessNeed, Credential
from invitations.credentials.queries import needs_for_staff
from invitations.credentials.services import credentials as services
from invitations.credentials.services.needs import add_needs, remove_need
from invitations.credentials.views.feedback import errors_as_messages
from invitations.space.access import shared_view
from invitations.space.queries import clients_of, of_customer
from invitations.space.views import shared_customer
from invitations.views.feedback import conflict_messages
from partnerportal.agencies.access import AgencyRequest
from partnerportal.agencies.form_recovery import without_form_recovery


@shared_view(methods=("GET",))
def shared_credentials(request: AgencyRequest, pk: int) -> HttpResponse:
    """List what the agency needs from each client, and the credentials that were handed over."""
    customer = shared_customer(request, pk)
    accesses = clients_of(customer)
    needs = needs_for_staff(accesses)
    clients = [(access, [need for need in needs if need.invitation == access]) for access in accesses]
    return render(request, "invitations/shared/credentials.html", {"customer": customer, "clients": clients, "needs": needs})


@shared_view()
def shared_needs_add(request: AgencyRequest, pk: int) -> HttpResponse:
    """Add entries of the agency's list to a client's access."""
    customer = shared_customer(request, pk)
    page = reverse("invitations:shared_credentials", args=[pk])
    accesses = [] if customer.is_archived else clients_of(customer)
    if not accesses or not request.agency.need_templates.exists():
        return render(request, "invitations/shared/needs_add.html", {"customer": customer, "accesses": accesses})
    form = AddNeedsForm(request.form_data, agency=request.agency, accesses=accesses, cancel=page)
    if request.method == "POST" and form.is_valid():
        with conflict_messages(request):
            try:
                chosen = list(form.cleaned_data["needs"])
                added = len(add_needs(customer, access=form.chosen_access, templates=chosen, by=request.user))
            except ValidationError as error:
                form.add_error(None, error)
                return render(request, "invitations/shared/needs_add.html", {"customer": customer, "accesses": accesses, "form": form})
            if added:
                text = ngettext("%(count)d need sent to the client.", "%(count)d needs sent to the client.", added)
                messages.success(request, text % {"count": added})
            else:
                messages.info(request, _("The client was already asked for all of these. No e-mail was sent."))
        return redirect(page)
    return render(request, "invitations/shared/needs_add.html", {"customer": customer, "accesses": accesses, "form": form})


@shared_view(methods=("POST",))
def shared_need_remove(request: AgencyRequest, pk: int, need: int) -> HttpResponse:
    """Remove a need for which nothing was handed over."""
    customer = shared_customer(request, pk)
    stored = get_object_or_404(AccessNeed.objects.filter(of_customer(customer, "invitation__customer")), pk=need)
    with conflict_messages(request), errors_as_messages(request):
        remove_need(stored, customer=customer, by=request.user)
        messages.success(request, _("“%(need)s” removed.") % {"need": stored})
    return redirect("invitations:shared_credentials", pk)


@sensitive_variables()
@without_form_recovery
@shared_view(reauthenticate=True)
def shared_credential(request: AgencyRequest, pk: int, credential: int) -> HttpResponse:
    """Reveal a credential after a confirmation.

    The response to the POST request contains the credential, because a redirect would have to store it. No cache
    keeps the response.
    """
    customer = shared_customer(request, pk)
    stored = get_object_or_404(_credentials(customer), pk=credential)
    context = {"customer": customer, "credential": stored}
    if request.method == "POST":
        with conflict_messages(request), errors_as_messages(request):
            context["content"] = services.reveal(stored, customer=customer, by=request.user)
            return render(request, "invitations/shared/credential.html", context)
    elif _can_be_revealed(stored) and not customer.is_archived:
        return render(request, "invitations/shared/credential.html", context)
    return redirect("invitations:shared_credentials", pk)


def _can_be_revealed(credential: Credential) -> bool:
    invitation = credential.invitation
    return credential.deleted_at is None and not invitation.is_closed and invitation.covers(credential.area)


def _credentials(customer: Customer) -> Any:
    """Return the credentials of a customer's connected access."""
    of_access = Credential.objects.filter(of_customer(customer, "invitation__customer"), invitation__status="connected")
    return of_access.defer("sealed").select_related("need", "invitation__client", "invitation__agency")
