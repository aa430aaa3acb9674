"""Saving, changing, deleting and pinning views.

Each function is one transaction that first locks the memberships whose limits it depends on.
"""

from datetime import timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from partnerportal.agencies.models import Agency, Membership
from partnerportal.audit.services import record
from partnerportal.desk.saved_views import events  # noqa: F401  # registers the descriptions of audit events
from partnerportal.desk.saved_views.models import MAX_PINNED, MAX_VIEWS, SavedView, ViewPin

#: How long a deleted view can be restored.
RESTORABLE_FOR = timedelta(hours=1)


@transaction.atomic
def save_view(member: Membership, *, list_name: str, query: str, name: str, is_shared: bool, is_pinned: bool) -> SavedView:
    """Save a query string of a list under a name.

    Raises:
        ValidationError: The member has a view with this name, or has reached a limit.
    """
    _lock(member.pk)
    view = SavedView(agency_id=member.agency_id, owner=member, list_name=list_name, query=query, name=name, is_shared=is_shared)
    _ensure_new_name(view)
    view.slot = _free_slot(member, list_name)
    view.save()
    if is_pinned:
        _pin(view, member)
    if is_shared:
        record("view.shared", view, by=member.user)
    return view


@transaction.atomic
def update_view(view: SavedView, *, name: str, is_shared: bool, is_pinned: bool, by: Membership) -> SavedView:
    """Rename a view, share it or make it private, and pin or unpin it for the member.

    Raises:
        ValidationError: The owner has another view with this name, or the member has reached the limit of pins.
        SavedView.DoesNotExist: The view was deleted.
    """
    locked = _lock_view(view, by)
    was_shared, is_changed = locked.is_shared, (locked.name, locked.is_shared) != (name, is_shared)
    locked.name, locked.is_shared = name, is_shared
    _ensure_new_name(locked)
    locked.save(update_fields=["name", "is_shared"])
    if is_pinned:
        _pin(locked, by)
    else:
        _unpin(locked, by)
    if was_shared and not is_shared:
        locked.pins.exclude(member=locked.owner_id).delete()
    if is_changed and is_shared:
        record("view.changed" if was_shared else "view.shared", locked, by=by.user)
    return locked


@transaction.atomic
def replace_query(view: SavedView, query: str, *, by: Membership) -> str:
    """Store another query string, and return the former one.

    Raises:
        SavedView.DoesNotExist: The view was deleted.
    """
    locked = _lock_view(view, by)
    former, locked.query = locked.query, query
    locked.save(update_fields=["query"])
    if locked.is_shared and former != query:
        record("view.changed", locked, by=by.user)
    return former


@transaction.atomic
def delete_view(view: SavedView, *, by: Membership) -> None:
    """Delete a view, which can be restored for an hour.

    Raises:
        SavedView.DoesNotExist: The view was deleted.
    """
    locked = _lock_view(view, by)
    SavedView.objects.filter(agency=locked.agency_id, deleted_at__lt=timezone.now() - RESTORABLE_FOR).delete()
    locked.deleted_at = timezone.now()
    locked.save(update_fields=["deleted_at"])
    if locked.is_shared:
        record("view.deleted", locked, by=by.user)


@transaction.atomic
def restore_view(view: SavedView, *, by: Membership) -> SavedView:
    """Restore a deleted view with its pins. If its name is in use again, it gets a number.

    Raises:
        SavedView.DoesNotExist: The view no longer exists.
    """
    locked = _lock_view(view, by, deleted=True)
    if locked.deleted_at is not None:
        locked.name = free_name(locked, SavedView.objects.filter(agency=locked.agency_id, owner=locked.owner_id))
        locked.deleted_at = None
        locked.save(update_fields=["name", "deleted_at"])
        if locked.is_shared:
            record("view.restored", locked, by=by.user)
    return locked


@transaction.atomic
def pin_view(view: SavedView, member: Membership) -> bool:
    """Pin a view last in the member's menu. Return False if it is pinned already.

    Raises:
        ValidationError: The member has reached the limit.
        SavedView.DoesNotExist: The view was deleted or made private.
    """
    _lock(member.pk)
    visible = SavedView.objects.visible_to(member).select_for_update(no_key=True, of=("self",)).get(pk=view.pk)
    return _pin(visible, member)


@transaction.atomic
def unpin_view(view: SavedView, member: Membership) -> bool:
    """Remove a view from the member's menu. Return False if it wasn't pinned."""
    _lock(member.pk)
    return _unpin(view, member)


