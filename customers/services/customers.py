"""Actions on customers."""

from collections.abc import Callable, Collection
from typing import Any

from django.db import transaction
from django.db.models import F, Q

from customers.models import PERSONAL_FIELDS, Contact, Customer, ImportJob, NumberSequence, Tag
from customers.models.customers import CustomerStatus
from customers.services.tags import set_customer_tags
from partnerportal.accounts.models import User
from partnerportal.agencies.models import Agency
from partnerportal.audit.services import changed_data, record
from partnerportal.core.versions import EditConflict
from partnerportal.outbox.models import OutgoingMail


@transaction.atomic
def create_customer(*, agency: Agency, by: User, tags: Collection[Tag] = (), **fields: Any) -> Customer:
    """Create a customer with the agency's next number."""
    # The lock makes concurrent transactions wait, so that numbers have no gaps and no duplicates.
    sequence, _created = NumberSequence.objects.select_for_update().get_or_create(agency=agency)
    customer = Customer.objects.create(agency=agency, number=sequence.next_number, **fields)
    sequence.next_number += 1
    sequence.save(update_fields=["next_number"])
    if tags:
        set_customer_tags(customer, tags, by=by)
    record("customer.created", customer, by=by)
    return customer


@transaction.atomic
def update_customer(customer: Customer, *, changed: list[str], version: int | None, by: User, tags: Collection[Tag] = ()) -> None:
    """Save the `changed` fields of a customer; `tags` if these contain “tags”.

    Raises:
        EditConflict: The stored version differs from `version`.
        Customer.DoesNotExist: The customer was erased in the meantime.
    """
    if not changed:
        return
    stored = Customer.objects.not_erased().select_for_update(of=("self",)).get(pk=customer.pk)
    if stored.version != version:
        raise EditConflict(stored)
    customer.version = stored.version + 1
    customer.save(update_fields=[*(name for name in changed if name != "tags"), "version", "updated_at"])
    if "tags" in changed:
        set_customer_tags(customer, tags, by=by)
    record("customer.updated", customer, by=by, **changed_data(customer, changed))


def archive_customer(customer: Customer, *, by: User) -> bool:
    """Archive an active customer. Return False if the customer isn't active."""
    return _change_status(customer, Customer.Status.ACTIVE, Customer.Status.ARCHIVED, "customer.archived", by=by)


def restore_customer(customer: Customer, *, by: User) -> bool:
    """Reactivate an archived customer. Return False if the customer isn't archived."""
    return _change_status(customer, Customer.Status.ARCHIVED, Customer.Status.ACTIVE, "customer.restored", by=by)


@transaction.atomic
def _change_status(customer: Customer, from_: CustomerStatus, to: CustomerStatus, action: str, *, by: User) -> bool:
    is_changed = Customer.objects.filter(pk=customer.pk, status=from_).update(status=to, version=F("version") + 1) == 1
    if is_changed:
        customer.status = to
        record(action, customer, by=by)
    return is_changed


#: Functions of other apps that erase their data of a customer in the same transaction.
erasure_hooks: list[Callable[[Customer, User], None]] = []
#: Functions that erase copies of a customer's data, such as files and filters. They also run if only a contact is erased.
copy_erasure_hooks: list[Callable[[Customer, User], None]] = []


@transaction.atomic
def erase_customer(customer: Customer, *, by: User) -> bool:
    """Permanently remove all personal data of a customer, and of those merged into it. Return False if it was already erased.

    The empty row remains as the “Former customer”, and rated projects remain because published reviews name them.
    """
    lock_copies(customer.agency_id)
    rows = Customer.objects.select_for_update(of=("self",)).select_related("agency").order_by("pk")
    family = {row.pk: row for row in rows.filter(Q(pk=customer.pk) | Q(merged_into=customer))}
    locked = family.pop(customer.pk)
    if locked.status not in {Customer.Status.ACTIVE, Customer.Status.ARCHIVED}:
        return False
    for merged in family.values():
        _erase(merged, by)
    _erase(locked, by)
    return True


def lock_copies(agency_id: int) -> None:
    """Lock what can contain copies of an agency's customers, before a customer is locked."""
    # No export of the agency starts until the transaction ends.
    Agency.objects.select_for_update(no_key=True).get(pk=agency_id)
    # Locks the imports first to match the order used by import workers.
    list(ImportJob.objects.select_for_update().filter(agency=agency_id, purged_at__isnull=True).order_by("pk").only("pk"))


def _erase(locked: Customer, by: User) -> None:
    for erase in (*erasure_hooks, *copy_erasure_hooks):
        erase(locked, by)
    locked.tasks.all().delete()
    # Triggers empty the primary contact.
    Contact.with_removed.filter(customer=locked, is_primary=False).delete()
    locked.domains.all().delete()
    locked.contracts.all().delete()
    locked.team_notes.all().delete()
    locked.customer_tags.all().delete()
    locked.projects.filter(review_requests=None).delete()
    locked.projects.update(description="")
    OutgoingMail.objects.filter(customer_id=locked.pk).delete()
    for name in PERSONAL_FIELDS:
        setattr(locked, name, "")
    locked.status, locked.responsible, locked.merged_into, locked.custom_values = Customer.Status.ERASED, None, None, {}
    locked.save()
    record("customer.erased", locked, by=by)


@transaction.atomic
def record_export(agency: Agency, *, count: int, by: User) -> None:
    """Record that a member exported this number of customers."""
    record("customers.exported", agency, by=by, count=count)
