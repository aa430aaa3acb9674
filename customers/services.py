"""What creates and changes customers. Each function is one transaction, the audit event included."""

from typing import Any

from django.db import transaction

from customers.models import Customer, NumberSequence, Project
from partnerportal.accounts.models import User
from partnerportal.agencies.models import Agency
from partnerportal.audit.services import record


@transaction.atomic
def create_customer(*, agency: Agency, by: User, **fields: Any) -> Customer:
    """Create a customer with the agency's next number."""
    customer = Customer.objects.create(agency=agency, number=_take_number(agency), **fields)
    record("customer.created", on=customer, label=customer.reference, agency=agency, by=by, customer=customer)
    return customer


@transaction.atomic
def update_customer(customer: Customer, *, changed: list[str], by: User) -> Customer:
    """Save a customer whose fields named in `changed` have new values; nothing happens where none has."""
    if changed:
        customer.save(update_fields=[*changed, "updated_at"])
        record("customer.updated", on=customer, label=customer.reference, agency=customer.agency, by=by, customer=customer, fields=changed)
    return customer


@transaction.atomic
def create_project(customer: Customer, *, by: User, **fields: Any) -> Project:
    """Add a project to a customer."""
    project = Project.objects.create(agency=customer.agency, customer=customer, **fields)
    # A project's title may name the customer, and an event outlives an erasure: the number has to do.
    record("project.created", on=project, label=customer.reference, agency=customer.agency, by=by, customer=customer)
    return project


def _take_number(agency: Agency) -> int:
    """The next free number; whoever else wants one waits until this transaction ends, so none is skipped or doubled."""
    sequence, _created = NumberSequence.objects.select_for_update().get_or_create(agency=agency)
    number = sequence.next_number
    sequence.next_number = number + 1
    sequence.save(update_fields=["next_number"])
    return number
