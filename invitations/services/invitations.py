"""State transitions of access invitations.

Every function is one transaction: the transition, its audit event, and an e-mail to the other side. If two transitions run
concurrently, one succeeds; the other raises InvalidTransition and has no effect. Functions that also lock the customer lock it
first, in the same order as erase_customer().
"""

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from customers.models import Customer, Domain
from customers.services.customers import create_customer
from customers.services.items import add_item_to_locked
from invitations.mails import invitations as mails
from invitations.models import AccessInvitation, AccessRequest
from invitations.models.areas import stored_areas
from partnerportal.accounts.models import User
from partnerportal.agencies.models import Agency
from partnerportal.audit.models import AuditEvent
from partnerportal.audit.services import record
from partnerportal.core.pending import InvalidTransition
from partnerportal.outbox.models import OutgoingMail

Status = AccessInvitation.Status


# --- What the client does ----------------------------------------------------------------------------------------------


@transaction.atomic
def give_access(*, agency: Agency, client: User, scope: str, areas: list[str], **fields: Any) -> AccessInvitation:
    """A client gives `agency` access; `fields` are what they tell about themselves and hand over.

    Raises:
        ValidationError: the client works there, or has given this agency access already.
    """
    # One client's invitations are made one after the other.
    User.objects.select_for_update(no_key=True).get(pk=client.pk)
    ensure_not_own_agency(agency, client)
    for overdue in AccessInvitation.objects.for_agency(agency).past_expiry().filter(client=client):
        with suppress(InvalidTransition):  # beat was faster
            expire_invitation(overdue)
    if current_invitation(agency, client):
        raise ValidationError(_("You’ve already given %(agency)s access.") % {"agency": agency}, "given")
    invitation = AccessInvitation.objects.create(agency=agency, client=client, scope=scope, areas=stored_areas(scope, areas), **fields)
    record("invitation.received", invitation, by=None, source=AuditEvent.Source.WEB, **_access(invitation))
    mails.send_access_given(invitation)
    return invitation


def ensure_not_own_agency(agency: Agency, client: User) -> None:
    """Whoever works for an agency is no client of it.

    Raises:
        ValidationError: this person does.
    """
    if agency.memberships.filter(user=client).exists() or agency.has_staff_address(client.email):
        raise ValidationError(_("You work for %(agency)s, so you can’t give it access as a client.") % {"agency": agency}, "own_agency")


def current_invitation(agency: Agency, client: User) -> AccessInvitation | None:
    """What this client has given this agency and waits or is connected, if anything; the newest."""
    given = AccessInvitation.objects.for_agency(agency).filter(client=client)
    return (given.pending() | given.connected()).order_by("-pk").first()


@transaction.atomic
def withdraw_invitation(invitation: AccessInvitation) -> None:
    """The client no longer wants to give access.

    Raises:
        InvalidTransition: it doesn't wait any more.
    """
    locked = _lock(invitation, Status.PENDING)
    _end(locked, Status.WITHDRAWN)
    record("invitation.withdrawn", locked, by=None, source=AuditEvent.Source.WEB)
    mails.send_invitation_withdrawn(locked)


@transaction.atomic
def change_access(invitation: AccessInvitation, *, scope: str, areas: list[str]) -> bool:
    """The client opens more or less; False if it is the same as before.

    Raises:
        InvalidTransition: it isn't connected any more.
    """
    locked = _lock(invitation, Status.CONNECTED)
    before, after = (locked.scope, locked.areas), (scope, stored_areas(scope, areas))
    if before == after:
        return False
    locked.scope, locked.areas = after
    locked.save(update_fields=["scope", "areas"])
    record("invitation.changed", locked, by=None, source=AuditEvent.Source.WEB, **_access(locked))
    mails.send_access_changed(locked, before=before)
    return True


