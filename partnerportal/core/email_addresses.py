"""E-mail addresses: extraction from pasted text, internationalized domain names, comparison of mailboxes.

Domain names follow IDNA 2008, in which ß is a separate letter. Labels that are valid in IDNA 2003
only, such as symbols, keep their IDNA 2003 form.
"""

import re
import unicodedata
from urllib.parse import parse_qsl, unquote

import idna
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

#: Maximum length of an address as mail servers receive it, in characters (RFC 5321, 4.5.3.1.3).
MAX_LENGTH = 254
#: Maximum length of the part before the @, in characters (RFC 5321, 4.5.3.1.1).
_MAX_LOCAL = 64
#: Maximum length of a label of a domain name, in ASCII characters (RFC 1035, 2.3.4).
_MAX_LABEL = 63
#: Longer pasted texts are not searched for an address, in characters.
_MAX_PASTED = 5000
#: Characters that reverse the following text. Never removed, because the address isn't what it looks like.
_OVERRIDES = "\u202d\u202e"
#: Punctuation that is copied along with an address and can't end one.
_TRAILING = ";,."
#: Characters that enclose an address in a text, by their counterparts.
_PAIRS = {"'": "'", '"': '"', "`": "`", "‘": "’", "‚": "‘’", "“": "”", "„": "“”", "«": "»", "»": "«", "(": ")", "[": "]", "<": ">"}
#: Closing brackets that are copied along with an address, by their counterparts.
_CLOSING = {">": "<", ")": "(", "]": "["}
_SEPARATORS = re.compile(r"[\s,;<>()\"]+")
#: Fields of a mailto: link that contain further recipients.
_RECIPIENTS = {"to", "cc", "bcc"}


def pasted_address(text: str) -> str:
    """Return the e-mail address in a text such as `Kim <kim@client.example>;`.

    Only the notation around the address is removed. The result is not validated.

    Raises:
        ValidationError: The text contains several addresses.
    """
    # Browsers remove line breaks from pasted text.
    if len(text) > _MAX_PASTED or any(char in text.strip() for char in "\r\n"):
        return text
    address = _without_notation(_trimmed(text))
    if len(_addresses_in(address)) > 1:
        raise _several()
    # Notation without an address, such as "<>", must not count as an empty field.
    return address if address or all(map(_is_invisible, text)) else text


def validate_deliverable(value: str) -> None:
    """Reject addresses whose domain name isn't what it looks like, or that mail servers reject.

    Invisible characters and full-width letters would allow several spellings of the same mailbox.

    Raises:
        ValidationError: The domain name is not valid, or the address or its local part is too long for mail servers.
    """
    local, _at, domain = value.lower().rpartition("@")
    if len(local) > _MAX_LOCAL:
        raise ValidationError(_("The part before the @ is too long."), "max_length")
    if not domain.isascii():
        if not all(_is_valid(label) for label in domain.split(".")):
            raise ValidationError(_("The part after the @ contains invalid characters. Type it again."), "domain")
        if len(canonical_address(value)) > MAX_LENGTH:
            raise ValidationError(_("This e-mail address is too long."), "max_length")


def canonical_address(email: str) -> str:
    """Return the address in lower case and with an ASCII domain, the same for all spellings of a mailbox."""
    return with_ascii_domain(email.strip().lower())


def with_ascii_domain(email: str) -> str:
    """Return the address with its domain in ASCII (A-labels), as SMTP requires it."""
    local, at, domain = email.rpartition("@")
    return f"{local}{at}{domain if domain.isascii() else _encoded(domain.lower())}"


def without_sub_address(email: str) -> str:
    """Return the address without its sub-address (RFC 5233), such as “+shop” in `kim+shop@client.example`.

    For comparisons only.
    """
    local, at, domain = canonical_address(email).rpartition("@")
    return f"{local.partition('+')[0] or local}{at}{domain}"


def address_variants(email: str) -> set[str]:
    """Return the spellings, all in lower case, in which this address may have been entered."""
    address = canonical_address(email)
    local, at, domain = address.rpartition("@")
    return {email.strip().lower(), address, f"{local}{at}{_readable(domain)}"}


