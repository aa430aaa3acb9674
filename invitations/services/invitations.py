"""State transitions of access invitations.

Every function runs in one transaction that changes the status, records an audit event and queues an
e-mail to the other party. If two transitions run concurrently, one succeeds and the other raises
InvalidTransition without any effect. Functions that also lock the customer lock it first, in the same
order as erase_customer().
"""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from customers.models import Customer, Domain, Project
from customers.services.customers import create_customer
from customers.services.items import add_item_to_locked
from invitations.mails import invitations as mails
from invitations.models import AccessInvitation, AccessRequest
from invitations.models.areas import stored_areas
from invitations.models.terms import END_FIELDS
from partnerportal.accounts.models import User
from partnerportal.agencies.models import Agency
from partnerportal.audit.models import AuditEvent
from partnerportal.audit.services import record
from partnerportal.core.pending import InvalidTransition, end_of_day
from partnerportal.outbox.models import OutgoingMail

logger = logging.getLogger(__name__)

Status = AccessInvitation.Status

#: Text fields with the client's details and both sides' messages, which erasures empty.
DETAILS = ("name", "company", "phone", "street", "zip", "city", "country", "message", "reason")


# --- By the client -----------------------------------------------------------------------------------------------------


@transaction.atomic
def give_access(*, agency: Agency, client: User, scope: str, areas: list[str], **fields: Any) -> AccessInvitation:
    """Offer `agency` access. `fields` are the client's details and the other fields of the invitation.

    Raises:
        ValidationError: The client works for the agency, has already given it access, or has closed the account.
    """
    # Locks the client because a concurrent call (a double click) must see this invitation.
    ensure_open_account(client)
    ensure_not_own_agency(agency, client)
    expire_each(AccessInvitation.objects.for_agency(agency).past_expiry().filter(client=client), expire_invitation)
    if current_invitation(agency, client):
        raise ValidationError(_("You’ve already given %(agency)s access.") % {"agency": agency}, "given")
    invitation = AccessInvitation.objects.create(agency=agency, client=client, scope=scope, areas=stored_areas(scope, areas), **fields)
    record("invitation.received", invitation, by=None, source=AuditEvent.Source.WEB, scope=invitation.scope, areas=invitation.areas)
    mails.send_access_given(invitation)
    return invitation


def ensure_open_account(client: User) -> None:
    """Lock the client's account. Raise ValidationError if it has been closed or deactivated in the meantime."""
    if not list(User.objects.select_for_update(no_key=True).filter(pk=client.pk, is_active=True)):
        raise ValidationError(_("This account has been closed."), "closed")


def ensure_not_own_agency(agency: Agency, client: User) -> None:
    """Raise ValidationError if the client works for the agency."""
    if agency.memberships.filter(user=client).exists() or agency.belongs_to_staff(client.email):
        raise ValidationError(_("You work for %(agency)s, so you can’t give it access as a client.") % {"agency": agency}, "own_agency")


def current_invitation(agency: Agency, client: User) -> AccessInvitation | None:
    """Return the newest pending or connected invitation of this client to this agency, if any."""
    given = AccessInvitation.objects.for_agency(agency).filter(client=client)
    return (given.pending() | given.connected()).order_by("-pk").first()


@transaction.atomic
def withdraw_invitation(invitation: AccessInvitation) -> None:
    """Withdraw a pending invitation.

    Raises:
        InvalidTransition: The invitation is no longer pending.
    """
    locked = _lock(invitation, Status.PENDING)
    _end(locked, Status.WITHDRAWN)
    record("invitation.withdrawn", locked, by=None, source=AuditEvent.Source.WEB)
    mails.send_invitation_withdrawn(locked)


@transaction.atomic
def change_access(
    invitation: AccessInvitation, *, scope: str, areas: list[str], term: str | None = None, project: Project | None = None
) -> bool:
    """Change the scope of an access, and its end if `term` is given. Return False if both were the same before.

    Raises:
        InvalidTransition: The access is no longer connected.
    """
    locked = lock_connected(invitation)
    before, after = (locked.scope, locked.areas), (scope, stored_areas(scope, areas))
    end_before = locked.end
    locked.scope, locked.areas = after
    if term is not None:
        locked.set_end(term, project=project)
    if before == after and locked.end == end_before:
        return False
    locked.save(update_fields=["scope", "areas", *END_FIELDS])
    if before != after:
        record("invitation.changed", locked, by=None, source=AuditEvent.Source.WEB, scope=locked.scope, areas=locked.areas)
    if locked.end != end_before:
        record_new_end(locked)
    mails.send_access_changed(locked, before=before)
    return True


