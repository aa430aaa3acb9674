"""Views of the team, which all members see and owners change."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from partnerportal.agencies.access import NEXT_PAGE_KEY, AgencyRequest, agency_view
from partnerportal.agencies.forms.team import InviteForm, ReassignForm, RoleForm, SecondFactorForm, TransferOwnershipForm
from partnerportal.agencies.models import Agency, Membership, Role, TeamInvitation
from partnerportal.agencies.services import team as services
from partnerportal.agencies.services import team_invitations
from partnerportal.audit.models import AuditEvent
from partnerportal.core.pending import InvalidTransition
from partnerportal.core.rate_limits import RateLimit, RateLimitExceeded, check_rate_limits

#: Maximum number of events on the team page.
TIMELINE_LENGTH = 10
#: Invitations per agency: enough for a whole company to join in an hour, too few for spam.
INVITATION_LIMIT = RateLimit("team-invitations", 30, 60 * 60)


@agency_view(methods=("GET",))
def team(request: AgencyRequest) -> HttpResponse:
    """List members, pending invitations and recent events."""
    events = AuditEvent.objects.filter(object_type=Agency._meta.label_lower, object_id=request.agency.pk, action__startswith="team.")
    return render(
        request,
        "agencies/team.html",
        {
            "members": sorted(request.members, key=lambda member: (Role(member.role).rank, str(member.user).lower())),
            "without_second_factor": sum(not member.has_second_factor for member in request.members),
            "invitations": request.agency.team_invitations.pending().order_by("-pk"),
            "timeline": events.order_by("-pk")[:TIMELINE_LENGTH],
            "may_manage": request.membership.has_role(Role.OWNER),
        },
    )


# --- Invitations -------------------------------------------------------------------------------------------------------


@agency_view(role=Role.OWNER, reauthenticate=True)
def invite(request: AgencyRequest) -> HttpResponse:
    """Invite a person by e-mail."""
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
    """Send the invitation again."""
    invitation = _get_invitation(request, pk)
    try:
        check_rate_limits((INVITATION_LIMIT, str(request.agency.pk)))
        if team_invitations.resend(invitation, by=request.user):
            messages.success(request, _("Invitation resent to %(email)s.") % {"email": invitation.email})
        else:
            messages.info(request, _("It was sent a moment ago, so no second e-mail was sent."))
    except RateLimitExceeded as error:
        messages.error(request, str(error))
    except (InvalidTransition, ValidationError) as error:
        _explain(request, error)
    return redirect("agencies:team")


@agency_view(role=Role.OWNER, methods=("POST",))
def invitation_withdraw(request: AgencyRequest, pk: int) -> HttpResponse:
    """Withdraw the invitation."""
    invitation = _get_invitation(request, pk)
    try:
        team_invitations.withdraw(invitation, by=request.user)
    except (InvalidTransition, ValidationError) as error:
        _explain(request, error)
    else:
        messages.success(request, _("Invitation to %(email)s withdrawn. Its link no longer works.") % {"email": invitation.email})
    return redirect("agencies:team")


# --- Members -----------------------------------------------------------------------------------------------------------


@agency_view(role=Role.OWNER, reauthenticate=True)
def change_role(request: AgencyRequest, pk: int) -> HttpResponse:
    """Change a member's role."""
    member = _get_member(request, pk)
    form = RoleForm(request.form_data, member=member)
    if request.method == "POST" and form.is_valid():
        try:
            changed = services.change_role(member, form.cleaned_data["role"], by=request.user)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            if changed:
                is_own = member.user == request.user
                message = _("Your role is now %(role)s.") if is_own else _("Role of %(name)s changed to %(role)s.")
                messages.success(request, message % {"name": member.user, "role": form.cleaned_data["role"].label})
            return redirect("agencies:team")
    return render(request, "agencies/change_role.html", {"form": form, "member": member})


