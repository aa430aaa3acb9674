"""How an event reads to a person. Each app registers its own actions (`events.py`), so that audit need not know them."""

import contextlib
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.core.exceptions import FieldDoesNotExist
from django.db.models import Model
from django.utils.functional import Promise
from django.utils.text import get_text_list
from django.utils.translation import gettext as _

if TYPE_CHECKING:
    from partnerportal.audit.models import AuditEvent

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Description:
    text: str | Promise
    icon: str
    values: Callable[[dict[str, Any]], dict[str, Any]]
    named: str | Promise | None


_descriptions: dict[str, _Description] = {}

#: Current names of objects by `item_key`.
ItemNames = dict[tuple[str, int], str]


def item_key(item: Model) -> tuple[str, int]:
    """Return the key by which events refer to an object: its model's label and its primary key."""
    return item._meta.label_lower, item.pk


def name_items(events: Iterable["AuditEvent"], names: ItemNames) -> None:
    """Set `item_name` of each event whose object is in `names`; the others keep the sentence without a name."""
    for event in events:
        event.item_name = names.get((event.object_type, event.object_id), "")


def register(
    action: str,
    text: str | Promise,
    *,
    icon: str,
    values: Callable[[dict[str, Any]], dict[str, Any]] = dict,
    named: str | Promise | None = None,
) -> None:
    """Register how `action` is described.

    `text` can contain %(object)s and the results of `values`, which receives the event's `data`. `named` replaces `text` while the
    object's name is known (`AuditEvent.item_name`), and can also contain %(item)s.

    Raises:
        ValueError: The action is already registered.
    """
    if action in _descriptions:
        raise ValueError(f"audit action {action!r} is registered twice")
    _descriptions[action] = _Description(text, icon, values, named)


def field_labels(model: type[Model], data: dict[str, Any]) -> dict[str, Any]:
    """Return %(fields)s for an event that records changed fields: their labels, with a new assignee's name in parentheses.

    `data["fields"]` contains field names, and `data["people"]` the names of new assignees by field name. Other contents aren't recorded.

    Raises:
        FieldDoesNotExist: The model no longer has such a field.
    """
    people = data.get("people", {})
    labels = [_field_label(model, name, people.get(name)) for name in data["fields"]]
    return {"fields": get_text_list(labels, _("and"))}


def _field_label(model: type[Model], name: str, person: str | None) -> str:
    label = str(model._meta.get_field(name).verbose_name)  # type: ignore[union-attr]
    if person is None:
        return label
    shown = person or _("Unassigned")
    return f"{label} ({shown})"


def is_registered(action: str) -> bool:
    """Whether some app has said how this action reads."""
    return action in _descriptions


def is_named(action: str) -> bool:
    """Return whether the description of `action` can contain the object's name."""
    return action in _descriptions and _descriptions[action].named is not None


def registered_actions() -> list[str]:
    """All actions that can be recorded."""
    return sorted(_descriptions)


def describe(event: "AuditEvent") -> str:
    """Return the event as a sentence in the active language.

    Events outlive the code that recorded them. An action or data that no registration fits any more is shown by its action name.
    """
    wording = _descriptions.get(event.action)
    if wording is not None:
        for template in (wording.named if event.item_name else None, wording.text):
            with contextlib.suppress(LookupError, TypeError, ValueError, FieldDoesNotExist):
                if template is not None:
                    return str(template) % _values(event, wording)
        logger.warning("Audit event %s (%s) doesn't fit its wording.", event.pk, event.action)
    return f"{event.action} {event.object_label}".rstrip()


def _values(event: "AuditEvent", wording: _Description) -> dict[str, Any]:
    return {"object": event.object_label or _("(no name)"), "item": event.item_name, **wording.values(event.data)}


def icon(event: "AuditEvent") -> str:
    """Name of a heroicon."""
    wording = _descriptions.get(event.action)
    return wording.icon if wording else "information-circle"
