"""What changes a team: roles, who leaves, who owns the agency.

Each function is one transaction, the audit event and the mails included, and locks the agency's row first: of two owners who change the
same team at once, the later one meets what the earlier one did. That somebody stays owner is held by the database besides
(`an_owner_stays`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from partnerportal.accounts.models import User
from partnerportal.accounts.sessions import end_sessions
from partnerportal.agencies import mails
from partnerportal.agencies.models import Agency, Membership, Role, TeamInvitation
from partnerportal.audit.services import record


@dataclass(frozen=True)
class ReassignableWork:
    """Something of the agency's work that is in one member's hands, and is handed on when they go."""

    #: How much of it this member has.
    count: Callable[[Membership], int]
    #: Of so many ("%(count)d open tasks"): an `ngettext_lazy`.
    label: Promise
    #: Give what `count` counts to a colleague, or to nobody.
    reassign: Callable[[Membership, User | None], None]


#: What an app puts into people's hands: it registers here, for this app can't know it.
reassignable_work: list[ReassignableWork] = []


def describe_open_work(member: Membership) -> list[str]:
    """What would be handed on, each as “3 open tasks”."""
    counted = [(holding, holding.count(member)) for holding in reassignable_work]
    return [str(holding.label % {"count": count}) for holding, count in counted if count]


@transaction.atomic
def change_role(member: Membership, role: Role, *, by: User) -> bool:
    """Let a member do more, or less. False if that is their role already. Of an owner whom another one makes less, the invitations that
    still wait are withdrawn: one to an address of their own would lead back.

    Raises:
        ValidationError: nobody would own the agency any more, or one of the two has left meanwhile.
    """
    agency = lock_team(member.agency, by=by)
    locked = _still_there(agency, member)
    if locked.role == role:
        return False
    if locked.role == Role.OWNER:
        _keep_an_owner(agency, locked)
        if locked.user != by:
            _withdraw_invitations(agency, of=locked.user, by=by)
    locked.role = role
    locked.save(update_fields=["role"])
    record_team("role_changed", agency, str(locked.user), by=by, role=role)
    if locked.user != by:
        mails.send_role_changed(locked, by=by)
    return True


@transaction.atomic
def remove_member(member: Membership, *, to: User | None, by: User) -> None:
    """End somebody's work here: they are signed out everywhere, what they had in hand goes `to` a colleague, or to nobody, and the
    invitations that they sent are withdrawn.

    Raises:
        ValidationError: nobody would own the agency any more, or one of the people has left meanwhile.
    """
    agency = lock_team(member.agency, by=by)
    locked = _still_there(agency, member)
    _let_go(agency, locked, to=to)
    _withdraw_invitations(agency, of=locked.user, by=by)
    record_team("removed", agency, str(locked.user), by=by)
    mails.send_member_removed(locked, by=by)
    end_sessions(locked.user)


@transaction.atomic
def leave(member: Membership, *, to: User | None) -> None:
    """Go, by one's own decision; what one had in hand goes `to` a colleague, or to nobody. The owners are told.

    Raises:
        ValidationError: nobody would own the agency any more, or the colleague has left meanwhile.
    """
    agency = Agency.objects.select_for_update(no_key=True).get(pk=member.agency_id)
    locked = _still_there(agency, member)
    _let_go(agency, locked, to=to)
    record_team("left", agency, str(locked.user), by=locked.user)
    mails.send_member_left(locked)


@transaction.atomic
def transfer_ownership(to: Membership, *, by: User) -> None:
    """Make somebody else the owner, and oneself a manager.

    Raises:
        ValidationError: one of the two has left meanwhile.
    """
    agency = lock_team(to.agency, by=by)
    heir = _still_there(agency, to)
    former = agency.memberships.owners().filter(user=by).first()
    if former is None:
        raise _no_owner()
    if heir == former:
        raise ValidationError(_("Choose someone else."), "oneself")
    heir.role, former.role = Role.OWNER, Role.MANAGER
    heir.save(update_fields=["role"])
    former.save(update_fields=["role"])
    record_team("handed_over", agency, str(heir.user), by=by)
    mails.send_ownership_transferred(heir, by=by)


@transaction.atomic
def require_second_factor(agency: Agency, required: bool, *, by: User) -> bool:
    """Make a second factor a must for the whole team, or no longer. False if that is so already.

    Raises:
        ValidationError: whoever asks for it has none.
    """
    locked = lock_team(agency, by=by)
    if locked.second_factor_required == required:
        return False
    if required and not locked.memberships.filter(user=by).with_second_factor().get().has_second_factor:
        raise ValidationError(_("Set up your own second factor before requiring one for the team."), "none_yourself")
    locked.second_factor_required = required
    locked.save(update_fields=["second_factor_required"])
    record_team("second_factor_required" if required else "second_factor_optional", locked, locked.name, by=by)
    return True


def lock_team(agency: Agency, *, by: User) -> Agency:
    """The agency as it is now, its row locked until the transaction ends.

    Raises:
        ValidationError: `by` is no owner any more; an admin may act, too.
    """
    locked = Agency.objects.select_for_update(no_key=True).get(pk=agency.pk)
    if not by.is_staff and not locked.memberships.owners().filter(user=by).exists():
        raise _no_owner()
    return locked


def record_team(what: str, agency: Agency, label: str, *, by: User | None, **data: Any) -> None:
    """Write down what happened to the team; `label` is whom it is about."""
    record(f"team.{what}", agency, by=by, label=label, **data)


def _no_owner() -> ValidationError:
    return ValidationError(_("You’re no longer an owner of this agency. Nothing was changed."), "no_owner")


def _withdraw_invitations(agency: Agency, *, of: User, by: User) -> None:
    for invitation in agency.team_invitations.filter(invited_by=of).pending().select_for_update():
        invitation.status, invitation.answered_at = TeamInvitation.Status.WITHDRAWN, timezone.now()
        invitation.save(update_fields=["status", "answered_at"])
        record_team("invitation_withdrawn", agency, invitation.email, by=by)


def _still_there(agency: Agency, member: Membership) -> Membership:
    found = agency.memberships.select_related("user").filter(pk=member.pk).first()
    if found is None:
        raise ValidationError(_("%(name)s has since left the team. Nothing was changed.") % {"name": member.user}, "gone")
    return found


def _keep_an_owner(agency: Agency, going: Membership) -> None:
    if not agency.memberships.owners().exclude(pk=going.pk).exists():
        raise ValidationError(_("An agency needs at least one owner. Make someone else an owner first."), "last_owner")


def _let_go(agency: Agency, member: Membership, *, to: User | None) -> None:
    if member.role == Role.OWNER:
        _keep_an_owner(agency, member)
    if to is not None and not agency.memberships.filter(user=to).exclude(pk=member.pk).exists():
        raise ValidationError(_("%(name)s has since left the team. Nothing was changed.") % {"name": to}, "gone")
    for holding in reassignable_work:
        holding.reassign(member, to)
    agency.memberships.filter(pk=member.pk).delete()