@transaction.atomic
def revoke_access(invitation: AccessInvitation) -> None:
    """The client takes the access back.

    Raises:
        InvalidTransition: it isn't connected any more.
    """
    locked = _lock(invitation, Status.CONNECTED)
    _end(locked, Status.REVOKED)
    record("invitation.revoked", locked, by=None, source=AuditEvent.Source.WEB)
    mails.send_access_revoked(locked)


# --- What the agency does ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class DomainTransfer:
    """What became of the domains that came with an invitation."""

    customer: Customer
    added: list[str]
    #: The customer had them already.
    kept: list[str]
    #: Another customer of the agency has them, and they were left there: name and customer.
    held: list[tuple[str, Customer]]


@transaction.atomic
def connect_new_customer(invitation: AccessInvitation, *, by: User, **fields: Any) -> DomainTransfer:
    """“Connect Customer”: create a customer with these `fields`, and connect the access to it.

    Raises:
        InvalidTransition: it doesn't wait any more; then no customer is created.
    """
    locked = _lock(invitation, Status.PENDING)
    return _connect(locked, create_customer(agency=locked.agency, by=by, **fields), by=by)


@transaction.atomic
def connect_customer(invitation: AccessInvitation, *, customer: Customer, by: User) -> DomainTransfer:
    """“Connect Customer”: the access belongs to a customer whom the agency has already.

    Raises:
        InvalidTransition: it doesn't wait any more.
        ValidationError: nothing new can be added to this customer, or the same client has given access for them already.
    """
    customer = Customer.objects.select_for_update(of=("self",), no_key=True).select_related("agency").get(pk=customer.pk)
    locked = _lock(invitation, Status.PENDING)
    if customer.status != Customer.Status.ACTIVE:
        raise ValidationError(_("This customer has since been archived or erased. Choose another customer."), "not_active")
    if customer.access_invitations.connected().filter(client=locked.client_id).exists():
        raise ValidationError(
            _("This person has already given access for %(customer)s. Choose another customer, or reject the invitation.")
            % {"customer": customer.name_in_text},
            "connected",
        )
    return _connect(locked, customer, by=by)


@transaction.atomic
def reject_invitation(invitation: AccessInvitation, *, message: str, by: User) -> None:
    """“Reject invitation”: the standard mail goes to the client, with `message`, if there is one, as a quotation.

    Raises:
        InvalidTransition: it doesn't wait any more.
    """
    locked = _lock(invitation, Status.PENDING)
    _end(locked, Status.REJECTED, reason=message)
    record("invitation.rejected", locked, by=by)
    mails.send_invitation_rejected(locked, by=by)


@transaction.atomic
def disconnect_access(invitation: AccessInvitation, *, reason: str, by: User) -> None:
    """The agency ends the access; the client is told, with the `reason`, if there is one.

    Raises:
        InvalidTransition: it isn't connected any more.
    """
    locked = _lock(invitation, Status.CONNECTED)
    _end(locked, Status.DISCONNECTED, reason=reason)
    record("invitation.disconnected", locked, by=by)
    mails.send_access_ended(locked, by=by)


# --- What nobody of the two does ---------------------------------------------------------------------------------------


@transaction.atomic
def expire_invitation(invitation: AccessInvitation) -> None:
    """Nobody answered in time; both sides are told.

    Raises:
        InvalidTransition: somebody did, or there is time left.
    """
    locked = _lock(invitation, Status.EXPIRED)
    if locked.status != Status.PENDING:
        raise InvalidTransition(locked.current_status)
    _end(locked, Status.EXPIRED)
    record("invitation.expired", locked, by=None)
    mails.send_invitation_expired(locked)


@transaction.atomic
def end_access_as_admin(invitation: AccessInvitation, *, reason: str, by: User) -> None:
    """An admin of the portal ends an access; both sides are told why.

    Raises:
        InvalidTransition: it isn't connected any more.
    """
    locked = _lock(invitation, Status.CONNECTED)
    _end(locked, Status.DISCONNECTED, reason=reason)
    record("invitation.force_ended", locked, by=by)
    mails.send_access_ended_by_admin(locked)


