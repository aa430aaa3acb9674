"""Session engine that ends sessions in time, and keeps the user's list of sessions up to date."""

import time
from datetime import datetime, timedelta
from typing import Any

from allauth.core import context
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.sessions.backends import db
from django.contrib.sessions.models import Session
from django.db.models import QuerySet
from django.utils import timezone

from partnerportal.accounts.reauthentication import SESSION_KEY
from partnerportal.core.compiled import compiled


@compiled
def valid_sessions(*, key: Any, now: Any) -> QuerySet[Session]:
    """Return the session with this key, unless it has expired."""
    return Session.objects.filter(session_key=key, expire_date__gt=now)


class SessionStore(db.SessionStore):
    """Database sessions that end `SESSION_DAYS` days after the sign-in, and change and delete their `UserSession` with them."""

    def _get_session_from_db(self) -> Session | None:
        for session in valid_sessions(key=self.session_key, now=timezone.now()):
            return session
        self._session_key = None
        return None

    def get_expiry_age(self, **kwargs: Any) -> int:
        """Return the number of seconds until the session ends. Changes of its data don't prolong it after a sign-in."""
        age = int(super().get_expiry_age(**kwargs))
        signed_in_at = self.get(SESSION_KEY)
        return age if signed_in_at is None else min(age, max(0, int(signed_in_at + settings.SESSION_COOKIE_AGE - time.time())))

    def get_expiry_date(self, **kwargs: Any) -> datetime:
        """Return the time at which the session ends."""
        return timezone.now() + timedelta(seconds=self.get_expiry_age(**kwargs))

    def cycle_key(self) -> None:
        request = context.request
        if request is not None and request.session is not self:
            # allauth checks whether sessions of other browsers are valid, which only know the old key.
            return
        old_key = self.session_key
        super().cycle_key()
        if old_key:
            UserSession.objects.filter(session_key=old_key).update(session_key=self.session_key)

    def flush(self) -> None:
        old_key = self.session_key
        super().flush()
        if old_key:
            # Otherwise, allauth keeps the address and the browser until the user signs in again.
            UserSession.objects.filter(session_key=old_key).delete()