def _trimmed(text: str) -> str:
    """Remove whitespace, invisible characters and trailing punctuation from both ends."""
    start, end = 0, len(text)
    while start < end and _is_invisible(text[start]):
        start += 1
    while start < end and (_is_invisible(text[end - 1]) or text[end - 1] in _TRAILING):
        end -= 1
    return text[start:end]


def _is_invisible(char: str) -> bool:
    return char.isspace() or (unicodedata.category(char) == "Cf" and char not in _OVERRIDES)


def _without_notation(text: str) -> str:
    """Remove a display name, a comment (RFC 5322, 3.2.2), quotes, brackets and mailto: notation.

    Raises:
        ValidationError: A removed part contains another address.
    """
    others = ""
    if text.endswith(">") and "<" in text:
        others, _bracket, text = text[:-1].rpartition("<")
        text = _trimmed(text)
    else:
        text, others = _without_comment(text)
    text = _unwrapped(text)
    if text[:7].lower() == "mailto:":
        text, _mark, query = text[7:].partition("?")
        if any(name.lower() in _RECIPIENTS for name, _value in parse_qsl(query)):
            raise _several()
        text = _trimmed(unquote(text))
    if _addresses_in(others) - {canonical_address(text)}:
        raise _several()
    return text


def _without_comment(text: str) -> tuple[str, str]:
    """Split a text such as `kim@client.example (Kim)` or `Kim (kim@client.example)` into the address and the rest."""
    before, bracket, comment = text.partition("(")
    if bracket and before and comment.endswith(")"):
        comment = comment[:-1]
        address, other = (before, comment) if "@" in before else (comment, before)
    elif bracket and not before and not comment.endswith(")"):
        other, _bracket, address = comment.partition(")")
    else:
        return text, ""
    return _trimmed(address), other


def _unwrapped(text: str) -> str:
    """Remove the quotes or brackets around an address, and a closing bracket without its counterpart."""
    while len(text) > 1 and text[-1] in _PAIRS.get(text[0], ""):
        text = _trimmed(text[1:-1])
    if text and text[-1] in _CLOSING and _CLOSING[text[-1]] not in text:
        text = _trimmed(text[:-1])
    return text


def _addresses_in(text: str) -> set[str]:
    """Return the mailboxes of the words that look like addresses."""
    words = [_unwrapped(word).rpartition("@") for word in _SEPARATORS.split(text)]
    return {canonical_address(f"{local}@{domain}") for local, _at, domain in words if local and "." in domain}


def _several() -> ValidationError:
    return ValidationError(_("Enter a single e-mail address."), "several")


def _is_valid(label: str) -> bool:
    if label.isascii():
        return True
    return bool(_idna_2008(label)) or (bool(_idna_2003(label)) and not any(_is_invisible(char) for char in label))


def _encoded(domain: str) -> str:
    """Return a domain in A-labels. Invalid labels are mapped as in IDNA 2003, or kept if that fails."""
    return ".".join(_a_label(label) for label in domain.split("."))


def _a_label(label: str) -> str:
    if label.isascii() or len(label) > _MAX_LABEL:
        return label
    return _idna_2008(label) or _idna_2003(label, strict=False) or label


def _idna_2008(label: str) -> str:
    """Return the A-label, or an empty string if the label isn't valid."""
    try:
        return idna.alabel(label).decode() if len(label) <= _MAX_LABEL else ""
    except UnicodeError:
        return ""


def _idna_2003(label: str, *, strict: bool = True) -> str:
    """Return the A-label, or an empty string if the label is invalid. `strict` rejects mapped labels."""
    try:
        encoded = label.encode("idna") if len(label) <= _MAX_LABEL else b""
        return encoded.decode() if not strict or encoded.decode("idna") == label else ""
    except UnicodeError:
        return ""


def _readable(domain: str) -> str:
    """Return a domain in U-labels. Labels that are not valid A-labels are kept."""
    return ".".join(_u_label(label) for label in domain.split("."))


def _u_label(label: str) -> str:
    if not label.startswith("xn--"):
        return label
    for decode in (idna.ulabel, lambda encoded: encoded.encode().decode("idna")):
        try:
            return str(decode(label))
        except UnicodeError:
            continue
    return label
