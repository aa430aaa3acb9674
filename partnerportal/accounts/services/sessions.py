"""Deletion of what is stored about sessions that have ended.

`Session` contains the data of a session. `UserSession`, its entry in the user's list of sessions, contains the IP address and
the browser.
"""

from collections.abc import Collection
from datetime import timedelta

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import transaction
from django.utils import timezone


@transaction.atomic
def delete_expired(batch: int) -> int:
    """Delete up to `batch` expired sessions, and return their number. Locked rows are skipped."""
    expired = Session.objects.filter(expire_date__lt=timezone.now()).order_by("expire_date")
    keys = list(expired.select_for_update(skip_locked=True).values_list("session_key", flat=True)[:batch])
    _delete(keys)
    return len(keys)


@transaction.atomic
def delete_old(batch: int) -> int:
    """Delete up to `batch` sessions that began more than `SESSION_DAYS` days ago, and return their number.

    The setting was larger when they began, or only their entry is left because the session was deleted elsewhere.
    """
    # allauth sets this time when users sign in and when they change their password.
    old = UserSession.objects.filter(last_seen_at__lt=timezone.now() - timedelta(days=settings.SESSION_DAYS))
    keys = list(old.order_by("last_seen_at").values_list("session_key", flat=True)[:batch])
    _delete(keys)
    return len(keys)


def _delete(keys: Collection[str]) -> None:
    Session.objects.filter(session_key__in=keys).delete()
    UserSession.objects.filter(session_key__in=keys).delete()
