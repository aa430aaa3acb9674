"""Receivers of signals from Django and allauth, and registration of what accounts store about an address."""

import time
from ipaddress import IPv4Address
from typing import Any

from allauth.account.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authenticator_added, authenticator_used
from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.contrib.auth.signals import user_logged_in
from django.db.models.signals import pre_save
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils.translation import gettext as _

from partnerportal.accounts.address_data import ADDRESS_DATA
from partnerportal.accounts.mails import WITH_CIRCUMSTANCES
from partnerportal.accounts.models import User
from partnerportal.accounts.queries import SECOND_FACTORS
from partnerportal.accounts.reauthentication import SESSION_KEY
from partnerportal.accounts.services.accounts import end_sessions
from partnerportal.accounts.services.address_data import SECTIONS
from partnerportal.outbox.kinds import KINDS_WITH_ADDRESS

#: Stored for sessions whose IP address is unknown.
UNKNOWN_ADDRESS = str(IPv4Address(0))

KINDS_WITH_ADDRESS.update(WITH_CIRCUMSTANCES)
ADDRESS_DATA.extend(SECTIONS)


@receiver(user_logged_in, dispatch_uid="accounts.remember_sign_in")
def record_sign_in(request: HttpRequest, **_kwargs: Any) -> None:
    """Store the time of the sign-in, which counts as a reauthentication."""
    request.session[SESSION_KEY] = time.time()


@receiver(pre_save, sender=UserSession, dispatch_uid="accounts.address_of_session")
def default_ip_address(instance: UserSession, **_kwargs: Any) -> None:
    """Let users without a known IP address sign in, for example over a socket."""
    instance.ip = instance.ip or UNKNOWN_ADDRESS


@receiver(authenticator_added, dispatch_uid="accounts.second_factor_everywhere")
def end_single_factor_sessions(request: HttpRequest, user: User, authenticator: Authenticator, **_kwargs: Any) -> None:
    """End sessions that began without a second factor when the user sets up their first one."""
    factors = Authenticator.objects.filter(user=user, type__in=SECOND_FACTORS)
    is_first = authenticator.type in SECOND_FACTORS and factors.count() == 1
    if is_first and end_sessions(user, except_key=request.session.session_key or ""):
        messages.info(request, _("You’ve been signed out of all other sessions."))


@receiver(authenticator_used, dispatch_uid="accounts.tell_of_used_code")
def notify_recovery_code_used(user: User, authenticator: Authenticator, **_kwargs: Any) -> None:
    """Notify the user when a recovery code was used, because printed codes can be found by others."""
    if authenticator.type == Authenticator.Type.RECOVERY_CODES:
        authenticator.refresh_from_db(fields=["data"])
        left = len(authenticator.wrap().get_unused_codes())
        get_adapter().send_notification_mail("recovery_code_used", user, {"left": left})
