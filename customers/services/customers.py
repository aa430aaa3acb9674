"""What creates and changes customers. Each function is one transaction, the audit event included."""

from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.db.models import F

from customers.models import PERSONAL_FIELDS, Customer, ImportJob, NumberSequence
from partnerportal.accounts.models import User
from partnerportal.agencies.models import Agency
from partnerportal.audit.services import changed_data, record
from partnerportal.core.versions import EditConflict
from partnerportal.outbox.models import OutgoingMail


@transaction.atomic
def create_customer(*, agency: Agency, by: User, **fields: Any) -> Customer:
    """Create a customer with the agency's next number."""
    customer = Customer.objects.create(agency=agency, number=_next_number(agency), **fields)
    record("customer.created", customer, by=by)
    return customer


@transaction.atomic
def update_customer(customer: Customer, *, changed: list[str], version: int | None, by: User) -> Customer:
    """Save a customer whose fields named in `changed` have new values; nothing happens where none has.

    Raises:
        EditConflict: the stored version is another than `version`, the one that the person saw.
        Customer.DoesNotExist: the customer has just been erased.
    """
    if not changed:
        return customer
    saved = Customer.objects.known().select_for_update(of=("self",)).get(pk=customer.pk)
    if saved.version != version:
        raise EditConflict(saved)
    customer.version = saved.version + 1
    customer.save(update_fields=[*changed, "version", "updated_at"])
    record("customer.updated", customer, by=by, **changed_data(customer, changed))
    return customer


def archive_customer(customer: Customer, *, by: User) -> bool:
    """Put a customer aside: nothing is lost, lists no longer show them. False if they were already."""
    return _change_status(customer, Customer.Status.ACTIVE, Customer.Status.ARCHIVED, "customer.archived", by=by)


def restore_customer(customer: Customer, *, by: User) -> bool:
    """Bring an archived customer back. False if they are active."""
    return _change_status(customer, Customer.Status.ARCHIVED, Customer.Status.ACTIVE, "customer.restored", by=by)


#: What an app has to do when a customer is erased, in the same transaction: it registers here, for this app can't know it.
erasure_hooks: list[Callable[[Customer, User], None]] = []


@transaction.atomic
def erase_customer(customer: Customer, *, by: User) -> bool:
    """Remove everything personal about a customer, for good. False if somebody was faster.

    Later apps do their part first (open review links are withdrawn, …). Projects that were rated stay, as a published
    review says what it is about; all else goes. The row itself stays, empty, as the “Former customer”.
    """
    # Before the customer: a worker holds its import first, too, and comes to customers then.
    list(ImportJob.objects.select_for_update().filter(agency=customer.agency, purged_at__isnull=True).order_by("pk").only("pk"))
    locked = Customer.objects.select_for_update(of=("self",)).select_related("agency").get(pk=customer.pk)
    if locked.status == Customer.Status.ERASED:
        return False
    for prepare in erasure_hooks:
        prepare(locked, by)
    locked.tasks.all().delete()
    locked.domains.all().delete()
    locked.contracts.all().delete()
    locked.team_notes.all().delete()
    locked.projects.filter(review_requests=None).delete()
    locked.projects.update(description="")
    OutgoingMail.objects.filter(customer_id=locked.pk).delete()
    for name in PERSONAL_FIELDS:
        setattr(locked, name, "")
    locked.status, locked.responsible = Customer.Status.ERASED, None
    locked.save()
    record("customer.erased", locked, by=by)
    return True


@transaction.atomic
def _change_status(customer: Customer, from_: Customer.Status, to: Customer.Status, action: str, *, by: User) -> bool:
    moved = Customer.objects.filter(pk=customer.pk, status=from_).update(status=to, version=F("version") + 1) == 1
    if moved:
        customer.status = to
        record(action, customer, by=by)
    return moved


def _next_number(agency: Agency) -> int:
    """The next free number; whoever else wants one waits until this transaction ends, so none is skipped or doubled."""
    sequence, _created = NumberSequence.objects.select_for_update().get_or_create(agency=agency)
    number = sequence.next_number
    sequence.next_number = number + 1
    sequence.save(update_fields=["next_number"])
    return number
