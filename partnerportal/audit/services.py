"""Writing events."""

from collections.abc import Iterable
from typing import Any

from django.db import models, transaction

from partnerportal.accounts.models import User
from partnerportal.audit import descriptions
from partnerportal.audit.context import origin
from partnerportal.audit.models import AuditEvent


def record(
    action: str,
    *,
    on: models.Model,
    label: str,
    agency: models.Model | None,
    by: User | None,
    customer: models.Model | None = None,
    source: str = "",
    **data: Any,
) -> AuditEvent:
    """Write down that `action` happened to `on`, in the transaction of the change itself.

    `by` is the signed-in person; None for a reviewer (then pass `source`) or the system. `label` and `data` must hold
    nothing personal of a customer (see `AuditEvent`).

    Raises:
        TransactionManagementError: there is no transaction: the event could outlive a change that failed.
        ValueError: no app has said how this action reads.
    """
    return record_all(action, on=[(on, label, customer)], agency=agency, by=by, source=source, **data)[0]


def record_all(
    action: str,
    *,
    on: Iterable[tuple[models.Model, str, models.Model | None]],
    agency: models.Model | None,
    by: User | None,
    source: str = "",
    **data: Any,
) -> list[AuditEvent]:
    """`record` for many objects at once, each with its label and customer: one query.

    Raises:
        TransactionManagementError: there is no transaction: the events could outlive a change that failed.
        ValueError: no app has said how this action reads.
    """
    if not transaction.get_connection().in_atomic_block:
        raise transaction.TransactionManagementError(f"audit event {action!r} outside of a transaction")
    if not descriptions.is_registered(action):
        raise ValueError(f"audit action {action!r} isn't registered")
    here = origin.get()
    return AuditEvent.objects.bulk_create(
        AuditEvent(
            action=action,
            agency_id=agency.pk if agency else None,
            actor_id=by.pk if by else None,
            actor_label=str(by) if by else "",
            object_type=thing._meta.label_lower,
            object_id=thing.pk,
            object_label=label,
            customer_id=customer.pk if customer else None,
            data=data,
            source=source or (here.source if here else AuditEvent.Source.SYSTEM),
            ip_address=here.ip_address if here and by else None,
        )
        for thing, label, customer in on
    )


def changed_data(item: models.Model, fields: Iterable[str]) -> dict[str, Any]:
    """Return the event data for changed `fields`: their names, and the names of new assignees. No other contents are recorded."""
    people = {name: str(getattr(item, name) or "") for name in fields if item._meta.get_field(name).related_model is User}
    return {"fields": list(fields), **({"people": people} if people else {})}
