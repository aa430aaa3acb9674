"""What can be assigned to a customer (projects, tasks, domains, contracts, notes): one set of actions for all five kinds.

Each action is one transaction with its audit event, in the customer's timeline. The events name the kind, not the contents.
"""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, models, transaction
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext as _

from customers.models import Contract, Customer, Domain, Note, Project, Task
from partnerportal.accounts.models import User
from partnerportal.audit.services import changed_data, record
from partnerportal.core.versions import EditConflict

#: The kinds, by the word that their events and addresses begin with.
ITEM_TYPES: dict[str, type[models.Model]] = {"project": Project, "task": Task, "domain": Domain, "contract": Contract, "note": Note}


def item_type(thing: models.Model) -> str:
    """The word for the kind of thing."""
    return str(thing._meta.model_name)


@transaction.atomic
def add_item(thing: Any, *, customer: Customer, by: User) -> None:
    """Assign a new thing, filled from its form, to a customer.

    Raises:
        ValidationError: the customer was archived meanwhile, or the database refuses it (another tab was faster with the same domain).
        Customer.DoesNotExist: the customer has just been erased.
    """
    if _lock_customer(customer).is_archived:
        raise ValidationError(_("This customer is archived. Restore it before you save your changes."), "archived")
    add_item_to_locked(thing, customer=customer, by=by)


def add_item_to_locked(thing: Any, *, customer: Customer, by: User) -> None:
    """The same in a transaction that has locked the customer, and knows that it is active.

    Raises:
        ValidationError: the database refuses it.
    """
    thing.agency, thing.customer = customer.agency, customer
    if isinstance(thing, Note):
        thing.author = by
    _save(thing)
    record(f"{item_type(thing)}.added", thing, by=by)


@transaction.atomic
def update_item(thing: Any, *, changed: list[str], by: User, loaded: dict[str, Any] | None = None) -> None:
    """Save the fields named in `changed`, and no others; `loaded` is what the form's fields held when it was compared with them.

    Raises:
        EditConflict: a field of `loaded` holds something else by now.
        ValidationError: the database refuses it.
        ObjectDoesNotExist: it has just been removed, or its customer erased.
    """
    if changed:
        _lock_customer(thing.customer)
        stored = type(thing).objects.select_for_update(of=("self",)).get(pk=thing.pk)
        if any(getattr(stored, thing._meta.get_field(name).attname) != value for name, value in (loaded or {}).items()):
            stored.customer = thing.customer
            raise EditConflict(stored)
        _save(thing, update_fields=changed)
        record(f"{item_type(thing)}.changed", thing, by=by, **changed_data(thing, changed))


@transaction.atomic
def remove_item(thing: Any, *, by: User) -> None:
    """Take a thing off its customer, for good.

    Raises:
        ValidationError: something that has to stay depends on it (a project that was rated).
    """
    pk = thing.pk
    try:
        with transaction.atomic():
            thing.delete()
    except models.RestrictedError as error:
        raise ValidationError(_("This project has a review request, so it can’t be removed."), "restricted") from error
    thing.pk = pk  # delete() takes it away, the event needs it
    record(f"{item_type(thing)}.removed", thing, by=by)


@transaction.atomic
def complete_task(task: Task, *, by: User) -> bool:
    """Mark a task as done; False if it was already."""
    done = Task.objects.filter(pk=task.pk, done_at__isnull=True).update(done_at=Now()) == 1
    if done:
        record("task.done", task, by=by)
    task.done_at = task.done_at or timezone.now()
    return done


@transaction.atomic
def reopen_task(task: Task, *, by: User) -> bool:
    """Take back that a task was done; False if it is open."""
    reopened = Task.objects.filter(pk=task.pk, done_at__isnull=False).update(done_at=None) == 1
    if reopened:
        record("task.reopened", task, by=by)
    task.done_at = None
    return reopened


def _lock_customer(customer: Customer) -> Customer:
    """The customer as it is now; until the transaction ends, it can't be erased or archived."""
    held: Customer = Customer.objects.known().select_for_update(of=("self",), no_key=True).get(pk=customer.pk)
    return held


def _save(thing: Any, *, update_fields: list[str] | None = None) -> None:
    try:
        with transaction.atomic():
            thing.save(update_fields=update_fields)
    except IntegrityError as error:
        if "domain_once_per_agency" not in str(error):
            raise
        raise ValidationError({"name": _("This domain is already assigned to a customer.")}, "unique") from error