def record_new_end(locked: AccessInvitation) -> None:
    """Record that the client chose another end. Projects are left out, because their titles can be personal."""
    day = locked.ends_on.isoformat() if locked.ends_on else ""
    record("invitation.end_changed", locked, by=None, source=AuditEvent.Source.WEB, term=locked.term, ends_on=day)


@transaction.atomic
def revoke_access(invitation: AccessInvitation) -> None:
    """Revoke an access.

    Raises:
        InvalidTransition: The access is no longer connected.
    """
    locked = lock_connected(invitation)
    _end(locked, Status.REVOKED)
    record("invitation.revoked", locked, by=None, source=AuditEvent.Source.WEB)
    mails.send_access_revoked(locked)


# --- By the agency -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class DomainTransfer:
    """Result of assigning an invitation's domains to its customer."""

    customer: Customer
    added: list[str]
    #: Domains that were not moved, each with the customer it belongs to.
    held: list[tuple[str, Customer]]


@transaction.atomic
def connect_new_customer(invitation: AccessInvitation, *, by: User, **fields: Any) -> DomainTransfer:
    """Create a customer with these `fields` and connect the access to it.

    Raises:
        InvalidTransition: The invitation is no longer pending. No customer is created.
    """
    locked = _lock(invitation, Status.PENDING)
    return _connect(locked, create_customer(agency=locked.agency, by=by, **fields), by=by)


@transaction.atomic
def connect_customer(invitation: AccessInvitation, *, customer: Customer, by: User) -> DomainTransfer:
    """Connect the access to an existing customer.

    Raises:
        InvalidTransition: The invitation is no longer pending.
        ValidationError: The customer isn't active, or the client has already given access for it.
    """
    customer = Customer.objects.select_for_update(of=("self",), no_key=True).select_related("agency").get(pk=customer.pk)
    locked = _lock(invitation, Status.PENDING)
    if customer.status != Customer.Status.ACTIVE:
        raise ValidationError(_("This customer has since been archived or erased. Choose another customer."), "not_active")
    given = customer.access_invitations.filter(client=locked.client_id)
    expire_each(given.past_end(), end_access_on_its_day)
    if given.not_ended().exists():
        raise ValidationError(
            _("This person has already given access for %(customer)s. Choose another customer, or reject the invitation.")
            % {"customer": customer.name_in_text},
            "connected",
        )
    return _connect(locked, customer, by=by)


@transaction.atomic
def reject_invitation(invitation: AccessInvitation, *, message: str, by: User) -> None:
    """Reject a pending invitation. The e-mail to the client quotes `message`, which can be empty.

    Raises:
        InvalidTransition: The invitation is no longer pending.
    """
    locked = _lock(invitation, Status.PENDING)
    _end(locked, Status.REJECTED, reason=message)
    record("invitation.rejected", locked, by=by)
    mails.send_invitation_rejected(locked, by=by)


@transaction.atomic
def disconnect_access(invitation: AccessInvitation, *, reason: str, by: User) -> None:
    """End an access. The e-mail to the client quotes `reason`, which can be empty.

    Raises:
        InvalidTransition: The access is no longer connected.
    """
    locked = lock_connected(invitation)
    _end(locked, Status.DISCONNECTED, reason=reason)
    record("invitation.disconnected", locked, by=by)
    mails.send_access_ended(locked, by=by)


# --- By the system -----------------------------------------------------------------------------------------------------


def expire_each(rows: Iterable[Any], expire: Callable[[Any], None]) -> int:
    """Call `expire` for each invitation or access request and return the number of expired rows.

    Rows that were answered in the meantime are skipped.
    """
    expired = 0
    for row in rows:
        try:
            expire(row)
        except InvalidTransition as conflict:
            logger.info("%r has since been %s.", row, conflict.state)
        else:
            expired += 1
    return expired


@transaction.atomic
def expire_invitation(invitation: AccessInvitation) -> None:
    """Expire an unanswered invitation and notify both parties.

    Raises:
        InvalidTransition: The invitation was answered or has not expired yet.
    """
    locked = _lock(invitation, Status.EXPIRED)
    if locked.status != Status.PENDING:
        raise InvalidTransition(locked.status, locked)
    _end(locked, Status.EXPIRED)
    record("invitation.expired", locked, by=None)
    mails.send_invitation_expired(locked)


