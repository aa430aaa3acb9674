"""Merging of two customers. What moves is in `relations`; `undo` takes it back.

Like an erasure, a merge first locks the agency's imports, then the customers in the order of their keys.
"""

from typing import Any

from django.db import transaction
from django.db.models import Model
from django.utils.translation import gettext as _

from customers.merging.models import CustomerKey, CustomerPair, MergeLog
from customers.merging.relations import MERGED, RELATIONS, Changes, Relation, digests, no_rows, row_digests
from customers.models import Customer, ImportJob
from partnerportal.accounts.models import User
from partnerportal.audit.services import record


class MergeConflict(Exception):
    """The customers can't be merged or separated, or have changed since they were compared. The message is for the user."""


@transaction.atomic
def merge_customers(first: Customer, second: Customer, *, values: dict[str, Any], by: User) -> MergeLog:
    """Merge the second customer into the first one, which gets these `values` of its fields.

    Both have the versions that the user has compared.

    Raises:
        MergeConflict: One of them has changed, or was merged or erased in the meantime.
    """
    keeper, merged = _lock_both(first, second)
    lock_rows(keeper, merged)
    replaced = _replace(keeper, values)
    keeper.version += 1
    # Triggers also change the primary contact.
    keeper.save()
    changes = Changes()
    for relation in RELATIONS:
        if relation.resolve:
            relation.resolve(keeper, merged, changes)
    moving = {relation: list(relation.moving(keeper, merged).values_list("pk", flat=True)) for relation in [MERGED, *RELATIONS]}
    move(MERGED, moving[MERGED], keeper)
    before = merged.status
    merged.status, merged.merged_into, merged.version = Customer.Status.MERGED, keeper, merged.version + 1
    merged.save(update_fields=["status", "merged_into", "version", "updated_at"])
    for relation in RELATIONS:
        move(relation, moving[relation], keeper)
    # A trigger adds the texts of the merged customer to those that a search finds.
    keeper.save(update_fields=["updated_at"])
    log = MergeLog.objects.create(
        agency=keeper.agency,
        first=keeper,
        second=merged,
        merged_by=by,
        first_version=keeper.version,
        second_version=merged.version,
        second_status=before,
        moved={relation.key: digests(relation, keys) for relation, keys in moving.items() if keys},
        changed=_logged(changes),
        created=_created(changes),
        replaced=replaced,
    )
    for customer in (keeper, merged):
        record("customer.merged", customer, by=by, second=merged.reference, first=keeper.reference)
    return log


@transaction.atomic
def dismiss_pair(pair: CustomerPair, *, by: User, when: Any) -> None:
    """Declare that the two customers are different, or take that back if `when` is None."""
    CustomerPair.objects.filter(pk=pair.pk).update(dismissed_at=when, dismissed_by=by if when else None)
    record("customer.not_a_duplicate" if when else "customer.maybe_a_duplicate", pair.first, by=by, other=pair.second.reference)


def erase_merges(customer: Customer, by: User) -> None:
    """Remove an erased customer's personal data from merges and from the search for duplicates."""
    for field in ("first", "second"):
        MergeLog.objects.filter(**{field: customer}).update(moved={}, changed={}, created={}, replaced={})
        CustomerPair.objects.filter(**{field: customer}).delete()
    CustomerKey.objects.filter(customer=customer).delete()


def lock_customers(*customers: Customer) -> list[Customer]:
    """Lock the agency's imports and the customers, and return the stored customers in the given order."""
    agency_id, keys = customers[0].agency_id, [customer.pk for customer in customers]
    list(ImportJob.objects.select_for_update().filter(agency=agency_id, purged_at__isnull=True).order_by("pk").only("pk"))
    # NO KEY, so that a client who grants access at the same time can still insert a row that references the customer.
    rows = Customer.objects.select_for_update(of=("self",), no_key=True).select_related("agency").filter(agency=agency_id, pk__in=keys)
    locked = {customer.pk: customer for customer in rows.order_by("pk")}
    return [locked[key] for key in keys]


def lock_rows(*customers: Customer) -> None:
    """Lock the rows of the customers that can move, so that a review answered at the same time comes before or after."""
    for relation in RELATIONS:
        if relation.moves is no_rows:
            continue
        rows = relation.model._base_manager.filter(**{f"{relation.field}__in": customers}).order_by("pk")
        list(rows.select_for_update(of=("self",)).values_list("pk", flat=True))


def move(relation: Relation, keys: list[int], to: Customer) -> None:
    """Assign rows to another customer."""
    if keys:
        relation.model._base_manager.filter(pk__in=keys).update(**{relation.field: to})


def _lock_both(first: Customer, second: Customer) -> tuple[Customer, Customer]:
    keeper, merged = lock_customers(first, second)
    for stored in (keeper, merged):
        if stored.is_merged:
            (target,) = Customer.objects.filter(merged=stored)
            text = _("%(customer)s has since been merged into %(target)s.")
            raise MergeConflict(text % {"customer": stored.reference, "target": target.reference})
        if stored.status == Customer.Status.ERASED:
            raise MergeConflict(_("%(customer)s has since been erased.") % {"customer": stored.reference})
    for seen, stored in ((first, keeper), (second, merged)):
        if stored.version != seen.version:
            raise MergeConflict(_("%(customer)s has since been changed. Compare the customers again.") % {"customer": stored.reference})
    return keeper, merged


def _replace(customer: Customer, values: dict[str, Any]) -> dict[str, list[Any]]:
    """Set the values and return those that differ, each with the previous one, by column."""
    replaced = {}
    for name, value in values.items():
        before = getattr(customer, name)
        if before != value:
            setattr(customer, name, value)
            replaced[name] = [before, value]
    return replaced


def _created(changes: Changes) -> dict[str, dict[str, str]]:
    keys: dict[type[Model], list[int]] = {}
    for row in changes.created:
        keys.setdefault(type(row), []).append(row.pk)
    return {model._meta.label_lower: row_digests(model, found, without="customer_id") for model, found in keys.items()}


def _logged(changes: Changes) -> dict[str, Any]:
    logged = {}
    for model, rows in changes.before.items():
        found = row_digests(model, list(rows), without="customer_id")
        logged[model._meta.label_lower] = {str(key): {"digest": found[str(key)], "before": before} for key, before in rows.items()}
    return logged
