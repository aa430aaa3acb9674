"""What opens and changes accounts."""

from allauth.account.models import EmailAddress
from django.db import transaction

from partnerportal.accounts.models import User
from partnerportal.core.email_addresses import address_variants


def account_address(email: str) -> str:
    """Return the spelling in which an account has this address, in lower case; the given spelling if no account has it.

    Costs a query only if the domain has several spellings.
    """
    address = email.strip().lower()
    known = address_variants(address)
    if len(known) == 1:
        return address
    further = EmailAddress.objects.filter(email__in=known, verified=True).values_list("email", flat=True)
    found = set(User.objects.filter(email__in=known).order_by().values_list("email", flat=True).union(further))
    return address if address in found or not found else str(min(found))


def find_account(email: str) -> User | None:
    """Whose address this is: their name here, or a further one that they confirmed; in any spelling of its domain."""
    address = account_address(email)
    further = EmailAddress.objects.filter(email=address, verified=True).select_related("user").first()
    return further.user if further else User.objects.filter(email=address).first()


def has_address(user: User, email: str) -> bool:
    """Whether this is one of the person's confirmed addresses."""
    return bool(EmailAddress.objects.filter(user=user, email__in=address_variants(email), verified=True).exists())


@transaction.atomic
def replace_email_address(user: User) -> None:
    """After `user.email` was corrected for somebody: it is their only address from then on. The former opens nothing any more, no code
    and no reset either; the new one proves nothing until they have confirmed it."""
    addresses = EmailAddress.objects.filter(user=user)
    addresses.exclude(email=user.email).delete()
    EmailAddress.objects.update_or_create(user=user, email=user.email, defaults={"primary": True})


@transaction.atomic
def create_account(*, email: str, full_name: str, password: str, language: str) -> User:
    """A new account for somebody who showed that the address is theirs: no further e-mail has to confirm it."""
    user = User.objects.create_user(email, password, full_name=full_name, language=language)
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user
