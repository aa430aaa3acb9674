"""Where somebody is signed in."""

from ipaddress import IPv4Address
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authenticator_added
from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.contrib.sessions.models import Session
from django.db.models.signals import pre_save
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils.translation import gettext as _

from partnerportal.accounts.models import User

#: Recovery codes come along with one of these.
SECOND_FACTORS = [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]
#: Stands for an address that nobody knows.
UNKNOWN_ADDRESS = str(IPv4Address(0))


@receiver(pre_save, sender=UserSession, dispatch_uid="accounts.address_of_session")
def default_ip_address(instance: UserSession, **_kwargs: Any) -> None:
    """A request may come from no address that is known: over a socket, or through fewer proxies than are set. That keeps nobody out."""
    instance.ip = instance.ip or UNKNOWN_ADDRESS


def end_sessions(user: User, *, but: str = "") -> int:
    """Sign somebody out everywhere, from their next click on, `but` where the session has this key; from how many places."""
    theirs = UserSession.objects.filter(user=user).exclude(session_key=but)
    keys = list(theirs.values_list("session_key", flat=True))
    Session.objects.filter(session_key__in=keys).delete()
    theirs.delete()
    return len(keys)


@receiver(authenticator_added, dispatch_uid="accounts.second_factor_everywhere")
def end_single_factor_sessions(request: HttpRequest, user: User, authenticator: Authenticator, **_kwargs: Any) -> None:
    """Somebody set up their first second factor: wherever one signed in with the password alone, it is asked for now."""
    factors = Authenticator.objects.filter(user=user, type__in=SECOND_FACTORS)
    is_first = authenticator.type in SECOND_FACTORS and factors.count() == 1
    if is_first and end_sessions(user, but=request.session.session_key or ""):
        messages.info(request, _("You’ve been signed out of all other sessions."))
