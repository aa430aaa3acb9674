"""Who works for the agency: everybody on the team sees it, owners change it."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from partnerportal.agencies.access import NEXT_PAGE_KEY, AgencyRequest, agency_view
from partnerportal.agencies.forms import InviteForm, NotificationsForm, ReassignForm, RoleForm, SecondFactorForm, TransferOwnershipForm
from partnerportal.agencies.models import Agency, Membership, Notification, Role, TeamInvitation
from partnerportal.agencies.services import team, team_invitations
from partnerportal.audit.models import AuditEvent
from partnerportal.core.pending import InvalidTransition
from partnerportal.core.rate_limits import RateLimit, RateLimitExceeded, check_rate_limits

#: Events that the page shows.
TIMELINE_LENGTH = 10
#: Invitations that one agency sends: a whole company can join in an hour, a spammer gets nowhere.
INVITATION_LIMIT = RateLimit("team-invitations", 30, 60 * 60)


@agency_view(methods=("GET",))
def overview(request: AgencyRequest) -> HttpResponse:
    """The team: who, as what, since when, with a second factor or not; who is invited; what happened."""
    order = {Role.OWNER: 0, Role.MANAGER: 1, Role.STAFF: 2}
    members = sorted(request.members, key=lambda member: (order[Role(member.role)], str(member.user).lower()))
    events = AuditEvent.objects.filter(object_type=Agency._meta.label_lower, object_id=request.agency.pk, action__startswith="team.")
    return render(
        request,
        "agencies/team.html",
        {
            "members": members,
            "without_second_factor": sum(not member.has_second_factor for member in members),
            "invitations": request.agency.team_invitations.pending().order_by("-pk"),
            "timeline": events.order_by("-pk")[:TIMELINE_LENGTH],
            "may_manage": request.membership.has_role(Role.OWNER),
        },
    )


# --- Invitations -------------------------------------------------------------------------------------------------------


@agency_view(role=Role.OWNER, reauthenticate=True)
def invite(request: AgencyRequest) -> HttpResponse:
    """Ask somebody to join."""
    form = InviteForm(request.form_data)
    if request.method == "POST" and form.is_valid():
        try:
            check_rate_limits((INVITATION_LIMIT, str(request.agency.pk)))
            invitation = team_invitations.invite(request.agency, by=request.user, **form.cleaned_data)
        except ValidationError as error:
            form.add_error(None, error)
        except RateLimitExceeded as error:
            form.add_error(None, str(error))
            return error.apply_to(render(request, "agencies/invite.html", {"form": form}))
        else:
            messages.success(request, _("Invitation sent to %(email)s.") % {"email": invitation.email})
            return redirect("agencies:team")
    return render(request, "agencies/invite.html", {"form": form})


@agency_view(role=Role.OWNER, methods=("POST",))
def invitation_resend(request: AgencyRequest, pk: int) -> HttpResponse:
    """Mail the link once more."""
    invitation = _invitation(request, pk)
    try:
        check_rate_limits((INVITATION_LIMIT, str(request.agency.pk)))
        if team_invitations.resend(invitation, by=request.user):
            messages.success(request, _("Invitation resent to %(email)s.") % {"email": invitation.email})
        else:
            messages.info(request, _("It was sent a moment ago, so no second e-mail was sent."))
    except RateLimitExceeded as error:
        messages.error(request, str(error))
    except (InvalidTransition, ValidationError) as error:
        _say(request, error)
    return redirect("agencies:team")


@agency_view(role=Role.OWNER, methods=("POST",))
def invitation_withdraw(request: AgencyRequest, pk: int) -> HttpResponse:
    """No longer ask."""
    invitation = _invitation(request, pk)
    try:
        team_invitations.withdraw(invitation, by=request.user)
    except (InvalidTransition, ValidationError) as error:
        _say(request, error)
    else:
        messages.success(request, _("Invitation to %(email)s withdrawn. Its link no longer works.") % {"email": invitation.email})
    return redirect("agencies:team")


# --- Members -----------------------------------------------------------------------------------------------------------


@agency_view(role=Role.OWNER, reauthenticate=True)
def role(request: AgencyRequest, pk: int) -> HttpResponse:
    """Let a member do more, or less."""
    member = _member(request, pk)
    form = RoleForm(request.form_data, member=member)
    if request.method == "POST" and form.is_valid():
        try:
            changed = team.change_role(member, form.cleaned_data["role"], by=request.user)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            if changed:
                values = {"name": member.user, "role": form.cleaned_data["role"].label}
                said = _("Your role is now %(role)s.") if member.user == request.user else _("Role of %(name)s changed to %(role)s.")
                messages.success(request, said % values)
            return redirect("agencies:team")
    return render(request, "agencies/role.html", {"form": form, "member": member})


@agency_view(role=Role.OWNER, reauthenticate=True)
def remove(request: AgencyRequest, pk: int) -> HttpResponse:
    """End somebody's work here, after naming what happens."""
    member = _member(request, pk)
    if member.user == request.user:
        return redirect("agencies:leave")
    holds = team.describe_open_work(member)
    form = ReassignForm(request.form_data, going=member.user, team=request.team, holds=bool(holds), submit=_("Remove from team"))
    if request.method == "POST" and form.is_valid():
        try:
            team.remove_member(member, to=form.person, by=request.user)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, _("%(name)s has been removed from the team.") % {"name": member.user})
            return redirect("agencies:team")
    return render(request, "agencies/remove.html", {"form": form, "member": member, "holds": holds})


