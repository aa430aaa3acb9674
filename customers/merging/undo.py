"""Undo of a merge, for whatever hasn't changed since."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from django.apps import apps
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from customers.merging.models import MergeLog
from customers.merging.relations import MERGED, RELATIONS, Relation, digests, row_digests
from customers.merging.services import MergeConflict, lock_customers, lock_rows, move
from customers.models import Customer
from partnerportal.accounts.models import User
from partnerportal.audit.services import record

#: Fields that only make sense together: the name that a kind of customer needs.
_NAMES = {"kind", "company", "last_name"}


@transaction.atomic
def undo_merge(log: MergeLog, *, by: User) -> MergeLog:
    """Separate the two customers of a merge. Rows and fields that have changed since stay with the first one (`MergeLog.kept`).

    Raises:
        MergeConflict: The merge was undone or is too old, or one of the customers was erased or merged in the meantime.
    """
    first, second = lock_customers(log.first, log.second)
    locked = MergeLog.objects.select_for_update(of=("self",)).get(pk=log.pk)
    locked.first, locked.second = first, second
    _ensure_possible(locked)
    lock_rows(first, second)
    movable = _movable(locked)
    kept = Counter({key: _still_there(key, locked.moved[key]) - len(rows) for key, rows in movable.items()})
    for relation in reversed(RELATIONS):
        move(relation, sorted(movable.get(relation.key, ())), second)
    second.status, second.merged_into, second.version = locked.second_status, None, second.version + 1
    second.save(update_fields=["status", "merged_into", "version", "updated_at"])
    move(MERGED, sorted(movable.get(MERGED.key, ())), second)
    kept.update(_take_back_changes(locked, movable))
    kept.update(_remove_added(locked))
    fields = _take_back_values(locked)
    first.version += 1
    first.save()
    second.save(update_fields=["updated_at"])  # The trigger collects the texts of the customers that were merged into it.
    locked.undone_at, locked.undone_by = timezone.now(), by
    locked.kept = {"rows": {key: count for key, count in kept.items() if count}, "fields": fields}
    locked.save(update_fields=["undone_at", "undone_by", "kept"])
    for customer in (first, second):
        record("customer.unmerged", customer, by=by, second=second.reference, first=first.reference)
    return locked


def _ensure_possible(log: MergeLog) -> None:
    first, second = log.first, log.second
    if log.undone_at:
        raise MergeConflict(_("This merge has already been undone."))
    if Customer.Status.ERASED in {first.status, second.status}:
        raise MergeConflict(_("The customers have been erased, so the merge can’t be undone."))
    if first.is_merged:
        raise MergeConflict(
            _("%(customer)s has itself been merged into another customer. Undo that merge first.") % {"customer": first.reference}
        )
    if not log.can_be_undone:
        raise MergeConflict(_("This merge is too old to be undone."))


def _movable(log: MergeLog) -> dict[str, set[int]]:
    """Return the moved rows that are still the first customer's and haven't changed, by relation.

    A project moves back only with all its tasks and review requests.
    """
    relations = {relation.key: relation for relation in [MERGED, *RELATIONS]}
    movable = {key: _unchanged(relations[key], rows, log.first) for key, rows in log.moved.items() if key in relations}
    owned = [relation for relation in RELATIONS if relation.owner]
    for relation in owned:
        owners = _owner_key(relation)
        if owners in movable:
            others = relation.model._base_manager.filter(**{f"{relation.owner}__in": movable[owners]})
            movable[owners] -= _owners(relation, others.exclude(pk__in=movable.get(relation.key, ())))
    for relation in owned:
        if relation.key in movable:
            rows = relation.model._base_manager.filter(pk__in=movable[relation.key]).exclude(**{relation.owner: None})
            staying = rows.exclude(**{f"{relation.owner}__in": movable.get(_owner_key(relation), ())})
            movable[relation.key] -= set(staying.values_list("pk", flat=True))
    return movable


def _unchanged(relation: Relation, logged: dict[str, str], first: Customer) -> set[int]:
    rows = relation.of(first).filter(pk__in=[int(key) for key in logged])
    found = digests(relation, list(rows.values_list("pk", flat=True)))
    return {int(key) for key, digest in found.items() if logged[key] == digest}


def _still_there(key: str, logged: dict[str, str]) -> int:
    model: Any = apps.get_model(key.rpartition(".")[0])
    return int(model._base_manager.filter(pk__in=[int(pk) for pk in logged]).count())


def _owner_key(relation: Relation) -> str:
    owner: Any = relation.model._meta.get_field(relation.owner)
    return f"{owner.related_model._meta.label_lower}.{relation.field}"


def _owners(relation: Relation, rows: Any) -> set[int]:
    return set(rows.values_list(f"{relation.owner}_id", flat=True))


def _take_back_changes(log: MergeLog, movable: dict[str, set[int]]) -> Iterable[str]:
    """Restore changed rows, and yield the relation of each one that has changed since."""
    for name, rows in log.changed.items():
        model, relation = apps.get_model(name), f"{name}.customer"
        found = row_digests(model, [int(key) for key in rows], without="customer_id")
        for key, row in rows.items():
            if key in log.moved.get(relation, {}) and int(key) not in movable[relation]:
                continue  # It stays and is already counted.
            if found.get(key) != row["digest"] or not _restore(model, int(key), row["before"]):
                yield relation


def _remove_added(log: MergeLog) -> Iterable[str]:
    """Delete added rows, and yield the relation of each one that has changed since or is in use."""
    for name, rows in log.created.items():
        model: Any = apps.get_model(name)
        for key, digest in row_digests(model, [int(key) for key in rows], without="customer_id").items():
            uses = (use.related_model._base_manager.filter(**{use.field.name: int(key)}) for use in _uses(model))
            if digest != rows[key] or any(use.exists() for use in uses):
                yield f"{name}.customer"
            else:
                model._base_manager.filter(pk=int(key)).delete()


def _uses(model: Any) -> list[Any]:
    """Return the foreign keys to a model, also those without a reverse relation."""
    return [relation for relation in model._meta.get_fields(include_hidden=True) if relation.auto_created and not relation.concrete]


def _restore(model: Any, key: int, before: dict[str, Any]) -> bool:
    try:
        with transaction.atomic():
            model._base_manager.filter(pk=key).update(**before)
    except IntegrityError:
        # Another row has taken its place since, such as a new primary contact.
        return False
    return True


def _take_back_values(log: MergeLog) -> list[str]:
    """Set the first customer's previous values. Return the fields that have changed since."""
    customer: Any = log.first
    kept = {name for name, (_before, after) in log.replaced.items() if getattr(customer, name) != after}
    if kept & _NAMES:
        kept |= _NAMES & log.replaced.keys()
    for name in log.replaced.keys() - kept:
        if name == "responsible_id" and not User.objects.filter(pk=log.replaced[name][0]).exists():
            customer.responsible = None
        else:
            setattr(customer, name, log.replaced[name][0])
    return sorted(kept)
