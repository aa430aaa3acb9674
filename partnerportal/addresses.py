"""E-mail addresses whose domain name isn't ASCII: what mail servers make of it."""

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _


def validate_address(value: str) -> None:
    """Refuse an e-mail address whose domain name reads otherwise than it is written: with an invisible character, which comes along when
    an address is copied, with full-width letters, with ß. Mail to it goes elsewhere or nowhere, and one mailbox had any number of
    addresses.

    Raises:
        ValidationError: it is so.
    """
    domain = value.rpartition("@")[2].lower()
    if not domain.isascii() and domain != _readable(_encoded(domain)):
        raise ValidationError(_("The part after the @ contains invalid characters. Type it again."), "domain")


def mailbox(email: str) -> str:
    """The address as mail servers have it, without case and in ASCII: what one mailbox is known by, however its domain is spelled."""
    local, at, domain = email.strip().lower().rpartition("@")
    return f"{local}{at}{_encoded(domain) or domain}"


def spellings(email: str) -> set[str]:
    """The ways, all in lower case, in which this address may have been typed."""
    address = mailbox(email)
    local, at, domain = address.rpartition("@")
    return {email.strip().lower(), address, f"{local}{at}{_readable(domain) or domain}"}


def _encoded(domain: str) -> str:
    """As Django writes it into a mail (RFC 3490); empty where it can't."""
    try:
        return domain.encode("idna").decode()
    except UnicodeError:
        return ""


def _readable(encoded: str) -> str:
    try:
        return encoded.encode().decode("idna")
    except UnicodeError:
        return ""
