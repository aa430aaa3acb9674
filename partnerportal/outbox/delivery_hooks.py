"""What becomes of a mail matters to the app that wrote it: it registers here what to do, for the outbox can't know it."""

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from django.db import InterfaceError, OperationalError, transaction

if TYPE_CHECKING:
    from partnerportal.outbox.models import OutgoingMail

logger = logging.getLogger(__name__)

_listeners: dict[str, Callable[["OutgoingMail"], None]] = {}


def on_delivery(kind: str, listener: Callable[["OutgoingMail"], None]) -> None:
    """Call `listener` with each mail of this kind once it was sent, or refused for good; `mail.status` says which."""
    _listeners[kind] = listener


def notify_listeners(mail: "OutgoingMail") -> None:
    """Tell whoever wants to know. Its failure must not undo that the mail went out: it would go out again."""
    listener = _listeners.get(mail.kind)
    if listener is None:
        return
    mail.refresh_from_db(fields=["status"])
    try:
        with transaction.atomic():
            listener(mail)
    except (OperationalError, InterfaceError):
        # The database is away, and whoever writes down the outcome tries again.
        raise
    except Exception:
        logger.exception("Delivery hook for e-mail %s failed", mail.pk)
