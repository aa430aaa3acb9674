"""Invitations to a team by a personal link that only the invited address can use.

Each function is one transaction, including its audit event and e-mails. It locks the agency's row
first, then the invitation's.
"""

from collections.abc import Callable

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from partnerportal.accounts.models import User
from partnerportal.accounts.queries import find_account, has_address
from partnerportal.accounts.services.accounts import create_account
from partnerportal.agencies import mails
from partnerportal.agencies.models import Agency, Membership, Role, TeamInvitation
from partnerportal.agencies.services.team import lock_team, lock_team_as_owner
from partnerportal.audit.services import record
from partnerportal.core.email_addresses import address_variants, validate_deliverable
from partnerportal.core.pending import PendingQuerySet

Status = TeamInvitation.Status


@transaction.atomic
def invite(agency: Agency, *, email: str, role: Role, by: User, send: Callable[..., None] = mails.send_invitation) -> TeamInvitation:
    """Invite this address to the team. `send` queues the e-mail with the personal link.

    Raises:
        ValidationError: The address is undeliverable, invited or a member's, or `by` is no longer an owner.
    """
    address = email.strip().lower()
    validate_deliverable(address)
    locked = lock_team_as_owner(agency, by=by)
    if locked.has_staff_address(address):
        raise ValidationError({"email": _("This address already belongs to someone on your team.")})
    earlier = locked.team_invitations.filter(email__in=address_variants(address))
    expire(earlier.past_expiry())
    if earlier.pending().exists():
        raise ValidationError({"email": _("This address has already been invited. You can resend the invitation.")})
    invitation = TeamInvitation.objects.create(agency=locked, email=address, role=role, invited_by=by)
    record("team.invited", locked, by=by, label=address, role=role)
    send(invitation, account=find_account(address), by=by)
    return invitation


@transaction.atomic
def resend(invitation: TeamInvitation, *, by: User) -> bool:
    """Send the link again and restart its term. Return False if it was sent moments ago.

    Raises:
        InvalidTransition: The invitation is no longer pending.
        ValidationError: `by` is no longer an owner.
    """
    agency = lock_team_as_owner(invitation.agency, by=by)
    locked = _lock_pending(invitation)
    if not locked.can_be_resent:
        return False
    locked.extend()
    locked.save()
    record("team.invited_again", agency, by=by, label=locked.email)
    mails.send_invitation(locked, account=find_account(locked.email), by=by)
    return True


@transaction.atomic
def withdraw(invitation: TeamInvitation, *, by: User) -> None:
    """Withdraw the invitation, so that its link stops working.

    Raises:
        InvalidTransition: The invitation is no longer pending.
        ValidationError: `by` is no longer an owner.
    """
    agency = lock_team_as_owner(invitation.agency, by=by)
    _lock_pending(invitation).close(Status.WITHDRAWN)
    record("team.invitation_withdrawn", agency, by=by, label=invitation.email)


@transaction.atomic
def accept(invitation: TeamInvitation, *, user: User) -> Membership:
    """Accept the invitation. Existing members keep their role.

    Raises:
        InvalidTransition: The invitation is no longer pending.
        ValidationError: The invitation is for another address.
    """
    agency = lock_team(invitation.agency_id)
    locked = _lock_pending(invitation)
    if not has_address(user, locked.email):
        raise ValidationError(_("This invitation is for another address."), "other_address")
    return _join(locked, agency, user)


@transaction.atomic
def accept_with_new_account(invitation: TeamInvitation, *, full_name: str, password: str, language: str) -> Membership:
    """Create an account for the invited address, which the link has verified, and accept.

    Raises:
        InvalidTransition: The invitation is no longer pending.
        ValidationError: An account with this address already exists.
    """
    agency = lock_team(invitation.agency_id)
    locked = _lock_pending(invitation)
    if find_account(locked.email) is not None:
        raise ValidationError(_("An account with this address already exists. Sign in to accept."), "account_exists")
    user = create_account(email=locked.email, full_name=full_name, password=password, language=language)
    return _join(locked, agency, user)


@transaction.atomic
def expire(invitations: PendingQuerySet[TeamInvitation]) -> int:
    """Mark these invitations as expired and return their number. Locked rows are skipped."""
    expired = list(invitations.select_for_update(skip_locked=True, of=("self",)).select_related("agency"))
    for invitation in expired:
        invitation.close(Status.EXPIRED)
        record("team.invitation_expired", invitation.agency, by=None, label=invitation.email)
    return len(expired)


def _join(locked: TeamInvitation, agency: Agency, user: User) -> Membership:
    locked.close(Status.ACCEPTED)
    member, joined = Membership.objects.get_or_create(agency=agency, user=user, defaults={"role": locked.role})
    if joined:
        record("team.joined", agency, by=user, label=str(user), role=locked.role)
        mails.send_member_joined(member, invited_by=locked.invited_by)
    return member


def _lock_pending(invitation: TeamInvitation) -> TeamInvitation:
    locked = TeamInvitation.objects.select_for_update(of=("self",)).select_related("agency", "invited_by").get(pk=invitation.pk)
    locked.ensure_status(Status.PENDING)
    return locked
