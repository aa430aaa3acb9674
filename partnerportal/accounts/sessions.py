"""Where somebody is signed in."""

from ipaddress import IPv4Address
from typing import Any

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db.models.signals import pre_save
from django.dispatch import receiver

from partnerportal.accounts.models import User

#: Stands for an address that nobody knows.
UNKNOWN = str(IPv4Address(0))


@receiver(pre_save, sender=UserSession, dispatch_uid="accounts.address_of_session")
def fill_address(instance: UserSession, **_kwargs: Any) -> None:
    """A request may come from no address that is known: over a socket, or through fewer proxies than are set. That keeps nobody out."""
    instance.ip = instance.ip or UNKNOWN


def end_sessions(user: User) -> None:
    """Sign somebody out everywhere, from their next click on."""
    theirs = UserSession.objects.filter(user=user)
    Session.objects.filter(session_key__in=list(theirs.values_list("session_key", flat=True))).delete()
    theirs.delete()
