"""Changes of a team: roles, removals, ownership and required two-factor authentication.

Each function is one transaction, including its audit event and e-mails. It locks the agency's row
first, so that concurrent changes of a team run one after another. The trigger `an_owner_stays` also
enforces that an owner remains.
"""

from collections.abc import Callable
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from partnerportal.accounts.models import User
from partnerportal.accounts.services.accounts import end_sessions
from partnerportal.agencies import mails
from partnerportal.agencies.models import Agency, Membership, Role, TeamInvitation
from partnerportal.audit.services import record


@dataclass(frozen=True)
class ReassignableWork:
    """A kind of work that is assigned to members and reassigned when they leave the team."""

    #: Returns the member's number of assigned items.
    count: Callable[[Membership], int]
    #: Label with this count, such as "%(count)d open tasks": an `ngettext_lazy`.
    label: Promise
    #: Assigns the counted items to a colleague, or to no one, on behalf of the last one.
    reassign: Callable[[Membership, User | None, User], None]


#: Kinds of work that other apps register.
reassignable_work: list[ReassignableWork] = []
#: Functions of other apps that run before a membership ends, in the same transaction.
departure_hooks: list[Callable[[Membership], None]] = []


def describe_open_work(member: Membership) -> list[str]:
    """Return labels of the member's assigned work, such as “3 open tasks”."""
    counts = [(work, work.count(member)) for work in reassignable_work]
    return [str(work.label % {"count": count}) for work, count in counts if count]


def lock_team(agency_id: int) -> Agency:
    """Return the agency with its row locked until the end of the transaction."""
    return Agency.objects.select_for_update(no_key=True).get(pk=agency_id)


def lock_team_as_owner(agency: Agency, *, by: User) -> Agency:
    """Return the agency with its row locked, for a change by an owner or a portal administrator.

    Raises:
        ValidationError: `by` is no longer an owner.
    """
    locked = lock_team(agency.pk)
    if not by.is_staff and not locked.memberships.owners().filter(user=by).exists():
        raise _not_an_owner()
    return locked


@transaction.atomic
def change_role(member: Membership, role: Role, *, by: User) -> bool:
    """Change the member's role, and return False if they already have it.

    Demoting another owner withdraws their pending invitations, because one sent to an address of
    their own would make them an owner again.

    Raises:
        ValidationError: The agency would have no owner, `by` no longer is one, or the member has left.
    """
    agency = lock_team_as_owner(member.agency, by=by)
    locked = _get_current(agency, member)
    if locked.role == role:
        return False
    if locked.role == Role.OWNER:
        _ensure_other_owner(agency, locked)
        if locked.user != by:
            _withdraw_invitations(agency, sent_by=locked.user, by=by)
    locked.role = role
    locked.save(update_fields=["role"])
    record("team.role_changed", agency, by=by, label=str(locked.user), role=role)
    if locked.user != by:
        mails.send_role_changed(locked, by=by)
    return True


@transaction.atomic
def remove_member(member: Membership, *, to: User | None, by: User) -> None:
    """Remove the member, end their sessions and withdraw their invitations.

    Their open work is reassigned to `to`, or unassigned.

    Raises:
        ValidationError: The agency would have no owner, `by` no longer is one, or a member has left.
    """
    agency = lock_team_as_owner(member.agency, by=by)
    locked = _get_current(agency, member)
    _end_membership(agency, locked, to=to, by=by)
    _withdraw_invitations(agency, sent_by=locked.user, by=by)
    record("team.removed", agency, by=by, label=str(locked.user))
    mails.send_member_removed(locked, by=by)
    end_sessions(locked.user)


@transaction.atomic
def leave(member: Membership, *, to: User | None) -> None:
    """Leave the team and notify the owners. Open work is reassigned to `to`, or unassigned.

    Raises:
        ValidationError: The agency would have no owner, or a member has left.
    """
    agency = lock_team(member.agency_id)
    locked = _get_current(agency, member)
    _end_membership(agency, locked, to=to, by=locked.user)
    record("team.left", agency, by=locked.user, label=str(locked.user))
    mails.send_member_left(locked)


@transaction.atomic
def transfer_ownership(to: Membership, *, by: User) -> None:
    """Make `to` an owner and `by` a manager.

    Raises:
        ValidationError: `by` is no longer an owner, or `to` has left or is the same person.
    """
    agency = lock_team_as_owner(to.agency, by=by)
    new_owner = _get_current(agency, to)
    former_owner = agency.memberships.owners().filter(user=by).first()
    if former_owner is None:
        raise _not_an_owner()
    if new_owner == former_owner:
        raise ValidationError(_("Choose someone else."), "oneself")
    new_owner.role, former_owner.role = Role.OWNER, Role.MANAGER
    new_owner.save(update_fields=["role"])
    former_owner.save(update_fields=["role"])
    record("team.handed_over", agency, by=by, label=str(new_owner.user))
    mails.send_ownership_transferred(new_owner, by=by)


@transaction.atomic
def require_second_factor(agency: Agency, required: bool, *, by: User) -> bool:
    """Require two-factor authentication or make it optional, and return False if nothing changes.

    Raises:
        ValidationError: `by` is no longer an owner, or has no second factor.
    """
    locked = lock_team_as_owner(agency, by=by)
    if locked.second_factor_required == required:
        return False
    if required and not locked.memberships.filter(user=by).with_second_factor().get().has_second_factor:
        raise ValidationError(_("Set up your own second factor before requiring one for the team."), "none_yourself")
    locked.second_factor_required = required
    locked.save(update_fields=["second_factor_required"])
    record("team.second_factor_required" if required else "team.second_factor_optional", locked, by=by)
    return True


def _not_an_owner() -> ValidationError:
    return ValidationError(_("You’re no longer an owner of this agency. Nothing was changed."), "no_owner")


def _has_left(member: object) -> ValidationError:
    return ValidationError(_("%(name)s has since left the team. Nothing was changed.") % {"name": member}, "gone")


def _get_current(agency: Agency, member: Membership) -> Membership:
    current = agency.memberships.select_related("user").filter(pk=member.pk).first()
    if current is None:
        raise _has_left(member.user)
    return current


def _ensure_other_owner(agency: Agency, member: Membership) -> None:
    if not agency.memberships.owners().exclude(pk=member.pk).exists():
        raise ValidationError(_("An agency needs at least one owner. Make someone else an owner first."), "last_owner")


def _withdraw_invitations(agency: Agency, *, sent_by: User, by: User) -> None:
    for invitation in agency.team_invitations.filter(invited_by=sent_by).pending().select_for_update():
        invitation.close(TeamInvitation.Status.WITHDRAWN)
        record("team.invitation_withdrawn", agency, by=by, label=invitation.email)


def _end_membership(agency: Agency, member: Membership, *, to: User | None, by: User) -> None:
    if member.role == Role.OWNER:
        _ensure_other_owner(agency, member)
    if to is not None and not agency.memberships.filter(user=to).exclude(pk=member.pk).exists():
        raise _has_left(to)
    for work in reassignable_work:
        work.reassign(member, to, by)
    for depart in departure_hooks:
        depart(member)
    agency.memberships.filter(pk=member.pk).delete()
