"""Handing over, revealing and deleting credentials.

A trigger deletes the credentials of an access that ends, and of areas that it no longer covers. All
functions lock the customer and the access before a credential, in the order of such a change.
"""

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from customers.models import Customer
from invitations.credentials import mails
from invitations.credentials.encryption import CIPHER, CredentialContent, seal, unseal
from invitations.credentials.models import AccessNeed, Credential, CredentialReveal, DeletionReason
from invitations.credentials.services.locking import (
    CredentialDeleted,
    ensure_covered,
    lock_access,
    lock_access_for_member,
    lock_credential,
    lock_for_client,
)
from invitations.space.queries import Space
from invitations.space.services import SpaceClosed
from partnerportal.accounts.models import User
from partnerportal.audit.models import AuditEvent
from partnerportal.audit.services import record
from partnerportal.core.encryption import DecryptionError
from partnerportal.core.pending import InvalidTransition


@sensitive_variables("content")
@transaction.atomic
def hand_over(need: AccessNeed, *, content: CredentialContent, space: Space) -> Credential:
    """Store a credential encrypted, in place of an earlier one, and notify the agency.

    Raises:
        SpaceClosed: The access was ended, or no longer covers the area.
        ValidationError: The customer is archived.
        AccessNeed.DoesNotExist: The agency removed the need in the meantime.
    """
    locked = lock_for_client(space, need)
    stored = AccessNeed.objects.select_for_update(of=("self",)).get(pk=need.pk)
    stored.invitation = locked
    stored.credentials.all().delete_secrets(DeletionReason.REPLACED)
    credential = Credential(need=stored, invitation=locked, area=stored.area)
    credential.sealed = seal(content, credential)
    credential.save()
    record("credential.handed_over", locked, by=None, source=AuditEvent.Source.WEB, area=stored.area)
    mails.send_handed_over(credential)
    return credential


@sensitive_variables()
@transaction.atomic
def reveal(credential: Credential, *, customer: Customer, by: User) -> CredentialContent:
    """Return the content of a credential. The client sees this reveal, and receives an e-mail about the first one.

    Raises:
        InvalidTransition: The access is no longer connected.
        CredentialDeleted: The credential was deleted.
        ValidationError: The access no longer covers the area, or the customer is archived.
        PermissionDenied: `by` was removed from the team.
        DecryptionError: The key is unknown.
    """
    locked = lock_access_for_member(customer, credential.invitation_id, by=by)
    ensure_covered(locked, credential.area)
    stored = lock_credential(credential, locked)
    content = unseal(stored)
    CredentialReveal.objects.create(credential=stored, by=by)
    if stored.first_revealed_at is None:
        stored.first_revealed_at = timezone.now()
        stored.save(update_fields=["first_revealed_at"])
        mails.send_revealed(stored, by=by)
    record("credential.revealed", locked, by=by, area=stored.area)
    return content


@transaction.atomic
def delete_credential(credential: Credential, *, space: Space) -> None:
    """Delete a credential on behalf of its client, who can do so even while the customer is archived.

    Raises:
        SpaceClosed: It belongs to another client, or staff are looking at the space.
        InvalidTransition: The access is no longer connected.
        CredentialDeleted: The credential was deleted before.
    """
    locked = lock_access(credential.invitation)
    if space.preview is not None or locked.client_id != space.client.pk:
        raise SpaceClosed
    stored = lock_credential(credential, locked)
    Credential.objects.filter(pk=stored.pk).delete_secrets(DeletionReason.CLIENT)
    record("credential.deleted", locked, by=None, source=AuditEvent.Source.WEB, area=stored.area)


def delete_overdue() -> int:
    """Delete the credentials whose period after the first reveal has passed, and return their number."""
    deleted = 0
    for credential in Credential.objects.overdue().defer("sealed").select_related("invitation__customer").order_by("pk"):
        with transaction.atomic():
            if Credential.objects.overdue().filter(pk=credential.pk).delete_secrets(DeletionReason.REVEALED):
                record("credential.expired", credential.invitation, by=None, area=credential.area)
                deleted += 1
    return deleted


def reencrypt() -> int:
    """Encrypt credentials with the current key and return the number of changed ones.

    Afterwards, former keys can be removed. Credentials that can't be decrypted are kept, because the
    missing key may be restored.
    """
    return sum(
        _reencrypt(credential)
        for credential in Credential.objects.current().select_related("invitation").order_by("pk").iterator()
        if not CIPHER.uses_current_key(credential.sealed or b"", place=credential.place)
    )


@transaction.atomic
def _reencrypt(credential: Credential) -> bool:
    """Re-encrypt a credential, or return False if that is impossible."""
    # Locks the access first, because the trigger that checks it would lock it after the credential.
    try:
        stored = lock_credential(credential, lock_access(credential.invitation))
        stored.sealed = seal(unseal(stored), stored)
    except (InvalidTransition, CredentialDeleted, DecryptionError):
        return False
    stored.save(update_fields=["sealed"])
    return True


def erase_credentials(customer: Customer, by: User) -> None:
    """Delete all needs and credentials of a customer, with the record of reveals. One of the `erasure_hooks`."""
    AccessNeed.objects.filter(Q(invitation__customer=customer) | Q(access_request__customer=customer)).delete()
