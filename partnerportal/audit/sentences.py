"""How an event reads to a person. Each app registers its own actions (`events.py`), so that audit need not know them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _

if TYPE_CHECKING:
    from partnerportal.audit.models import AuditEvent


@dataclass(frozen=True)
class _Wording:
    text: str | Promise
    icon: str
    values: Callable[[dict[str, Any]], dict[str, Any]]


_wordings: dict[str, _Wording] = {}


def register(action: str, text: str | Promise, *, icon: str, values: Callable[[dict[str, Any]], dict[str, Any]] = dict) -> None:
    """Say how `action` reads: `text` may use %(object)s and what `values` makes of the event's `data`.

    Raises:
        ValueError: another app words this action already.
    """
    if action in _wordings:
        raise ValueError(f"audit action {action!r} is registered twice")
    _wordings[action] = _Wording(text, icon, values)


def is_registered(action: str) -> bool:
    """Whether some app has said how this action reads."""
    return action in _wordings


def sentence(event: "AuditEvent") -> str:
    """The event as a sentence; an action that no app words any more shows its plain name."""
    wording = _wordings.get(event.action)
    if wording is None:
        return f"{event.action} {event.object_label}"
    return str(wording.text) % {"object": event.object_label or _("(without name)"), **wording.values(event.data)}


def icon(event: "AuditEvent") -> str:
    """Name of a heroicon."""
    wording = _wordings.get(event.action)
    return wording.icon if wording else "information-circle"
