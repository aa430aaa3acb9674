"""Sessions in the database, as Django keeps them, for which the list of one's sessions stays true."""

from allauth.core import context
from allauth.usersessions.models import UserSession
from django.contrib.sessions.backends import db


class SessionStore(db.SessionStore):
    """Django moves a session to a new key with a sign-in, a new password, and after `SECRET_KEY` was replaced; its entry in the list of
    sessions goes along, or nobody could end it any more.
    """

    def cycle_key(self) -> None:
        request = context.request
        if request is not None and request.session is not self:
            # allauth looks whether a session on the list is still good: that of another browser, which knows the old key only.
            return
        former = self.session_key
        super().cycle_key()
        if former:
            UserSession.objects.filter(session_key=former).update(session_key=self.session_key)
