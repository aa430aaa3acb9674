"""Actions on the contacts of a customer. `services.items` adds and edits them like other items."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext as _

from customers.models import Contact, Customer
from customers.services.items import update_item
from partnerportal.accounts.models import User
from partnerportal.audit.services import record

#: How long a removed contact is kept, so that its removal can be undone.
KEEP_REMOVED = timedelta(days=1)

#: Functions of other apps that are called before another contact becomes primary, with the former primary contact.
primary_contact_hooks: list[Callable[[Contact], None]] = []


def update_contact(contact: Contact, *, changed: list[str], by: User, loaded: dict[str, Any] | None = None) -> None:
    """Save the `changed` fields of a contact. For the primary contact, a trigger also changes the customer.

    Raises:
        EditConflict, ObjectDoesNotExist: See `update_item`.
        ValidationError: The contact is a customer's primary one, and that customer needs a last name.
    """
    try:
        update_item(contact, changed=changed, by=by, loaded=loaded)
    except IntegrityError as error:
        raise _needs_last_name(error) from error


@transaction.atomic
def make_primary(contact: Contact, *, by: User) -> bool:
    """Make this contact the primary one, whose name and addresses become the customer's. Return False if it already is.

    Raises:
        ValidationError: The customer is a person, and the contact has no last name.
        ObjectDoesNotExist: The contact was removed or the customer erased in the meantime.
    """
    customer = _lock_customer(contact)
    stored = customer.contacts.get(pk=contact.pk)
    if stored.is_primary:
        return False
    former = customer.contacts.get(is_primary=True)
    for prepare in primary_contact_hooks:
        prepare(former)
    try:
        with transaction.atomic():
            if str(former):
                Contact.objects.filter(pk=former.pk).update(is_primary=False)
            else:
                former.delete()
            Contact.objects.filter(pk=stored.pk).update(is_primary=True)
    except IntegrityError as error:
        raise _needs_last_name(error) from error
    record("contact.made_primary", stored, by=by)
    return True


@transaction.atomic
def remove_contact(contact: Contact, *, by: User) -> bool:
    """Remove a contact. Return False if it was already removed.

    Raises:
        ValidationError: The contact is the primary one.
        ObjectDoesNotExist: The customer was erased in the meantime.
    """
    customer = _lock_customer(contact)
    if customer.contacts.filter(pk=contact.pk, is_primary=True).exists():
        raise ValidationError(_("Make another contact primary before you remove this one."), "primary")
    is_changed = customer.contacts.filter(pk=contact.pk).update(removed_at=Now()) == 1
    if is_changed:
        record("contact.removed", contact, by=by)
    return is_changed


@transaction.atomic
def restore_contact(contact: Contact, *, by: User) -> bool:
    """Undo the removal of a contact. Return False if it isn't removed.

    Raises:
        ObjectDoesNotExist: The customer was erased in the meantime.
    """
    _lock_customer(contact)
    is_changed = Contact.with_removed.filter(pk=contact.pk, removed_at__isnull=False).update(removed_at=None) == 1
    if is_changed:
        record("contact.restored", contact, by=by)
    return is_changed


def delete_removed_contacts() -> int:
    """Delete contacts that were removed longer ago than `KEEP_REMOVED`. Return their number."""
    deleted, _by_model = Contact.with_removed.filter(removed_at__lt=timezone.now() - KEEP_REMOVED).delete()
    return deleted


def _lock_customer(contact: Contact) -> Customer:
    """Return the contact's customer, which can't be erased and whose contacts can't be changed until the transaction ends."""
    locked: Customer = Customer.objects.not_erased().select_for_update(of=("self",), no_key=True).get(pk=contact.customer_id)
    return locked


def _needs_last_name(error: IntegrityError) -> ValidationError:
    """Return the reason why the customer can't have the name of its primary contact. Raise any other error."""
    if "customer_has_its_name" not in str(error):
        raise error
    return ValidationError(_("A person needs a last name."), "last_name")
