"""Locks of one access, in the order that all actions on it use."""

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from customers.models import Customer
from invitations.models.invitations import AccessInvitation
from partnerportal.accounts.models import User
from partnerportal.core.pending import InvalidTransition


def lock_access(invitation_id: int | None) -> AccessInvitation:
    """Lock the customer and the connected access, in this order, and return the access.

    Raises:
        InvalidTransition: The access is no longer connected.
    """
    invitation = AccessInvitation.objects.get(pk=invitation_id)
    Customer.objects.select_for_update(no_key=True).get(pk=invitation.customer_id)
    rows = AccessInvitation.objects.select_for_update(of=("self",)).select_related("agency", "client", "customer__merged_into")
    locked: AccessInvitation = rows.get(pk=invitation_id)
    locked.ensure_status(AccessInvitation.Status.CONNECTED)
    return locked


def lock_writable_access(invitation_id: int | None) -> AccessInvitation:
    """Lock and return an access of an active customer, or of one that was merged into an active one.

    Raises:
        InvalidTransition: The access is no longer connected.
        ValidationError: The customer is archived.
    """
    locked = lock_access(invitation_id)
    customer = locked.customer
    assert customer is not None  # noqa: S101  # for mypy: the access is connected
    if (customer.merged_into or customer).status != Customer.Status.ACTIVE:
        raise ValidationError(_("This customer is archived, so nothing can be changed or revealed."), "not_active")
    return locked


def ensure_covered(invitation: AccessInvitation, area: str) -> None:
    """Raise ValidationError if the locked access doesn't include the area."""
    if not invitation.covers(area):
        raise ValidationError(_("This access no longer covers the area."), "area")


def ensure_client(invitation: AccessInvitation, client: User) -> None:
    """Raise InvalidTransition if another client gave the access."""
    if invitation.client_id != client.pk:
        raise InvalidTransition(AccessInvitation.Status.REVOKED, invitation)