@agency_view(role=Role.OWNER, reauthenticate=True)
def remove_member(request: AgencyRequest, pk: int) -> HttpResponse:
    """Remove a member, after showing the consequences."""
    member = _get_member(request, pk)
    if member.user == request.user:
        return redirect("agencies:leave")
    open_work = services.describe_open_work(member)
    form = ReassignForm(request.form_data, member=member, team=request.team, has_work=bool(open_work), submit=_("Remove from team"))
    if request.method == "POST" and form.is_valid():
        try:
            services.remove_member(member, to=form.colleague, by=request.user)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, _("%(name)s has been removed from the team.") % {"name": member.user})
            return redirect("agencies:team")
    return render(request, "agencies/remove_member.html", {"form": form, "member": member, "open_work": open_work})


@agency_view()
def leave(request: AgencyRequest) -> HttpResponse:
    """Leave the team, after showing the consequences."""
    open_work = services.describe_open_work(request.membership)
    form = ReassignForm(request.form_data, member=request.membership, team=request.team, has_work=bool(open_work), submit=_("Leave team"))
    if request.method == "POST" and form.is_valid():
        try:
            services.leave(request.membership, to=form.colleague)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, _("You’ve left %(agency)s.") % {"agency": request.agency})
            return redirect("desk:home")
    is_last_owner = [member.user for member in request.members if member.role == Role.OWNER] == [request.user]
    context = {"form": form, "open_work": open_work, "is_last_owner": is_last_owner, "is_alone": len(request.members) == 1}
    return render(request, "agencies/leave.html", context)


@agency_view(role=Role.OWNER, reauthenticate=True)
def transfer_ownership(request: AgencyRequest) -> HttpResponse:
    """Make another member the owner."""
    form = TransferOwnershipForm(request.form_data, members=request.members, by=request.user)
    if request.method == "POST" and form.is_valid():
        try:
            services.transfer_ownership(form.member, by=request.user)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, _("%(name)s is now the owner. You’re now a manager.") % {"name": form.member.user})
            return redirect("agencies:team")
    return render(request, "agencies/transfer_ownership.html", {"form": form})


# --- Second factor and notifications -----------------------------------------------------------------------------------


@agency_view(role=Role.OWNER, reauthenticate=True)
def require_second_factor(request: AgencyRequest) -> HttpResponse:
    """Require two-factor authentication or make it optional, after showing the consequences."""
    form = SecondFactorForm(request.form_data, is_required=request.agency.second_factor_required)
    if request.method == "POST" and form.is_valid():
        required = form.cleaned_data["required"]
        try:
            changed = services.require_second_factor(request.agency, required, by=request.user)
        except ValidationError as error:
            _explain(request, error)
            return redirect("agencies:team")
        if changed and required:
            messages.success(
                request, _("Two-factor authentication is now required. Members without it will be asked to set it up on their next page.")
            )
        elif changed:
            messages.success(request, _("Two-factor authentication is no longer required."))
        return redirect("agencies:team")
    without = [member.user for member in request.members if not member.has_second_factor]
    return render(request, "agencies/require_second_factor.html", {"form": form, "without": without})


@agency_view(methods=("GET",), allow_without_second_factor=True)
def second_factor_required(request: AgencyRequest) -> HttpResponse:
    """Ask for the required second factor, or continue to the requested page."""
    if not request.membership.lacks_second_factor:
        return redirect(request.session.pop(NEXT_PAGE_KEY, None) or "desk:dashboard")
    return render(request, "agencies/second_factor_required.html")


def _get_member(request: AgencyRequest, pk: int) -> Membership:
    member: Membership = get_object_or_404(request.agency.memberships.select_related("user"), pk=pk)
    return member


def _get_invitation(request: AgencyRequest, pk: int) -> TeamInvitation:
    return get_object_or_404(TeamInvitation.objects.for_agency(request.agency).select_related("agency"), pk=pk)


def _explain(request: AgencyRequest, error: InvalidTransition | ValidationError) -> None:
    if isinstance(error, ValidationError):
        messages.error(request, " ".join(error.messages))
        return
    reason = {
        "accepted": _("This invitation has already been accepted."),
        "withdrawn": _("This invitation has already been withdrawn."),
        "expired": _("This invitation has expired. Send a new one."),
    }[error.state]
    nothing_done = _("Nothing was changed, and no e-mail was sent.")
    messages.info(request, f"{reason} {nothing_done}")
