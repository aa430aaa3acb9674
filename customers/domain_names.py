"""Conversion of domain names between Unicode and A-labels (IDNA 2008, UTS 46; library: idna)."""

import re

import idna
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

# Browsers treat a backslash like a slash.
_SCHEME = re.compile(r"\A(?:[a-z][a-z0-9+.-]*:)?[/\\]{2}", re.IGNORECASE)
_AFTER_HOST = re.compile(r"[/\\?#]")
_PORT = re.compile(r":[0-9]{0,5}\Z")


def to_ascii(typed: str) -> str:
    """Return the lower-case A-label form of a domain name: "https://Müllerei.de/shop" → "xn--mllerei-n2a.de".

    Removes the scheme, port, path, query, fragment and final dot of a pasted address, but not "www.".

    Raises:
        ValidationError: The input isn't a valid domain name.
    """
    host = _AFTER_HOST.split(_SCHEME.sub("", typed.strip(), count=1), maxsplit=1)[0]
    name = _PORT.sub("", host).rstrip(".")
    try:
        ascii_name = idna.encode(name, uts46=True).decode().lower()
    except (idna.IDNAError, UnicodeError) as error:
        raise ValidationError(_("Enter a valid domain name, such as example.com."), "domain") from error
    if "." not in ascii_name or len(ascii_name) > 253 or ascii_name.rsplit(".", 1)[1].isdigit():
        raise ValidationError(_("Enter a valid domain name, such as example.com."), "domain")
    return ascii_name


def to_unicode(ascii_name: str) -> str:
    """Return the Unicode form of a domain name, or the name itself if it isn't valid IDNA."""
    try:
        return idna.decode(ascii_name)
    except (idna.IDNAError, UnicodeError):
        return ascii_name