@transaction.atomic
def end_access_on_its_day(invitation: AccessInvitation, *, even_if_reopened: bool = False) -> None:
    """End an access whose last day has passed and notify both parties.

    If its project is open again, the access would continue, but not if the client's account is being closed (`even_if_reopened`).

    Raises:
        InvalidTransition: The client has since extended the access, its project is open again, or it was ended.
    """
    locked = _lock(invitation, Status.DISCONNECTED)
    is_reopened = bool(locked.project and locked.project.is_open)
    if locked.status != Status.CONNECTED or (is_reopened and not even_if_reopened):
        raise InvalidTransition(locked.status, locked)
    assert locked.ends_on  # noqa: S101  # past its last day
    _end(locked, Status.DISCONNECTED, at=end_of_day(locked.agency.time_zone, locked.ends_on))
    record("invitation.ended", locked, by=None)
    mails.send_access_over(locked)


@transaction.atomic
def end_access_as_admin(invitation: AccessInvitation, *, reason: str, by: User) -> None:
    """End an access on behalf of a portal administrator and send both parties the reason.

    Raises:
        InvalidTransition: The access is no longer connected.
    """
    locked = lock_connected(invitation)
    _end(locked, Status.DISCONNECTED, reason=reason)
    record("invitation.force_ended", locked, by=by)
    mails.send_access_ended_by_admin(locked)


def erase_customer_access(customer: Customer, by: User) -> None:
    """End a customer's access, notify the clients and erase their details.

    Clients still see in their own account that they gave the agency access. Runs as one of the
    `erasure_hooks`, in the transaction that has locked the customer.
    """
    given = AccessInvitation.objects.filter(customer=customer).select_related("agency", "client", "customer")
    addresses = {invitation.client.email for invitation in given}
    for invitation in given.not_ended().select_for_update(of=("self",)):
        _end(invitation, Status.DISCONNECTED)
        record("invitation.disconnected", invitation, by=by)
        mails.send_customer_erased(invitation)
    given.update(**dict.fromkeys(DETAILS, ""), domains=[])
    requests = AccessRequest.objects.filter(customer=customer)
    requests.filter(status=AccessRequest.Status.PENDING).update(status=AccessRequest.Status.WITHDRAWN, answered_at=timezone.now())
    requests.update(email="", message="")
    # E-mails queued before the connection reference only the client's address.
    to_agency = OutgoingMail.objects.for_agency(customer.agency).filter(customer_id=None)
    to_agency.filter(reply_to__in=addresses).delete()
    to_agency.filter(to_email__in=addresses).delete()


# --- Shared ------------------------------------------------------------------------------------------------------------


def lock_connected(invitation: AccessInvitation) -> AccessInvitation:
    """Lock and return the row.

    Raises:
        InvalidTransition: The invitation gives no access now.
    """
    return _lock(invitation, Status.CONNECTED)


def _lock(invitation: AccessInvitation, status: str) -> AccessInvitation:
    """Lock and return the row. Raise InvalidTransition unless this is its current status."""
    rows = AccessInvitation.objects.select_for_update(of=("self",)).select_related(
        "agency", "client", "customer", "connected_by", "project"
    )
    locked: AccessInvitation = rows.get(pk=invitation.pk)
    locked.ensure_status(status)
    return locked


def _connect(locked: AccessInvitation, customer: Customer, *, by: User) -> DomainTransfer:
    locked.customer, locked.connected_by, locked.connected_at = customer, by, timezone.now()
    locked.status = Status.CONNECTED
    # A term begins with the access.
    locked.set_end(locked.term)
    locked.save(update_fields=["customer", "connected_by", "connected_at", "status", *END_FIELDS])
    transfer = _transfer_domains(locked, customer, by=by)
    record("invitation.connected", locked, by=by, scope=locked.scope, areas=locked.areas)
    mails.send_access_connected(locked, by=by)
    return transfer


def _transfer_domains(locked: AccessInvitation, customer: Customer, *, by: User) -> DomainTransfer:
    """Add the invitation's domains to the customer, except those that another customer already has."""
    existing = {domain.name: domain for domain in customer.agency.domains.filter(name__in=locked.domains).select_related("customer")}
    transfer = DomainTransfer(customer, added=[], held=[])
    # Sorted to avoid deadlocks between invitations that contain the same domains.
    for name in sorted(locked.domains):
        domain = existing.get(name)
        if domain is None:
            domain = Domain(name=name)
            try:
                add_item_to_locked(domain, customer=customer, by=by)
                transfer.added.append(str(domain))
            except ValidationError:
                # A concurrent transaction added it to another customer.
                domain = customer.agency.domains.select_related("customer").get(name=name)
        if domain.customer_id != customer.pk:
            transfer.held.append((str(domain), domain.customer))
    return transfer


def _end(locked: AccessInvitation, status: str, *, reason: str = "", at: datetime | None = None) -> None:
    locked.status, locked.reason, locked.ended_at = status, reason, at or timezone.now()
    locked.save(update_fields=["status", "reason", "ended_at"])