@transaction.atomic
def move_pin(view: SavedView, member: Membership, *, up: bool) -> bool:
    """Swap a pinned view with its neighbour. Return False if it has none, or isn't pinned."""
    _lock(member.pk)
    pins = list(_pins(member, view.list_name).filter(view__deleted_at=None).order_by("position"))
    index = next((index for index, pin in enumerate(pins) if pin.view_id == view.pk), None)
    other = -1 if index is None else index + (-1 if up else 1)
    if index is None or not 0 <= other < len(pins):
        return False
    pins[index].position, pins[other].position = pins[other].position, pins[index].position
    for pin in (pins[index], pins[other]):
        pin.save(update_fields=["position"])
    return True


def leave_views(member: Membership) -> None:
    """Delete a departing member's private views. Their shared ones then belong to the agency.

    Registered as a departure hook, which runs in the transaction that ends the membership.
    """
    _lock(member.pk)
    member.saved_views.exclude(is_shared=True, deleted_at=None).delete()
    ownerless = SavedView.objects.filter(agency=member.agency_id, owner=None)
    for view in member.saved_views.select_for_update():
        view.name, view.owner, view.slot = free_name(view, ownerless), None, None
        view.save(update_fields=["name", "owner", "slot"])


# --- Locks and limits ----------------------------------------------------------------------------------------------------


def _lock(*members: int) -> None:
    """Lock memberships by their keys, always in the same order."""
    list(Membership.objects.select_for_update(no_key=True, of=("self",)).filter(pk__in=members).order_by("pk"))


def _lock_view(view: SavedView, by: Membership, *, deleted: bool = False) -> SavedView:
    """Lock a view after its owner (or the agency) and the member, whose names and limits it depends on."""
    if view.owner_id is None:
        Agency.objects.select_for_update(no_key=True).get(pk=view.agency_id)
    _lock(by.pk, view.owner_id or by.pk)
    rows = SavedView.objects.all() if deleted else SavedView.objects.existing()
    return rows.select_for_update(of=("self",)).get(pk=view.pk)


def _free_slot(member: Membership, list_name: str) -> int:
    """Return a free slot. Deleted views give theirs up if there is no other.

    Raises:
        ValidationError: All slots are in use.
    """
    own = SavedView.objects.filter(owner=member, list_name=list_name)
    for rows in (own, own.existing()):
        used = set(rows.values_list("slot", flat=True))
        free = [slot for slot in range(1, MAX_VIEWS + 1) if slot not in used]
        if free:
            own.filter(slot=free[0]).delete()
            return free[0]
    text = _("You already have %(limit)d views of this list. Delete one before you save another.")
    raise ValidationError(text % {"limit": MAX_VIEWS}, "too_many")


def _others(view: SavedView) -> QuerySet[SavedView]:
    """Return the other existing views of the owner, or of the agency, and of the same list."""
    return SavedView.objects.existing().filter(agency=view.agency_id, owner=view.owner_id, list_name=view.list_name).exclude(pk=view.pk)


def _ensure_new_name(view: SavedView) -> None:
    if _others(view).filter(name__iexact=view.name).exists():
        raise ValidationError({"name": _("There is already a view with this name. Choose another name.")})


def free_name(view: SavedView, views: QuerySet[SavedView]) -> str:
    """Return the view's name, with a number if one of the `views` of the same list has it."""
    others = views.filter(list_name=view.list_name, deleted_at=None).exclude(pk=view.pk)
    used = {name.lower() for name in others.values_list("name", flat=True)}
    name, number = view.name, 2
    while name.lower() in used:
        name, number = f"{view.name[:54]} ({number})", number + 1
    return name


def _pins(member: Membership, list_name: str) -> QuerySet[ViewPin]:
    return ViewPin.objects.filter(member=member, list_name=list_name)


def _pin(view: SavedView, member: Membership) -> bool:
    _lock(member.pk)
    pins = _pins(member, view.list_name)
    if pins.filter(view=view).exists():
        return False
    # Those of deleted views wait for their restoration.
    pins.exclude(view__deleted_at=None).delete()
    for position, pin in enumerate(pins.order_by("position"), start=1):
        if pin.position != position:
            pin.position = position
            pin.save(update_fields=["position"])
    position = pins.count() + 1
    if position > MAX_PINNED:
        text = _("You have pinned %(limit)d views of this list, the most the menu shows. Unpin one first.")
        raise ValidationError({"is_pinned": text % {"limit": MAX_PINNED}})
    ViewPin.objects.create(agency_id=member.agency_id, member=member, view=view, list_name=view.list_name, position=position)
    return True


def _unpin(view: SavedView, member: Membership) -> bool:
    return bool(_pins(member, view.list_name).filter(view=view).delete()[0])
