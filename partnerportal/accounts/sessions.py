"""Where somebody is signed in."""

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session

from partnerportal.accounts.models import User


def end_sessions(user: User) -> None:
    """Sign somebody out everywhere, from their next click on."""
    theirs = UserSession.objects.filter(user=user)
    Session.objects.filter(session_key__in=list(theirs.values_list("session_key", flat=True))).delete()
    theirs.delete()