@agency_view()
def leave(request: AgencyRequest) -> HttpResponse:
    """Go, by one's own decision."""
    holds = team.describe_open_work(request.membership)
    form = ReassignForm(request.form_data, going=request.user, team=request.team, holds=bool(holds), submit=_("Leave team"))
    is_last_owner = [member.user for member in request.members if member.role == Role.OWNER] == [request.user]
    if request.method == "POST" and form.is_valid():
        try:
            team.leave(request.membership, to=form.person)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, _("You’ve left %(agency)s.") % {"agency": request.agency})
            return redirect("desk:home")
    context = {"form": form, "holds": holds, "is_last_owner": is_last_owner, "is_alone": len(request.members) == 1}
    return render(request, "agencies/leave.html", context)


@agency_view(role=Role.OWNER, reauthenticate=True)
def hand_over(request: AgencyRequest) -> HttpResponse:
    """Make somebody else the owner."""
    form = TransferOwnershipForm(request.form_data, members=request.members, by=request.user)
    if request.method == "POST" and form.is_valid():
        try:
            team.transfer_ownership(form.member, by=request.user)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, _("%(name)s is now the owner. You’re now a manager.") % {"name": form.member.user})
            return redirect("agencies:team")
    return render(request, "agencies/transfer_ownership.html", {"form": form})


# --- The second factor -------------------------------------------------------------------------------------------------


@agency_view(role=Role.OWNER, reauthenticate=True)
def second_factor(request: AgencyRequest) -> HttpResponse:
    """Make it a must, or no longer, after naming what happens."""
    form = SecondFactorForm(request.form_data, is_required=request.agency.second_factor_required)
    if request.method == "POST" and form.is_valid():
        required = form.cleaned_data["required"]
        try:
            changed = team.require_second_factor(request.agency, required, by=request.user)
        except ValidationError as error:
            _say(request, error)
            return redirect("agencies:team")
        if changed and required:
            messages.success(
                request, _("Two-factor authentication is now required. Members without it will be asked to set it up on their next page.")
            )
        elif changed:
            messages.success(request, _("Two-factor authentication is no longer required."))
        return redirect("agencies:team")
    without = [member.user for member in request.members if not member.has_second_factor]
    return render(request, "agencies/second_factor.html", {"form": form, "without": without})


@agency_view(methods=("GET",), allow_without_second_factor=True)
def second_factor_needed(request: AgencyRequest) -> HttpResponse:
    """Why nothing else goes on, and what to do."""
    if not request.membership.lacks_second_factor:
        return redirect(request.session.pop(NEXT_PAGE_KEY, None) or "desk:dashboard")
    return render(request, "agencies/second_factor_needed.html")


@agency_view()
def notices(request: AgencyRequest) -> HttpResponse:
    """Which mails of this agency's one gets."""
    form = NotificationsForm(request.form_data, member=request.membership)
    if request.method == "POST" and form.is_valid():
        for notification in Notification:
            request.membership.set_notification(notification, notification in form.cleaned_data["notices"])
        messages.success(request, _("Notification settings saved."))
        return redirect("agencies:notifications")
    return render(request, "agencies/notifications.html", {"form": form})


def _member(request: AgencyRequest, pk: int) -> Membership:
    member: Membership = get_object_or_404(request.agency.memberships.select_related("user"), pk=pk)
    return member


def _invitation(request: AgencyRequest, pk: int) -> TeamInvitation:
    return get_object_or_404(TeamInvitation.objects.for_agency(request.agency).select_related("agency"), pk=pk)


def _say(request: AgencyRequest, error: InvalidTransition | ValidationError) -> None:
    if isinstance(error, ValidationError):
        messages.error(request, " ".join(error.messages))
        return
    what = {
        "accepted": _("This invitation has already been accepted."),
        "withdrawn": _("This invitation has already been withdrawn."),
        "expired": _("This invitation has expired. Send a new one."),
    }[error.state]
    nothing_done = _("Nothing was changed, and no e-mail was sent.")
    messages.info(request, f"{what} {nothing_done}")
