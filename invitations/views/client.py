"""Client pages: give, list, change, withdraw and revoke access."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from invitations.credentials.queries import deleted_of
from invitations.forms.invitations import ChangeAccessForm, GiveAccessForm
from invitations.messages.queries import with_unread_messages
from invitations.models import AccessInvitation, AccessRequest
from invitations.models.invitations import AccessInvitationQuerySet
from invitations.queries import invitation_history
from invitations.services import invitations as services
from invitations.space.projects import ending_projects
from invitations.views.feedback import conflict_messages
from partnerportal.accounts.models import User
from partnerportal.agencies.access import ClientRequest, client_view
from partnerportal.agencies.models import Agency
from partnerportal.core.language_addresses import moved
from partnerportal.core.pagination import keyset_page
from partnerportal.core.rate_limits import RateLimit, RateLimitExceeded, check_rate_limits
from partnerportal.network.models import PartnerProfile

#: Maximum number of invitations and changes by one client. Each sends an e-mail.
PER_CLIENT = RateLimit("access-client", times=20, seconds=60 * 60)
#: The same for one client and one agency.
PER_AGENCY = RateLimit("access-agency", times=6, seconds=60 * 60)
#: Details that are pre-filled from the client's last invitation.
REMEMBERED_FIELDS = ("name", "company", "phone", "street", "zip", "city", "country")


def _sign_in_reason(slug: str) -> str:
    profile = PartnerProfile.objects.public().select_related("agency").filter(slug=slug).first()
    return _("Sign in to give %(agency)s access.") % {"agency": profile.agency} if profile else ""


@client_view(why=_sign_in_reason)
def give_access(request: ClientRequest, slug: str) -> HttpResponse:
    """Give the agency of a public profile access."""
    profile = get_object_or_404(PartnerProfile.objects.public().select_related("agency"), slugs__slug=slug)
    if request.method != "POST" and profile.slug != slug:
        return moved(request, reverse("invitations:give_access", args=[profile.slug]))
    agency = profile.agency
    context = {"profile": profile, "agency": agency}
    try:
        services.ensure_not_own_agency(agency, request.user)
    except ValidationError as error:
        return render(request, "invitations/give_access.html", {**context, "refusal": " ".join(error.messages)})
    if current := services.current_invitation(agency, request.user):
        return render(request, "invitations/give_access.html", {**context, "current": current})
    form = GiveAccessForm(request.form_data, initial=_previous_answers(request.user), cancel=profile.get_absolute_url())
    if request.method == "POST" and form.is_valid():
        try:
            check_limits(request.user, agency)
            services.give_access(agency=agency, client=request.user, language=get_language() or agency.language, **form.cleaned_data)
        except RateLimitExceeded as error:
            form.add_error(None, str(error))
            return error.apply_to(render(request, "invitations/give_access.html", {**context, "form": form}))
        except ValidationError as error:
            messages.info(request, " ".join(error.messages))
        else:
            messages.success(request, _("Invitation sent to %(agency)s. You’ll get an e-mail when they respond.") % {"agency": agency})
        return redirect("invitations:access_list")
    return render(request, "invitations/give_access.html", {**context, "form": form})


def _previous_answers(client: User) -> dict[str, str]:
    """Return the details from the client's last invitation, or only their name."""
    last = AccessInvitation.objects.filter(client=client).exclude(name="").order_by("-pk").values(*REMEMBERED_FIELDS).first()
    return {"name": client.full_name, **(last or {})}


@client_view(methods=("GET",))
def access_list(request: ClientRequest) -> HttpResponse:
    """List the client's invitations and the access requests they can answer."""
    invitations = own_invitations(request)
    is_open = invitations.filter(status=AccessInvitation.Status.PENDING) | invitations.connected()
    closed = invitations.exclude(pk__in=is_open.values("pk"))
    return render(
        request,
        "invitations/access_list.html",
        {
            "open": with_unread_messages(is_open, request.user).order_by("-pk"),
            "page": keyset_page(request, with_unread_messages(closed, request.user), order_by=("-pk",), size=10),
            "access_requests": AccessRequest.objects.sent_to(request.user).pending().select_related("agency").order_by("-pk"),
        },
    )


@client_view(methods=("GET",))
def access_detail(request: ClientRequest, pk: int) -> HttpResponse:
    """Show one of the client's invitations with its activity."""
    invitation = get_object_or_404(own_invitations(request), pk=pk)
    context = {"invitation": invitation, "history": invitation_history(invitation), "deleted": deleted_of(invitation)}
    return render(request, "invitations/access_detail.html", context)


@client_view()
def change_access(request: ClientRequest, pk: int) -> HttpResponse:
    """Change the scope and the end of a connected access."""
    invitation = get_object_or_404(own_invitations(request).select_related("agency__profile", "client", "customer", "project"), pk=pk)
    access_page = reverse("invitations:access_detail", args=[pk])
    with conflict_messages(request):
        invitation.ensure_status(AccessInvitation.Status.CONNECTED)
        form = ChangeAccessForm(request.form_data, invitation=invitation, projects=ending_projects(invitation), cancel=access_page)
        if request.method != "POST" or not form.is_valid():
            return render(request, "invitations/change_access.html", {"invitation": invitation, "form": form})
        try:
            check_limits(request.user, invitation.agency)
        except RateLimitExceeded as error:
            form.add_error(None, str(error))
            return error.apply_to(render(request, "invitations/change_access.html", {"invitation": invitation, "form": form}))
        values = {"agency": invitation.agency}
        if services.change_access(invitation, **form.cleaned_data):
            messages.success(request, _("Access for %(agency)s updated. The agency has been notified by e-mail.") % values)
        else:
            messages.info(request, _("%(agency)s already had this access. Nothing was changed.") % values)
    return redirect(access_page)


@client_view(methods=("POST",))
def withdraw_invitation(request: ClientRequest, pk: int) -> HttpResponse:
    """Withdraw a pending invitation."""
    invitation = get_object_or_404(own_invitations(request), pk=pk)
    with conflict_messages(request):
        services.withdraw_invitation(invitation)
        text = _("Invitation to %(agency)s withdrawn. The agency has been notified by e-mail.")
        messages.success(request, text % {"agency": invitation.agency})
    return redirect("invitations:access_list")


@client_view(methods=("POST",))
def revoke_access(request: ClientRequest, pk: int) -> HttpResponse:
    """Revoke a connected access."""
    invitation = get_object_or_404(own_invitations(request), pk=pk)
    with conflict_messages(request):
        services.revoke_access(invitation)
        text = _("%(agency)s no longer has access. The agency has been notified by e-mail.")
        messages.success(request, text % {"agency": invitation.agency})
    return redirect("invitations:access_list")


def check_limits(client: User, agency: Agency) -> None:
    """Raise RateLimitExceeded if the client has given or changed access too often."""
    check_rate_limits((PER_CLIENT, str(client.pk)), (PER_AGENCY, f"{client.pk}:{agency.pk}"))


def own_invitations(request: ClientRequest) -> AccessInvitationQuerySet:
    """Return the client's invitations."""
    return AccessInvitation.objects.filter(client=request.user).select_related("agency__profile", "project")
