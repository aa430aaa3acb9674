"""State transitions of access requests, with the rules of `invitations.services.invitations`."""

from collections.abc import Sequence

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from customers.models import Contact, Customer, Project
from customers.services.items import add_item_to_locked
from invitations.credentials.models import NeedTemplate
from invitations.credentials.services.needs import attach_needs
from invitations.mails import access_requests as mails
from invitations.models import AccessInvitation, AccessRequest, Term
from invitations.models.areas import Scope, stored_areas
from invitations.models.terms import END_FIELDS
from invitations.services.invitations import end_access_on_its_day, ensure_not_own_agency, ensure_open_account, expire_each
from partnerportal.accounts.models import User
from partnerportal.audit.models import AuditEvent
from partnerportal.audit.services import record
from partnerportal.core.email_addresses import address_variants
from partnerportal.core.pending import InvalidTransition

Status = AccessRequest.Status


@transaction.atomic
def request_access(
    *,
    customer: Customer,
    email: str,
    scope: str,
    areas: list[str],
    message: str,
    by: User,
    needs: Sequence[NeedTemplate] = (),
    project: Project | None = None,
    add_contact: bool = False,
) -> AccessRequest:
    """Send an e-mail to any address with a link to a page on which its owner grants or declines access.

    The client can let the access end with the `project`. `add_contact` adds an unknown address to the customer's contacts.

    `needs` are entries of the agency's list, which the client sees in the request.

    Raises:
        ValidationError: The customer isn't active, the address belongs to the team, a request to it is pending, or the
            request doesn't include the area of a need.
    """
    customer = Customer.objects.select_for_update(of=("self",), no_key=True).select_related("agency").get(pk=customer.pk)
    if customer.status != Customer.Status.ACTIVE:
        raise ValidationError(_("This customer has since been archived or erased."), "not_active")
    if customer.agency.belongs_to_staff(email):
        raise ValidationError({"email": _("This address belongs to someone on your team.")})
    same = customer.access_requests.filter(email__in=address_variants(email))
    expire_each(same.past_expiry(), expire_request)
    if same.pending().exists():
        raise ValidationError({"email": _("A request to this address is already pending. You can resend it.")})
    access_request = AccessRequest.objects.create(
        agency=customer.agency,
        customer=customer,
        requested_by=by,
        email=email,
        scope=scope,
        areas=stored_areas(scope, areas),
        message=message,
        project=project,
    )
    attach_needs(access_request, needs)
    if add_contact and not customer.contacts.with_address(email).exists():
        add_item_to_locked(Contact(email=email, language=customer.language), customer=customer, by=by)
    record("access_request.sent", access_request, by=by, scope=access_request.scope, areas=access_request.areas)
    mails.send_access_request(access_request, by=by)
    return access_request


@transaction.atomic
def resend_request(access_request: AccessRequest, *, by: User) -> bool:
    """Send the link again and restart the term. Return False if it was sent a moment ago.

    Raises:
        InvalidTransition: The request is no longer pending.
    """
    locked = _lock(access_request)
    if not locked.can_be_resent:
        return False
    locked.replace_lost_link()
    locked.mailed_at = timezone.now()
    locked.start_term()
    locked.save()
    record("access_request.resent", locked, by=by)
    mails.send_access_request(locked, by=by)
    return True


@transaction.atomic
def withdraw_request(access_request: AccessRequest, *, by: User) -> None:
    """Withdraw a pending request.

    Raises:
        InvalidTransition: The request is no longer pending.
    """
    locked = _lock(access_request)
    _answer(locked, Status.WITHDRAWN)
    record("access_request.withdrawn", locked, by=by)
    mails.send_request_withdrawn(locked, by=by)


@transaction.atomic
def grant_request(
    access_request: AccessRequest,
    *,
    client: User,
    scope: str,
    areas: list[str],
    term: str | None = Term.OPEN,
    project: Project | None = None,
) -> AccessInvitation:
    """Grant the request and return the connected access.

    If the client has already given access for this customer, that access is extended and never reduced: it gets the
    chosen end only if it has an end itself, and of two dates the later one.

    Raises:
        InvalidTransition: The request is no longer pending.
        ValidationError: The client has since joined the agency, or closed the account.
    """
    locked = _lock(access_request)
    ensure_open_account(client)
    ensure_not_own_agency(locked.agency, client)
    given = locked.customer.access_invitations.filter(client=client)
    expire_each(given.past_end(), end_access_on_its_day)
    invitation = given.not_ended().select_for_update(of=("self",)).select_related("agency").first()
    if invitation is None:
        invitation = AccessInvitation(
            agency=locked.agency,
            client=client,
            customer=locked.customer,
            name=client.full_name or _name_of_contact(locked) or client.email,
            company=locked.customer.company,
            language=(get_language() or locked.customer.language)[:2],
            scope=scope,
            areas=stored_areas(scope, areas),
            status=AccessInvitation.Status.CONNECTED,
            connected_at=timezone.now(),
            connected_by=locked.requested_by,
        )
        invitation.set_end(term or Term.OPEN, project=project)
        invitation.save()
    else:
        if invitation.scope != Scope.FULL:
            invitation.scope, invitation.areas = scope, stored_areas(scope, [*invitation.areas, *areas])
        if invitation.term != Term.OPEN:
            before = invitation.ends_on
            invitation.set_end(term or Term.OPEN, project=project)
            if before and invitation.ends_on and before > invitation.ends_on:
                invitation.ends_on = before
        invitation.save(update_fields=["scope", "areas", *END_FIELDS])
    locked.invitation = invitation
    _answer(locked, Status.GRANTED)
    locked.needs.update(invitation=invitation)
    record("access_request.granted", locked, by=None, source=AuditEvent.Source.WEB, scope=invitation.scope, areas=invitation.areas)
    mails.send_request_granted(locked, given=invitation)
    return invitation


@transaction.atomic
def decline_request(access_request: AccessRequest) -> None:
    """Decline a pending request.

    Raises:
        InvalidTransition: The request is no longer pending.
    """
    locked = _lock(access_request)
    _answer(locked, Status.DECLINED)
    record("access_request.declined", locked, by=None, source=AuditEvent.Source.WEB)
    mails.send_request_declined(locked)


@transaction.atomic
def expire_request(access_request: AccessRequest) -> None:
    """Expire an unanswered request and notify both parties.

    Raises:
        InvalidTransition: The request was answered or has not expired yet.
    """
    locked = _lock(access_request, Status.EXPIRED)
    if locked.status != Status.PENDING:
        raise InvalidTransition(locked.status, locked)
    _answer(locked, Status.EXPIRED)
    record("access_request.expired", locked, by=None)
    mails.send_request_expired(locked)


def _name_of_contact(access_request: AccessRequest) -> str:
    contact = access_request.customer.contacts.with_address(access_request.email).in_order().first()
    return contact.person_name if contact else ""


def _lock(access_request: AccessRequest, status: str = Status.PENDING) -> AccessRequest:
    """Lock the customer and the row. Raise InvalidTransition unless this is its current status."""
    Customer.objects.select_for_update(no_key=True).get(pk=access_request.customer_id)
    rows = AccessRequest.objects.select_for_update(of=("self",)).select_related("agency", "customer__agency")
    locked: AccessRequest = rows.get(pk=access_request.pk)
    locked.ensure_status(status)
    return locked


def _answer(locked: AccessRequest, status: str) -> None:
    locked.status, locked.answered_at = status, timezone.now()
    locked.save(update_fields=["status", "answered_at", "invitation"])
