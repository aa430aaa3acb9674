"""Pages of approvals for staff."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from customers.models import Customer
from invitations.files.forms.approvals import TextApprovalForm
from invitations.files.queries import approvals_of
from invitations.files.services import approvals as services
from invitations.files.views.limits import check_approval_limit
from invitations.space.access import shared_view
from invitations.space.views import shared_customer
from invitations.views.feedback import conflict_messages
from partnerportal.agencies.access import AgencyRequest
from partnerportal.core.pagination import keyset_page
from partnerportal.core.rate_limits import RateLimitExceeded


@shared_view(methods=("GET",))
def approval_list(request: AgencyRequest, pk: int) -> HttpResponse:
    """List the approvals that were requested from a customer's clients."""
    customer = shared_customer(request, pk)
    page = keyset_page(request, approvals_of(customer), order_by=("-pk",))
    return render(request, "invitations/shared/approvals.html", {"customer": customer, "page": page})


@shared_view()
def approval_add(request: AgencyRequest, pk: int) -> HttpResponse:
    """Request approval of a text."""
    customer: Customer = get_object_or_404(request.agency.customers.active(), pk=pk)
    form = TextApprovalForm(request.form_data, cancel=reverse("invitations:shared_approvals", args=[pk]))
    if request.method == "POST" and form.is_valid():
        try:
            check_approval_limit(customer)
            approval = services.request_text_approval(customer=customer, by=request.user, **form.cleaned_data)
        except RateLimitExceeded as error:
            form.add_error(None, str(error))
            return error.apply_to(render(request, "invitations/shared/approval_form.html", {"customer": customer, "form": form}))
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, _("Approval requested. The clients have been notified by e-mail."))
            return redirect(approval)
    return render(request, "invitations/shared/approval_form.html", {"customer": customer, "form": form})


@shared_view(methods=("GET",))
def approval_detail(request: AgencyRequest, pk: int, approval: int) -> HttpResponse:
    """Show what approval was requested of, and the decision."""
    customer = shared_customer(request, pk)
    found = get_object_or_404(approvals_of(customer), pk=approval)
    return render(request, "invitations/shared/approval.html", {"customer": customer, "approval": found})


@shared_view(methods=("POST",))
def approval_withdraw(request: AgencyRequest, pk: int, approval: int) -> HttpResponse:
    """Withdraw an open request for approval."""
    customer = shared_customer(request, pk)
    found = get_object_or_404(approvals_of(customer), pk=approval)
    try:
        check_approval_limit(customer)
        with conflict_messages(request):
            services.withdraw_approval(found, by=request.user)
            messages.success(request, _("Request for approval withdrawn. The clients have been notified by e-mail."))
    except RateLimitExceeded as error:
        messages.error(request, str(error))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    return redirect(found)
