"""Session engine that keeps the user's list of sessions up to date."""

from allauth.core import context
from allauth.usersessions.models import UserSession
from django.contrib.sessions.backends import db


class SessionStore(db.SessionStore):
    """Database sessions whose `UserSession` follows when Django changes the key, so that users can still end them."""

    def cycle_key(self) -> None:
        request = context.request
        if request is not None and request.session is not self:
            # allauth opens sessions of other browsers to check whether they are valid. Those browsers only know the old key.
            return
        old_key = self.session_key
        super().cycle_key()
        if old_key:
            UserSession.objects.filter(session_key=old_key).update(session_key=self.session_key)
