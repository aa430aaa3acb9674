"""Descriptions of audit events. Each app registers those of its own actions in `events.py`."""

import contextlib
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.db.models import Model
from django.utils.functional import Promise
from django.utils.text import get_text_list
from django.utils.translation import gettext as _

logger = logging.getLogger(__name__)

#: Current names of objects by `item_key`.
ItemNames = dict[tuple[str, int], str]


@dataclass(frozen=True)
class Description:
    """Description of one action; see `register` for the attributes."""

    text: str | Promise
    icon: str
    values: Callable[[dict[str, Any]], dict[str, Any]]
    named: str | Promise | None
    run: Any


#: The registered descriptions by action.
DESCRIPTIONS: dict[str, Description] = {}


def register(
    action: str,
    text: str | Promise,
    *,
    icon: str,
    values: Callable[[dict[str, Any]], dict[str, Any]] = dict,
    named: str | Promise | None = None,
    run: Any = None,
) -> None:
    """Register how `action` is described, and the heroicon that illustrates it.

    `text` can contain %(object)s and the results of `values`, which receives the event's `data`.
    `named` replaces `text` while the object's name is known, and can also contain %(item)s.
    `run` describes several events in a row; it contains %(count)d, by which its plural form is chosen.

    Raises:
        ValueError: The action is already registered.
    """
    if action in DESCRIPTIONS:
        raise ValueError(f"audit action {action!r} is registered twice")
    DESCRIPTIONS[action] = Description(text, icon, values, named, run)


def describe(action: str, *, label: str, item_name: str, data: dict[str, Any]) -> str:
    """Return an event as a sentence in the active language.

    Events outlive the code that recorded them. Unknown actions and unexpected data are described
    by the action's name.
    """
    description = DESCRIPTIONS.get(action)
    if description is not None:
        for template in (description.named if item_name else None, description.text):
            with contextlib.suppress(LookupError, TypeError, ValueError, FieldDoesNotExist):
                if template is not None:
                    return str(template) % {"object": label or _("(no name)"), "item": item_name, **description.values(data)}
        logger.warning("An audit event's data doesn't match the description of %s.", action)
    return f"{action} {label}".rstrip()


def field_labels(model: type[Model], data: dict[str, Any]) -> dict[str, Any]:
    """Return %(fields)s of an event about changed fields: labels, with new assignees in parentheses.

    `data["fields"]` contains field names, `data["people"]` the names of new assignees by field.

    Raises:
        FieldDoesNotExist: The model no longer has such a field.
    """
    people, unassigned = data.get("people", {}), _("Unassigned")
    labels = []
    for name in data["fields"]:
        label = str(model._meta.get_field(name).verbose_name)  # type: ignore[union-attr]
        person = people.get(name)
        labels.append(label if person is None else f"{label} ({person or unassigned})")
    return {"fields": get_text_list(labels, _("and"))}


def item_key(item: Model) -> tuple[str, int]:
    """Return the key by which events refer to an object: its model's label and its primary key."""
    return item._meta.label_lower, item.pk


def name_items(events: Iterable[Any], names: ItemNames) -> None:
    """Set `item_name` of each event whose object is in `names`."""
    for event in events:
        event.item_name = names.get((event.object_type, event.object_id), "")
