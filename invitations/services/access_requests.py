"""The steps of an access request: an agency asks a customer's client for access. Each function is one transaction, as in `services`."""

from datetime import timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from customers.models import Customer
from invitations.mails import access_requests as mails
from invitations.models import AccessInvitation, AccessRequest
from invitations.models.areas import Scope, stored_areas
from invitations.services.invitations import ensure_not_own_agency
from partnerportal.accounts.models import User
from partnerportal.audit.models import AuditEvent
from partnerportal.audit.services import record
from partnerportal.core.email_addresses import address_variants
from partnerportal.core.pending import InvalidTransition
from partnerportal.core.tokens import new_nonce

Status = AccessRequest.Status

#: A request is not mailed again within so short a time: that was a double click.
RESEND_COOLDOWN = timedelta(minutes=1)


@transaction.atomic
def request_access(*, customer: Customer, email: str, scope: str, areas: list[str], message: str, by: User) -> AccessRequest:
    """“Send access request”: mail the client a link to a page on which they decide.

    Raises:
        ValidationError: this address can't be asked, or has been and hasn't answered yet.
    """
    customer = Customer.objects.select_for_update(of=("self",), no_key=True).select_related("agency").get(pk=customer.pk)
    if customer.status != Customer.Status.ACTIVE:
        raise ValidationError(_("This customer has since been archived or erased."), "not_active")
    if customer.agency.has_staff_address(email):
        raise ValidationError({"email": _("This address belongs to someone on your team.")})
    same = customer.access_requests.filter(email__in=address_variants(email))
    for overdue in same.past_expiry():
        expire_request(overdue)
    if same.pending().exists():
        raise ValidationError({"email": _("A request to this address is already pending. You can resend it.")})
    asked = AccessRequest.objects.create(
        agency=customer.agency,
        customer=customer,
        requested_by=by,
        email=email,
        scope=scope,
        areas=stored_areas(scope, areas),
        message=message,
    )
    record("access_request.sent", asked, by=by, scope=asked.scope, areas=asked.areas)
    mails.send_access_request(asked, by=by)
    return asked


@transaction.atomic
def resend_request(asked: AccessRequest, *, by: User) -> bool:
    """Mail the same link again and give the client the whole time anew; False for a double click.

    Raises:
        InvalidTransition: it doesn't wait any more.
    """
    locked = _lock(asked)
    if timezone.now() - locked.mailed_at < RESEND_COOLDOWN:
        return False
    if locked.link is None:
        # No known key can make the old link again: a new one takes its place.
        locked.nonce, locked.token_digest = new_nonce(), ""
    locked.mailed_at = timezone.now()
    locked.start_term()
    locked.save()
    record("access_request.resent", locked, by=by)
    mails.send_access_request(locked, by=by)
    return True


@transaction.atomic
def withdraw_request(asked: AccessRequest, *, by: User) -> None:
    """The agency no longer asks; the link says so.

    Raises:
        InvalidTransition: it doesn't wait any more.
    """
    locked = _lock(asked)
    _answer(locked, Status.WITHDRAWN)
    record("access_request.withdrawn", locked, by=by)
    mails.send_request_withdrawn(locked, by=by)


@transaction.atomic
def grant_request(asked: AccessRequest, *, client: User, scope: str, areas: list[str]) -> AccessInvitation:
    """The client says yes, to as much as they like: the access is connected to that customer.

    Where this client has given access for this customer before, it grows; granting takes nothing away.

    Raises:
        InvalidTransition: it doesn't wait any more.
        ValidationError: the client works for that agency meanwhile.
    """
    locked = _lock(asked)
    ensure_not_own_agency(locked.agency, client)
    given = locked.customer.access_invitations.connected().select_for_update().filter(client=client).first()
    if given is None:
        given = _connected(locked, client, scope, areas)
    elif given.scope != Scope.FULL:
        given.scope, given.areas = scope, stored_areas(scope, [*given.areas, *areas])
        given.save(update_fields=["scope", "areas"])
    locked.invitation = given
    _answer(locked, Status.GRANTED)
    record("access_request.granted", locked, by=None, source=AuditEvent.Source.WEB, scope=given.scope, areas=given.areas)
    mails.send_request_granted(locked, given=given)
    return given


@transaction.atomic
def decline_request(asked: AccessRequest) -> None:
    """The client says no.

    Raises:
        InvalidTransition: it doesn't wait any more.
    """
    locked = _lock(asked)
    _answer(locked, Status.DECLINED)
    record("access_request.declined", locked, by=None, source=AuditEvent.Source.WEB)
    mails.send_request_declined(locked)


@transaction.atomic
def expire_request(asked: AccessRequest) -> None:
    """Nobody answered in time; both sides are told.

    Raises:
        InvalidTransition: somebody did, or there is time left.
    """
    locked = _lock(asked, Status.EXPIRED)
    if locked.status != Status.PENDING:
        raise InvalidTransition(locked.current_status)
    _answer(locked, Status.EXPIRED)
    record("access_request.expired", locked, by=None)
    mails.send_request_expired(locked)


def _lock(asked: AccessRequest, needed: str = Status.PENDING) -> AccessRequest:
    """The row, locked after its customer, in the state that the step needs.

    Raises:
        InvalidTransition: it is in another one.
    """
    Customer.objects.select_for_update(no_key=True).get(pk=asked.customer_id)
    rows = AccessRequest.objects.select_for_update(of=("self",)).select_related("agency", "customer__agency")
    locked = rows.get(pk=asked.pk)
    if locked.current_status != needed:
        raise InvalidTransition(locked.current_status)
    return locked


def _connected(asked: AccessRequest, client: User, scope: str, areas: list[str]) -> AccessInvitation:
    """An access that begins connected, because the agency asked for it."""
    return AccessInvitation.objects.create(
        agency=asked.agency,
        client=client,
        customer=asked.customer,
        name=client.full_name or asked.customer.person_name,
        company=asked.customer.company,
        language=(get_language() or asked.customer.language)[:2],
        scope=scope,
        areas=stored_areas(scope, areas),
        status=AccessInvitation.Status.CONNECTED,
        connected_at=timezone.now(),
        connected_by=asked.requested_by,
    )


def _answer(locked: AccessRequest, status: str) -> None:
    locked.status, locked.answered_at = status, timezone.now()
    locked.save(update_fields=["status", "answered_at", "invitation"])
