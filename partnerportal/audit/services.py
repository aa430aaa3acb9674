"""Recording of audit events."""

from collections.abc import Iterable
from typing import Any

from django.db import models, transaction

from partnerportal.accounts.models import User
from partnerportal.audit.context import origin
from partnerportal.audit.descriptions import DESCRIPTIONS
from partnerportal.audit.models import AuditEvent


def record(action: str, on: models.Model, *, by: User | None, label: str | None = None, source: str = "", **data: Any) -> AuditEvent:
    """Record that `action` happened to `on`, in the transaction of the change itself.

    The agency, customer and label are derived from `on`: its `agency`, its `audit_customer` or
    `customer`, and its `audit_label` or the customer's. `by` is the signed-in user, or None for
    the system and for reviewers and clients (then pass `source`). `label` and `data` must not
    contain a customer's personal data (see `AuditEvent`).

    Raises:
        TransactionManagementError: There is no transaction, so the event could outlive a rollback.
        ValueError: No app has registered a description of this action.
    """
    return record_all(action, [on], by=by, label=label, source=source, **data)[0]


def record_all(
    action: str, on: Iterable[models.Model], *, by: User | None, label: str | None = None, source: str = "", **data: Any
) -> list[AuditEvent]:
    """Record the same action on several objects in one query; see `record`."""
    if not transaction.get_connection().in_atomic_block:
        raise transaction.TransactionManagementError(f"audit event {action!r} outside of a transaction")
    if action not in DESCRIPTIONS:
        raise ValueError(f"audit action {action!r} isn't registered")
    request_origin = origin.get()
    return AuditEvent.objects.bulk_create(
        AuditEvent(
            action=action,
            agency_id=_agency_id(item),
            actor_id=by.pk if by else None,
            actor_label=str(by) if by else "",
            object_type=item._meta.label_lower,
            object_id=item.pk,
            object_label=(_label(item) if label is None else label)[:200],
            customer_id=getattr(_customer(item), "pk", None),
            data=data,
            source=source or (request_origin.source if request_origin else AuditEvent.Source.SYSTEM),
            ip_address=request_origin.ip_address if request_origin and by else None,
        )
        for item in on
    )


def _agency_id(item: models.Model) -> int | None:
    agency_id: int | None = item.pk if item._meta.label_lower == "agencies.agency" else getattr(item, "agency_id", None)
    return agency_id


def _customer(item: Any) -> Any:
    return item.audit_customer if hasattr(item, "audit_customer") else getattr(item, "customer", None)


def _label(item: Any) -> str:
    subject = item if hasattr(item, "audit_label") else _customer(item)
    return subject.audit_label if subject is not None else ""


def changed_data(item: models.Model, fields: Iterable[str]) -> dict[str, Any]:
    """Return the event data for changed `fields`: their names, and the names of new assignees."""
    people = {name: str(getattr(item, name) or "") for name in fields if item._meta.get_field(name).related_model is User}
    return {"fields": list(fields), **({"people": people} if people else {})}
