"""How an event reads to a person. Each app registers its own actions (`events.py`), so that audit need not know them."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.core.exceptions import FieldDoesNotExist
from django.utils.functional import Promise
from django.utils.translation import gettext as _

if TYPE_CHECKING:
    from partnerportal.audit.models import AuditEvent

logger = logging.getLogger(__name__)


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


def registered_actions() -> list[str]:
    """All actions that can be recorded."""
    return sorted(_wordings)


def sentence(event: "AuditEvent") -> str:
    """The event as a sentence, in the active language.

    Events outlive the code that wrote them: what no app words any more, or words for other data, shows its plain name.
    """
    wording = _wordings.get(event.action)
    if wording is not None:
        try:
            return str(wording.text) % {"object": event.object_label or _("(no name)"), **wording.values(event.data)}
        except (LookupError, TypeError, ValueError, FieldDoesNotExist):
            logger.warning("Audit event %s (%s) does not match its description.", event.pk, event.action)
    return f"{event.action} {event.object_label}".rstrip()


def icon(event: "AuditEvent") -> str:
    """Name of a heroicon."""
    wording = _wordings.get(event.action)
    return wording.icon if wording else "information-circle"
