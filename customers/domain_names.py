"""Domain names as people type them, and as the registries know them (IDNA 2008, UTS 46; library: idna)."""

import idna
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _


def to_ascii(typed: str) -> str:
    """The lower-case A-label form of a typed domain name: "https://Müllerei.de/shop" → "xn--mllerei-n2a.de".

    What people copy along with it (scheme, path, a final dot) is cut off; "www." is part of a name and stays.

    Raises:
        ValidationError: this can't be a domain name.
    """
    name = typed.strip().split("://", 1)[-1].split("/", 1)[0].rstrip(".")
    try:
        ascii_name = idna.encode(name, uts46=True).decode().lower()
    except (idna.IDNAError, UnicodeError) as error:
        raise ValidationError(_("Enter a valid domain name, such as example.com."), "domain") from error
    if "." not in ascii_name or len(ascii_name) > 253 or ascii_name.rsplit(".", 1)[1].isdigit():
        raise ValidationError(_("Enter a valid domain name, such as example.com."), "domain")
    return ascii_name


def to_unicode(ascii_name: str) -> str:
    """The name as people read it; the A-label form itself where that isn't valid IDNA."""
    try:
        return idna.decode(ascii_name)
    except (idna.IDNAError, UnicodeError):
        return ascii_name
