"""How somebody gets onto a team: invited by an owner, by a link that only the invited address can use.

Each function is one transaction, the audit event and the mails included; it locks the agency's row, then the invitation's.
"""

from datetime import timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from partnerportal.accounts.models import User
from partnerportal.accounts.services.accounts import create_account, find_account, has_address
from partnerportal.agencies import mails
from partnerportal.agencies.models import Agency, Membership, Role, TeamInvitation
from partnerportal.agencies.services.team import lock_team, record_team
from partnerportal.core.email_addresses import address_variants, validate_deliverable
from partnerportal.core.pending import InvalidTransition, PendingQuerySet

Status = TeamInvitation.Status

#: An invitation is not mailed again within so short a time: that was a double click.
RESEND_COOLDOWN = timedelta(minutes=1)


@transaction.atomic
def invite(agency: Agency, *, email: str, role: Role, by: User) -> TeamInvitation:
    """Ask somebody, by e-mail, to work here.

    Raises:
        ValidationError: they work here, or were asked already; no mail can go there; or `by` is no owner any more.
    """
    address = email.strip().lower()
    validate_deliverable(address)
    locked = lock_team(agency, by=by)
    if locked.has_staff_address(address):
        raise ValidationError({"email": _("This address already belongs to someone on your team.")})
    asked = locked.team_invitations.filter(email__in=address_variants(address))
    expire(asked.past_expiry())
    if asked.pending().exists():
        raise ValidationError({"email": _("This address has already been invited. You can resend the invitation.")})
    invitation = TeamInvitation.objects.create(agency=locked, email=address, role=role, invited_by=by)
    record_team("invited", locked, address, by=by, role=role)
    mails.send_invitation(invitation, account=find_account(address), by=by)
    return invitation


@transaction.atomic
def resend(invitation: TeamInvitation, *, by: User) -> bool:
    """Mail the same link once more, good for the whole time anew. False for a double click.

    Raises:
        InvalidTransition: it doesn't wait any more.
        ValidationError: `by` is no owner any more.
    """
    agency = lock_team(invitation.agency, by=by)
    locked = _lock(invitation)
    if timezone.now() - locked.mailed_at < RESEND_COOLDOWN:
        return False
    locked.extend()
    locked.save()
    record_team("invited_again", agency, locked.email, by=by)
    mails.send_invitation(locked, account=find_account(locked.email), by=by)
    return True


@transaction.atomic
def withdraw(invitation: TeamInvitation, *, by: User) -> None:
    """No longer ask; the link says so.

    Raises:
        InvalidTransition: it doesn't wait any more.
        ValidationError: `by` is no owner any more.
    """
    agency = lock_team(invitation.agency, by=by)
    _answer(_lock(invitation), Status.WITHDRAWN)
    record_team("invitation_withdrawn", agency, invitation.email, by=by)


@transaction.atomic
def accept(invitation: TeamInvitation, *, user: User) -> Membership:
    """Join. Whoever works here already keeps the role they have.

    Raises:
        InvalidTransition: it was accepted, withdrawn, or has expired.
        ValidationError: it is for another address.
    """
    agency = Agency.objects.select_for_update(no_key=True).get(pk=invitation.agency_id)
    locked = _lock(invitation)
    if not has_address(user, locked.email):
        raise ValidationError(_("This invitation is for another address."), "other_address")
    return _join(locked, agency, user)


@transaction.atomic
def accept_with_new_account(invitation: TeamInvitation, *, full_name: str, password: str, language: str) -> Membership:
    """Open an account for the invited address, which the link has proved, and join.

    Raises:
        InvalidTransition: it was accepted, withdrawn, or has expired.
        ValidationError: there is an account with this address by now.
    """
    agency = Agency.objects.select_for_update(no_key=True).get(pk=invitation.agency_id)
    locked = _lock(invitation)
    if find_account(locked.email) is not None:
        raise ValidationError(_("An account with this address already exists. Sign in to accept."), "account_exists")
    user = create_account(email=locked.email, full_name=full_name, password=password, language=language)
    return _join(locked, agency, user)


@transaction.atomic
def expire(overdue: PendingQuerySet[TeamInvitation]) -> int:
    """Write down that nobody accepted these in time; how many that were. One that somebody is just working on is left to them."""
    expired = list(overdue.select_for_update(skip_locked=True, of=("self",)).select_related("agency"))
    for invitation in expired:
        _answer(invitation, Status.EXPIRED)
        record_team("invitation_expired", invitation.agency, invitation.email, by=None)
    return len(expired)


def _join(locked: TeamInvitation, agency: Agency, user: User) -> Membership:
    _answer(locked, Status.ACCEPTED)
    member, joined = Membership.objects.get_or_create(agency=agency, user=user, defaults={"role": locked.role})
    if joined:
        record_team("joined", agency, str(user), by=user, role=locked.role)
        mails.send_member_joined(member, invited_by=locked.invited_by)
    return member


def _lock(invitation: TeamInvitation) -> TeamInvitation:
    locked = TeamInvitation.objects.select_for_update(of=("self",)).select_related("agency", "invited_by").get(pk=invitation.pk)
    if locked.current_status != Status.PENDING:
        raise InvalidTransition(locked.current_status, locked)
    return locked


def _answer(locked: TeamInvitation, status: Status) -> None:
    locked.status, locked.answered_at = status, timezone.now()
    locked.save(update_fields=["status", "answered_at"])
