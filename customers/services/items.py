"""Actions on the items of a customer: projects, tasks, domains, contracts and notes.

Audit events name the type of the item, not its contents.
"""

from typing import Any, TypeVar

from django.core.exceptions import ValidationError
from django.db import IntegrityError, models, transaction
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext as _

from customers.models import Customer, Note, Task
from customers.services.assignments import notify_assignee
from partnerportal.accounts.models import User
from partnerportal.audit.services import changed_data, record
from partnerportal.core.versions import EditConflict

_Item = TypeVar("_Item")


@transaction.atomic
def add_item(item: _Item, *, customer: Customer, by: User) -> _Item:
    """Add a new item, filled from its form, to a customer.

    Raises:
        ValidationError: The customer was archived in the meantime, or the domain was added concurrently.
        Customer.DoesNotExist: The customer was erased in the meantime.
    """
    if _lock_customer(customer).is_archived:
        raise ValidationError(_("This customer is archived. Restore it before you save your changes."), "archived")
    add_item_to_locked(item, customer=customer, by=by)
    return item


def add_item_to_locked(item: Any, *, customer: Customer, by: User) -> None:
    """Add a new item to an active customer that the current transaction has locked.

    Raises:
        ValidationError: The domain was added concurrently.
    """
    item.agency, item.customer = customer.agency, customer
    if isinstance(item, Note):
        item.author = by
    _save(item)
    record(f"{item._meta.model_name}.added", item, by=by)
    if isinstance(item, Task):
        notify_assignee(item, by=by)


@transaction.atomic
def update_item(item: Any, *, changed: list[str], by: User, loaded: dict[str, Any] | None = None) -> None:
    """Save the `changed` fields of an item.

    `loaded` contains the stored values that the form compared its input with.

    Raises:
        EditConflict: A stored value differs from `loaded`.
        ValidationError: The domain was added concurrently.
        ObjectDoesNotExist: The item was removed or its customer erased in the meantime.
    """
    if not changed:
        return
    _lock_customer(item.customer)
    stored = type(item).objects.select_for_update(of=("self",)).get(pk=item.pk)
    if any(getattr(stored, item._meta.get_field(name).attname) != value for name, value in (loaded or {}).items()):
        stored.customer = item.customer
        raise EditConflict(stored)
    _save(item, update_fields=changed)
    record(f"{item._meta.model_name}.changed", item, by=by, **changed_data(item, changed))
    if isinstance(item, Task) and "assignee" in changed:
        notify_assignee(item, by=by)


@transaction.atomic
def remove_item(item: Any, *, by: User) -> None:
    """Permanently remove an item.

    Raises:
        ValidationError: The item is a project with a review request.
    """
    pk = item.pk
    try:
        with transaction.atomic():
            item.delete()
    except models.RestrictedError as error:
        raise ValidationError(_("This project has a review request, so it can’t be removed."), "restricted") from error
    # The event needs the primary key, which delete() resets.
    item.pk = pk
    record(f"{item._meta.model_name}.removed", item, by=by)


@transaction.atomic
def complete_task(task: Task, *, by: User) -> bool:
    """Mark a task as done. Return False if it already was."""
    is_changed = Task.objects.filter(pk=task.pk, done_at__isnull=True).update(done_at=Now()) == 1
    if is_changed:
        record("task.done", task, by=by)
    task.done_at = task.done_at or timezone.now()
    return is_changed


@transaction.atomic
def reopen_task(task: Task, *, by: User) -> bool:
    """Reopen a completed task. Return False if it is open."""
    is_changed = Task.objects.filter(pk=task.pk, done_at__isnull=False).update(done_at=None) == 1
    if is_changed:
        record("task.reopened", task, by=by)
    task.done_at = None
    return is_changed


@transaction.atomic
def share_item(item: Any, *, shared: bool, by: User) -> bool:
    """Share a project, task or contract with the customer's clients, or end that. Return False if nothing changed.

    Raises:
        ValidationError: The customer is archived.
        ObjectDoesNotExist: The item was removed or its customer erased in the meantime.
    """
    customer = _lock_customer(item.customer)
    if customer.is_archived:
        raise ValidationError(_("This customer is archived. Restore it before you save your changes."), "archived")
    stored = type(item).objects.select_for_update(of=("self",)).get(pk=item.pk)
    if stored.is_shared == shared:
        return False
    stored.is_shared = shared
    stored.save(update_fields=["is_shared"])
    record(f"{item._meta.model_name}.{'shared' if shared else 'unshared'}", stored, by=by)
    return True


def _lock_customer(customer: Customer) -> Customer:
    """Return the stored customer, which can't be erased or archived until the transaction ends."""
    locked: Customer = Customer.objects.not_erased().select_for_update(of=("self",), no_key=True).get(pk=customer.pk)
    return locked


def _save(item: Any, *, update_fields: list[str] | None = None) -> None:
    try:
        with transaction.atomic():
            item.save(update_fields=update_fields)
    except IntegrityError as error:
        if "domain_once_per_agency" not in str(error):
            raise
        raise ValidationError({"name": _("This domain is already assigned to a customer.")}, "unique") from error
