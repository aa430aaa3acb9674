"""Pages of a client's own data: settings, download, change of address, closing of the account."""

from django.contrib import messages
from django.contrib.auth import logout
from django.core.exceptions import ValidationError
from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from invitations.client_data import addresses, exports
from invitations.client_data.closing import close_account, refusal
from invitations.client_data.forms import CloseAccountForm, CodesForm, NewAddressForm
from invitations.client_data.models import AddressChange, DataExport
from invitations.messages.models import MessageOptOut
from invitations.messages.services import want_message_mails
from invitations.models import AccessInvitation, AccessRequest
from partnerportal.agencies.access import ClientRequest, client_view
from partnerportal.core.rate_limits import RateLimit, RateLimitExceeded, check_rate_limits

#: Downloads that one client can start.
EXPORTS_PER_CLIENT = RateLimit("data-export", times=5, seconds=60 * 60)
#: Changes of address that one client can start. Each sends two e-mails.
CHANGES_PER_CLIENT = RateLimit("address-change", times=5, seconds=60 * 60)
#: The same for one new address, which may belong to someone else.
CHANGES_PER_ADDRESS = RateLimit("address-change-to", times=3, seconds=60 * 60)


@client_view(methods=("GET",))
def client_data(request: ClientRequest) -> HttpResponse:
    """Show the client's settings and what they can do with their data."""
    context = {
        "wants_mails": not MessageOptOut.objects.filter(user=request.user).exists(),
        "data_export": DataExport.objects.filter(user=request.user).order_by("-pk").first(),
        "works_elsewhere": request.user.memberships.exists(),
    }
    return render(request, "invitations/client_data/index.html", context)


@client_view(methods=("POST",))
def message_mails(request: ClientRequest) -> HttpResponse:
    """Turn e-mails about messages on or off."""
    wanted = request.POST.get("wanted") == "1"
    want_message_mails(request.user, wanted=wanted)
    messages.success(request, _("E-mails about messages turned on.") if wanted else _("E-mails about messages turned off."))
    return redirect("invitations:client_data")


# --- Download ----------------------------------------------------------------------------------------------------------


@client_view(reauthenticate=True)
def data_export_start(request: ClientRequest) -> HttpResponse:
    """Explain the download; a POST lets a worker prepare it."""
    if request.method == "POST":
        try:
            check_rate_limits((EXPORTS_PER_CLIENT, str(request.user.pk)))
        except RateLimitExceeded as error:
            return error.apply_to(render(request, "invitations/client_data/export_start.html", {"error": str(error)}))
        return redirect("invitations:data_export", exports.start_export(request.user).pk)
    return render(request, "invitations/client_data/export_start.html")


@client_view(reauthenticate=True)
def data_export(request: ClientRequest, pk: int) -> HttpResponseBase:
    """Show the progress of a download; a POST downloads the file."""
    export = get_object_or_404(DataExport.objects.select_related("user"), user=request.user, pk=pk)
    if request.method == "POST" and export.status == DataExport.Status.READY:
        headers = {"Content-Disposition": f'attachment; filename="{export}"'}
        return StreamingHttpResponse(exports.download(export), content_type="application/zip", headers=headers)
    return render(request, "invitations/client_data/export.html", {"data_export": export})


@client_view(methods=("POST",))
def data_export_remove(request: ClientRequest, pk: int) -> HttpResponse:
    """Stop a download, or delete its file."""
    exports.remove(get_object_or_404(DataExport, user=request.user, pk=pk))
    messages.success(request, _("Download deleted."))
    return redirect("invitations:client_data")


# --- Change of address -------------------------------------------------------------------------------------------------


@client_view(reauthenticate=True)
def address_change(request: ClientRequest) -> HttpResponse:
    """Enter a new e-mail address; a POST sends codes to the old and the new one."""
    if request.user.memberships.exists():
        return redirect("account_email")
    form = NewAddressForm(request.form_data, cancel=reverse("invitations:client_data"))
    context = {"form": form, "requests": addresses.open_requests(request.user.email).select_related("agency").order_by("pk")}
    if request.method == "POST" and form.is_valid():
        email = form.cleaned_data["email"].lower()
        try:
            check_rate_limits((CHANGES_PER_CLIENT, str(request.user.pk)), (CHANGES_PER_ADDRESS, email))
            addresses.start_change(request.user, email=email)
        except RateLimitExceeded as error:
            form.add_error(None, str(error))
            return error.apply_to(render(request, "invitations/client_data/address.html", context))
        except ValidationError as error:
            form.add_error(None, error)
        else:
            return redirect("invitations:address_change_confirm")
    return render(request, "invitations/client_data/address.html", context)


@client_view(reauthenticate=True)
def address_change_confirm(request: ClientRequest) -> HttpResponse:
    """Enter the codes that were sent to both addresses."""
    if request.user.memberships.exists():
        return redirect("account_email")
    change = AddressChange.objects.filter(user=request.user).first()
    if change is None or change.is_expired:
        return redirect("invitations:address_change")
    start = reverse("invitations:address_change")
    form = CodesForm(request.form_data, cancel=start, old=request.user.email, new=change.email)
    if request.method == "POST" and form.is_valid():
        try:
            addresses.confirm_change(request.user, **form.cleaned_data, session_key=request.session.session_key or "")
        except addresses.WrongCode as error:
            text = ngettext(
                "At least one code is wrong. You have %(count)d attempt left.",
                "At least one code is wrong. You have %(count)d attempts left.",
                error.left,
            )
            form.add_error(None, text % {"count": error.left})
        except ValidationError as error:
            messages.error(request, " ".join(error.messages))
            return redirect(start)
        else:
            messages.success(request, _("E-mail address changed to %(email)s.") % {"email": change.email})
            return redirect("invitations:client_data")
    return render(request, "invitations/client_data/address_confirm.html", {"form": form})


# --- Closing -----------------------------------------------------------------------------------------------------------


@client_view(reauthenticate=True)
def account_close(request: ClientRequest) -> HttpResponse:
    """Show what ends and what stays; a POST closes the account."""
    if reason := refusal(request.user):
        return render(request, "invitations/client_data/close.html", {"refusal": reason})
    form = CloseAccountForm(request.form_data, cancel=reverse("invitations:client_data"))
    if request.method == "POST" and form.is_valid():
        try:
            close_account(request.user)
        except ValidationError as error:
            return render(request, "invitations/client_data/close.html", {"refusal": " ".join(error.messages)})
        logout(request)
        messages.success(request, _("Account closed. All access you had given has ended."))
        return redirect("network:directory")
    given = AccessInvitation.objects.filter(client=request.user)
    context = {
        "form": form,
        "ending": (given.pending() | given.connected()).select_related("agency").order_by("pk"),
        "requests": AccessRequest.objects.sent_to(request.user).pending().select_related("agency").order_by("pk"),
    }
    return render(request, "invitations/client_data/close.html", context)
