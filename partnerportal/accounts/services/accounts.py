"""Creation, correction and deletion of accounts, and the end of their sessions."""

from datetime import timedelta

from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.contrib.sessions.models import Session
from django.db import transaction
from django.utils import timezone

from partnerportal.accounts.models import User
from partnerportal.accounts.queries import account_address

#: Age at which client accounts are deleted if their code was never entered.
UNCONFIRMED_LIFETIME = timedelta(days=1)
#: Password hash of client accounts. Unlike Django's unusable hashes it is constant, so it can be queried.
UNUSABLE_PASSWORD = UNUSABLE_PASSWORD_PREFIX


@transaction.atomic
def create_account(*, email: str, full_name: str, password: str, language: str) -> User:
    """Create an account for a user who has already proved that the address is theirs."""
    user = User.objects.create_user(email, password, full_name=full_name, language=language)
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user


@transaction.atomic
def get_or_create_client(email: str) -> User | None:
    """Return the account with this address, created if needed, or None if it is deactivated."""
    address = account_address(email)
    user, created = User.objects.get_or_create(email=address, defaults={"password": UNUSABLE_PASSWORD})
    if created:
        EmailAddress.objects.create(user=user, email=address, primary=True)
    return user if user.is_active else None


def purge_unconfirmed() -> int:
    """Delete client accounts whose code was never entered, and return the number of deleted rows."""
    cutoff = timezone.now() - UNCONFIRMED_LIFETIME
    unconfirmed = User.objects.filter(password=UNUSABLE_PASSWORD, last_login=None, is_staff=False, memberships=None, date_joined__lt=cutoff)
    return unconfirmed.delete()[0]


@transaction.atomic
def replace_email_address(user: User) -> None:
    """Make a corrected `user.email` the account's only address.

    Codes and reset links for former addresses stop working. The new address must be verified.
    """
    addresses = EmailAddress.objects.filter(user=user)
    addresses.exclude(email=user.email).delete()
    EmailAddress.objects.update_or_create(user=user, email=user.email, defaults={"primary": True})


def end_sessions(user: User, *, except_key: str = "") -> int:
    """End all sessions of the user except the one with this key, and return their number."""
    sessions = UserSession.objects.filter(user=user).exclude(session_key=except_key)
    keys = list(sessions.values_list("session_key", flat=True))
    Session.objects.filter(session_key__in=keys).delete()
    sessions.delete()
    return len(keys)
