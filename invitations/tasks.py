"""What beat has done for invitations and access requests."""

import logging
from collections.abc import Callable
from typing import Any

from celery import shared_task

from invitations.models import AccessInvitation, AccessRequest
from invitations.services.access_requests import expire_request
from invitations.services.invitations import expire_invitation
from partnerportal.core.pending import InvalidTransition

logger = logging.getLogger(__name__)

#: So many of each kind in one go; the next go takes the next ones.
BATCH_SIZE = 500


@shared_task(name="invitations.expire")
def expire() -> int:
    """Close what waited too long and tell both sides; how many that were. Each is a transaction of its own."""
    invitations = _each(AccessInvitation.objects.past_expiry().order_by("pk")[:BATCH_SIZE], expire_invitation)
    return invitations + _each(AccessRequest.objects.past_expiry().order_by("pk")[:BATCH_SIZE], expire_request)


def _each(rows: Any, expire_one: Callable[[Any], None]) -> int:
    done = 0
    for row in rows:
        try:
            expire_one(row)
        except InvalidTransition as taken:
            logger.info("%r has since been %s.", row, taken.state)
        else:
            done += 1
    return done
