"""Locks of one access: customer, membership and access, in this order."""

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from customers.models import Customer
from invitations.credentials.models import AccessNeed, Credential
from invitations.models.invitations import AccessInvitation
from invitations.space.queries import Space, of_customer
from invitations.space.services import SpaceClosed, lock_for_member, lock_space
from partnerportal.accounts.models import User


class CredentialDeleted(Exception):
    """Raised when a credential was deleted in the meantime."""


def lock_for_client(space: Space, need: AccessNeed) -> AccessInvitation:
    """Lock the client's access and return the one that a need belongs to.

    Raises:
        SpaceClosed: The access was ended, doesn't cover the area of the need, or belongs to another client.
        ValidationError: The customer is archived.
    """
    current = lock_space(space, area=need.area)
    for invitation in current.invitations:
        # A client can have several, of customers that were merged.
        if invitation.pk == need.invitation_id and invitation.covers(need.area):
            return invitation
    raise SpaceClosed


def lock_access_for_member(customer: Customer, invitation_id: int, *, by: User) -> AccessInvitation:
    """Lock a customer, the membership of `by` and a connected access of the customer, and return the access.

    Raises:
        PermissionDenied: `by` was removed from the team.
        Customer.DoesNotExist: The customer was erased or merged.
        AccessInvitation.DoesNotExist: The access isn't the customer's.
        InvalidTransition: The access is no longer connected.
        ValidationError: The customer is archived.
    """
    locked_customer = lock_for_member(customer, by=by)
    return _connected(AccessInvitation.objects.filter(of_customer(locked_customer)).get(pk=invitation_id))


def lock_access(invitation: AccessInvitation) -> AccessInvitation:
    """Lock the customer and a connected access, also of an archived customer, and return the access.

    Raises:
        InvalidTransition: The access is no longer connected.
    """
    Customer.objects.select_for_update(no_key=True).get(pk=invitation.customer_id)
    return _connected(invitation)


def lock_credential(credential: Credential, invitation: AccessInvitation) -> Credential:
    """Lock and return a current credential of a locked access, with the encrypted value.

    Raises:
        CredentialDeleted: The credential was deleted.
    """
    rows = Credential.objects.current().filter(invitation=invitation).select_related("need").select_for_update(of=("self",))
    stored = rows.filter(pk=credential.pk).first()
    if stored is None:
        raise CredentialDeleted
    stored.invitation = stored.need.invitation = invitation
    return stored


def ensure_covered(invitation: AccessInvitation, area: str) -> None:
    """Raise ValidationError if the locked access doesn't include the area."""
    if not invitation.covers(area):
        raise ValidationError(_("The access no longer covers this area."), "area")


def _connected(invitation: AccessInvitation) -> AccessInvitation:
    rows = AccessInvitation.objects.select_for_update(of=("self",)).select_related("agency__profile", "client", "customer__merged_into")
    locked: AccessInvitation = rows.get(pk=invitation.pk)
    locked.ensure_status(AccessInvitation.Status.CONNECTED)
    return locked
