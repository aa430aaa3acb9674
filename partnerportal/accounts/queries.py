"""Queries for accounts by e-mail address, in any spelling of an international domain."""

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator

from partnerportal.accounts.models import User
from partnerportal.core.email_addresses import address_variants

#: Authenticators that count as a second factor. Recovery codes only supplement one of these.
SECOND_FACTORS = [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]


def account_address(email: str) -> str:
    """Return the address in lower case and, if an account has it, in the account's spelling.

    Runs a query only for domains with several spellings.
    """
    address = email.strip().lower()
    variants = address_variants(address)
    if len(variants) == 1:
        return address
    secondary = EmailAddress.objects.filter(email__in=variants, verified=True).values_list("email", flat=True)
    used = set(User.objects.filter(email__in=variants).order_by().values_list("email", flat=True).union(secondary))
    return address if address in used or not used else str(min(used))


def find_account(email: str) -> User | None:
    """Return the account with this primary or verified secondary address."""
    address = account_address(email)
    secondary = EmailAddress.objects.filter(email=address, verified=True).select_related("user").first()
    return secondary.user if secondary else User.objects.filter(email=address).first()


def has_address(user: User, email: str) -> bool:
    """Return whether this is one of the user's verified addresses."""
    return bool(EmailAddress.objects.filter(user=user, email__in=address_variants(email), verified=True).exists())


def confirmed_addresses(user: User) -> list[str]:
    """Return the user's confirmed addresses, each with its other spellings."""
    addresses = EmailAddress.objects.filter(user=user, verified=True).values_list("email", flat=True)
    return sorted({variant for email in addresses for variant in address_variants(email)})
