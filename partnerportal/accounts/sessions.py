"""Where somebody is signed in."""

from allauth.usersessions.models import UserSession

from partnerportal.accounts.models import User


def end_sessions(user: User) -> None:
    """Sign somebody out everywhere, from their next click on."""
    for session in UserSession.objects.filter(user=user):
        session.end()
