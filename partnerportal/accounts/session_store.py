"""Session engine that keeps the user's list of sessions up to date."""

from typing import Any

from allauth.core import context
from allauth.usersessions.models import UserSession
from django.contrib.sessions.backends import db
from django.contrib.sessions.models import Session
from django.db.models import QuerySet
from django.utils import timezone

from partnerportal.core.compiled import compiled


@compiled
def valid_sessions(*, key: Any, now: Any) -> QuerySet[Session]:
    """Return the session with this key, unless it has expired."""
    return Session.objects.filter(session_key=key, expire_date__gt=now)


class SessionStore(db.SessionStore):
    """Database sessions that update their `UserSession` when their key changes."""

    def _get_session_from_db(self) -> Session | None:
        for session in valid_sessions(key=self.session_key, now=timezone.now()):
            return session
        self._session_key = None
        return None

    def cycle_key(self) -> None:
        request = context.request
        if request is not None and request.session is not self:
            # allauth checks whether sessions of other browsers are valid, which only know the old key.
            return
        old_key = self.session_key
        super().cycle_key()
        if old_key:
            UserSession.objects.filter(session_key=old_key).update(session_key=self.session_key)
