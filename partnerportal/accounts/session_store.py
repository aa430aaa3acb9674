"""Session engine that keeps the user's list of sessions up to date."""

from allauth.core import context
from allauth.usersessions.models import UserSession
from django.contrib.sessions.backends import db


class SessionStore(db.SessionStore):
    """Database sessions that update their `UserSession` when their key changes."""

    def cycle_key(self) -> None:
        request = context.request
        if request is not None and request.session is not self:
            # allauth checks whether sessions of other browsers are valid, which only know the old key.
            return
        old_key = self.session_key
        super().cycle_key()
        if old_key:
            UserSession.objects.filter(session_key=old_key).update(session_key=self.session_key)