def erase_customer_access(customer: Customer, by: User) -> None:
    """A customer is about to be erased: their access ends, the clients are told, what they wrote about themselves goes.

    That a client once gave the agency access stays at the client's own account. Registered with
    `customers.services.customers.before_erasure`; runs in that transaction, which has locked the customer.
    """
    given = AccessInvitation.objects.filter(customer=customer).select_related("agency", "client", "customer")
    addresses = {invitation.client.email for invitation in given}
    for invitation in given.connected().select_for_update(of=("self",)):
        _end(invitation, Status.DISCONNECTED)
        record("invitation.disconnected", invitation, by=by)
        mails.send_customer_erased(invitation)
    blank = dict.fromkeys(("name", "company", "phone", "street", "zip", "city", "country", "message", "reason"), "")
    given.update(**blank, domains=[])
    asked = AccessRequest.objects.filter(customer=customer)
    asked.filter(status=AccessRequest.Status.PENDING).update(status=AccessRequest.Status.WITHDRAWN, answered_at=timezone.now())
    asked.update(email="", message="")
    # Written before the customer was one: an invitation's first mails know the client by the address alone.
    to_agency = OutgoingMail.objects.for_agency(customer.agency).filter(customer_id=None)
    to_agency.filter(reply_to__in=addresses).delete()
    to_agency.filter(to_email__in=addresses).delete()


# --- What they share ---------------------------------------------------------------------------------------------------


def _lock(invitation: AccessInvitation, needed: str) -> AccessInvitation:
    """The row, locked, in the state that the step needs.

    Raises:
        InvalidTransition: it is in another one.
    """
    rows = AccessInvitation.objects.select_for_update(of=("self",)).select_related("agency", "client", "customer", "connected_by")
    locked: AccessInvitation = rows.get(pk=invitation.pk)
    if locked.current_status != needed:
        raise InvalidTransition(locked.current_status)
    return locked


def _connect(locked: AccessInvitation, customer: Customer, *, by: User) -> DomainTransfer:
    locked.customer, locked.connected_by, locked.connected_at = customer, by, timezone.now()
    locked.status = Status.CONNECTED
    locked.save(update_fields=["customer", "connected_by", "connected_at", "status"])
    handover = _transfer_domains(locked, customer, by=by)
    record("invitation.connected", locked, by=by, **_access(locked))
    mails.send_access_connected(locked, by=by)
    return handover


def _transfer_domains(locked: AccessInvitation, customer: Customer, *, by: User) -> DomainTransfer:
    """The domains become the customer's; whoever has one already keeps it."""
    there = {domain.name: domain for domain in customer.agency.domains.filter(name__in=locked.domains).select_related("customer")}
    handover = DomainTransfer(customer, [], [], [])
    # In an order that is everybody's: two invitations with the same domains would else wait for each other for ever.
    for name in sorted(locked.domains):
        domain = there.get(name) or Domain(name=name)
        if domain.pk is None:
            try:
                add_item_to_locked(domain, customer=customer, by=by)
            except ValidationError:
                # Somebody added it to another customer at this very moment.
                domain = customer.agency.domains.select_related("customer").get(name=name)
            else:
                handover.added.append(str(domain))
                continue
        if domain.customer_id == customer.pk:
            handover.kept.append(str(domain))
        else:
            handover.held.append((str(domain), domain.customer))
    return handover


def _end(locked: AccessInvitation, status: str, *, reason: str = "") -> None:
    locked.status, locked.reason, locked.ended_at = status, reason, timezone.now()
    locked.save(update_fields=["status", "reason", "ended_at"])


def _access(row: AccessInvitation) -> dict[str, Any]:
    """How far the access goes, for an event."""
    return {"scope": row.scope, "areas": row.areas}
