"""Locks for the services of shared spaces, and the record of previews.

Each action of a client or a member first takes one of these locks, so that access or a membership that ends in that
moment gets nothing more.
"""

from dataclasses import replace

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from customers.models import Customer
from invitations.models import AccessInvitation
from invitations.queries import combine_access
from invitations.space.queries import Space, of_customer
from partnerportal.accounts.models import User
from partnerportal.audit.services import record


class SpaceClosed(Exception):
    """Access was ended, or no longer covers the area."""


def lock_space(space: Space, *, area: str = "") -> Space:
    """Lock the customer and the client's access, and return the space as it is now.

    Raises:
        SpaceClosed: The access was ended, or doesn't cover the `area`. `@space_view` answers 404.
        ValidationError: The customer is archived.
    """
    if space.preview is not None:
        raise SpaceClosed
    try:
        customer = _locked(space.customer)
    except Customer.DoesNotExist as error:
        # The customer was erased, or merged into another one, whose space the next page shows.
        raise SpaceClosed from error
    rows = AccessInvitation.objects.connected().filter(of_customer(customer), client=space.client)
    locked = list(rows.select_for_update(of=("self",), no_key=True).select_related("agency", "client", "customer").order_by("pk"))
    invitations = sorted(locked, key=lambda invitation: (invitation.connected_at, invitation.pk), reverse=True)
    current = replace(space, customer=customer, invitations=invitations, access=combine_access(invitations))
    if not current.access or (area and not current.covers(area)):
        raise SpaceClosed
    _ensure_active(customer)
    return current


def lock_for_member(customer: Customer, *, by: User) -> Customer:
    """Lock a customer and the membership of `by`, and return the customer as it is now.

    Raises:
        PermissionDenied: `by` was removed from the team.
        Customer.DoesNotExist: The customer was erased or merged.
        ValidationError: The customer is archived.
    """
    locked = _locked(customer)
    # Locked after the customer, in the same order as when a member is removed.
    if not list(locked.agency.memberships.filter(user=by).select_for_update(of=("self",), no_key=True)):
        raise PermissionDenied
    _ensure_active(locked)
    return locked


@transaction.atomic
def record_preview(space: Space, *, by: User) -> None:
    """Record that a member looks at the space as its client."""
    record("invitation.previewed", space.preview, by=by)  # type: ignore[arg-type]


def _locked(customer: Customer) -> Customer:
    rows = Customer.objects.not_erased().select_for_update(of=("self",), no_key=True).select_related("agency__profile")
    locked: Customer = rows.get(pk=customer.pk)
    return locked


def _ensure_active(customer: Customer) -> None:
    if customer.status != Customer.Status.ACTIVE:
        raise ValidationError(_("This customer is archived. Restore it before you save your changes."), "archived")
