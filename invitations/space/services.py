"""Locks for the services of shared spaces, and the record of previews.

Each action of a client or a member first takes one of these locks, so that access or a membership that ends in that
moment gets nothing more.
"""

from dataclasses import replace
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from customers.models import Customer
from customers.services.items import share_item
from invitations.models import AccessInvitation
from invitations.queries import combine_access
from invitations.space.queries import Space, of_customer
from partnerportal.accounts.models import User
from partnerportal.agencies.models import Agency
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
    _lock_membership(locked.agency, by=by)
    _ensure_active(locked)
    return locked


@transaction.atomic
def share(item: Any, *, customer: Customer, shared: bool, by: User) -> bool:
    """Share a project, task or contract with the customer's clients, or end that. Return False if nothing changed.

    Raises:
        PermissionDenied: `by` was removed from the team.
        ObjectDoesNotExist: The item was removed, or the customer erased or merged.
        ValidationError: The customer is archived.
    """
    lock_for_member(customer, by=by)
    return share_item(item, shared=shared, by=by)


@transaction.atomic
def record_preview(space: Space, *, by: User) -> None:
    """Record that a member looks at the space as its client.

    Raises:
        SpaceClosed: The access was ended.
        PermissionDenied: `by` was removed from the team.
    """
    shown: Any = space.preview
    if not list(AccessInvitation.objects.connected().filter(pk=shown.pk).select_for_update(of=("self",), no_key=True)):
        raise SpaceClosed
    _lock_membership(space.agency, by=by)
    record("invitation.previewed", shown, by=by)


def _lock_membership(agency: Agency, *, by: User) -> None:
    """Lock the membership. It is locked after a customer, in the same order as when a member is removed."""
    if not list(agency.memberships.filter(user=by).select_for_update(of=("self",), no_key=True)):
        raise PermissionDenied


def _locked(customer: Customer) -> Customer:
    rows = Customer.objects.not_erased().select_for_update(of=("self",), no_key=True).select_related("agency__profile")
    locked: Customer = rows.get(pk=customer.pk)
    return locked


def _ensure_active(customer: Customer) -> None:
    if customer.status != Customer.Status.ACTIVE:
        raise ValidationError(_("This customer is archived. Restore it before you save your changes."), "archived")
