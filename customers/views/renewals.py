"""Renew domains and contracts, and undo it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.contrib import messages
from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from customers.forms.renewals import RenewForm
from customers.models import Customer
from customers.services.renewals import renew, undo_renewal, undo_token
from partnerportal.agencies.access import AgencyRequest, agency_view
from partnerportal.core.redirects import redirect_back
from partnerportal.core.undo import success_with_undo


@agency_view()
def domain_renew(request: AgencyRequest, pk: int) -> HttpResponse:
    return _renew(request, _get_item(request, "domains", pk))


@agency_view(methods=("POST",))
def domain_renew_undo(request: AgencyRequest, pk: int) -> HttpResponse:
    return _undo(request, _get_item(request, "domains", pk))


@agency_view()
def contract_renew(request: AgencyRequest, pk: int) -> HttpResponse:
    return _renew(request, _get_item(request, "contracts", pk))


@agency_view(methods=("POST",))
def contract_renew_undo(request: AgencyRequest, pk: int) -> HttpResponse:
    return _undo(request, _get_item(request, "contracts", pk))


def _get_item(request: AgencyRequest, relation: str, pk: int) -> Any:
    items = getattr(request.agency, relation).select_related("customer__agency")
    return get_object_or_404(items.exclude(customer__status=Customer.Status.ERASED), pk=pk)


def _renew(request: AgencyRequest, item: Any) -> HttpResponse:
    """Show what a renewal would change, which e-mails link to, or renew the item. The button of a row posts directly."""
    kind = item._meta.model_name
    form = RenewForm(request.form_data, item=item)
    if request.method == "POST":
        with _errors_as_messages(request):
            before = form.cleaned_data["until"] if form.is_valid() else None
            if (until := renew(item, until=before, by=request.user)) and before:
                query = urlencode({"token": undo_token(item, before=before, until=until)})
                text = _("%(item)s renewed until %(date)s.") % {"item": item, "date": date_format(until, "DATE_FORMAT")}
                success_with_undo(request, text, f"{reverse(f'customers:{kind}_renew_undo', args=[item.pk])}?{query}")
            else:
                messages.info(request, _("%(item)s was already renewed.") % {"item": item})
        return redirect_back(request, item.customer.get_absolute_url())
    context = {
        "form": form,
        "item": item,
        "kind": kind,
        "customer": item.customer,
        "before": getattr(item, item.renewable_field),
        "until": item.renewed_until,
        "edit_url": reverse(f"customers:{kind}_edit", args=[item.pk]),
    }
    return render(request, "customers/renew.html", context)


def _undo(request: AgencyRequest, item: Any) -> HttpResponse:
    with _errors_as_messages(request):
        end = undo_renewal(item, token=request.GET.get("token", ""), by=request.user)
        date = date_format(end, "DATE_FORMAT")
        messages.success(request, _("Renewal undone: %(item)s has the date %(date)s again.") % {"item": item, "date": date})
    return redirect_back(request, item.customer.get_absolute_url())


@contextmanager
def _errors_as_messages(request: AgencyRequest) -> Iterator[None]:
    """Report why an item can't be renewed.

    Raises:
        Http404: It was removed or its customer erased in the meantime.
    """
    try:
        yield
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    except ObjectDoesNotExist as error:
        raise Http404 from error
