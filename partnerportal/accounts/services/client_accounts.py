"""Accounts of clients: opened by a code, without a password, and only on the way to a page that is made for clients."""

from collections.abc import Callable
from datetime import timedelta
from urllib.parse import urlsplit

from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.db import transaction
from django.http import HttpRequest
from django.urls import Resolver404, ResolverMatch, resolve
from django.utils import timezone

from partnerportal.accounts.models import User
from partnerportal.accounts.services.accounts import account_address

#: An account whose code was never entered is deleted after this time: somebody may have typed another's address.
UNCONFIRMED_LIFETIME = timedelta(days=1)
#: No password has this hash. The same for all, so that the sweep finds them; Django's own unusable ones differ, which helps nobody here.
UNUSABLE_PASSWORD = UNUSABLE_PASSWORD_PREFIX


def may_create_account(request: HttpRequest) -> bool:
    """Whether whoever signs in now is on the way to a page for clients (one behind `client_view`): only there, a code makes an account."""
    way = _next_path(request)
    return way is not None and getattr(way.func, "for_clients", False) is True


def sign_in_reason(request: HttpRequest) -> str:
    """What the page to which whoever signs in is on the way says about it (`client_view(why=…)`); empty where there is nothing to say."""
    way = _next_path(request)
    why: Callable[..., str] | None = getattr(way and way.func, "why", None)
    return why(**way.kwargs) if why and way else ""


def _next_path(request: HttpRequest) -> ResolverMatch | None:
    """The page of ours to which whoever signs in goes next."""
    target = request.POST.get("next") or request.GET.get("next") or ""
    try:
        return resolve(urlsplit(target).path)
    except (Resolver404, ValueError):
        return None


@transaction.atomic
def get_or_create_client(email: str) -> User | None:
    """The account with this address, a new one without a password if there is none; None for one that was switched off."""
    address = account_address(email)
    user, created = User.objects.get_or_create(email=address, defaults={"password": UNUSABLE_PASSWORD})
    if created:
        EmailAddress.objects.create(user=user, email=address, primary=True)
    return user if user.is_active else None


def purge_unconfirmed() -> int:
    """Delete accounts whose code was never entered; how many that were."""
    long_ago = timezone.now() - UNCONFIRMED_LIFETIME
    never_used = User.objects.filter(
        password=UNUSABLE_PASSWORD, last_login=None, is_staff=False, memberships=None, date_joined__lt=long_ago
    )
    return never_used.delete()[0]
