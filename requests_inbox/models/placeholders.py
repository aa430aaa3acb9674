"""Placeholders in saved replies, such as `{name}`, and `[…]` around words that are omitted with an empty placeholder.

    Hello {name},                          Hello,
    thank you[ for writing for {company}]. thank you.

The rules for empty placeholders are in docs/decisions/0034-saved-replies.md.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _


@dataclass(frozen=True)
class Placeholder:
    """A placeholder with its names in all languages, each of which is accepted in texts of any language."""

    key: str
    names: Mapping[str, str]
    description: str | Promise

    @property
    def shown(self) -> str:
        """The placeholder as written in the user's language."""
        return f"{{{self.names.get(get_language() or '', self.names['en'])}}}"


PLACEHOLDERS = (
    Placeholder("name", {"en": "name", "de": "Name"}, gettext_lazy("first and last name")),
    Placeholder("first_name", {"en": "first name", "de": "Vorname"}, gettext_lazy("first name")),
    Placeholder("salutation", {"en": "salutation", "de": "Anrede"}, gettext_lazy("“Ms Miller” if it is known, or the full name")),
    Placeholder("company", {"en": "company", "de": "Firma"}, gettext_lazy("the person’s company")),
    Placeholder("agency", {"en": "agency", "de": "Agentur"}, gettext_lazy("name of your agency")),
    Placeholder("my_name", {"en": "my name", "de": "Mein Name"}, gettext_lazy("name of the member who replies")),
    Placeholder("profile_link", {"en": "profile link", "de": "Profil-Link"}, gettext_lazy("address of your public profile")),
)


def _normalized(name: str) -> str:
    """Return a name without case, and with spaces instead of hyphens and underscores."""
    return " ".join(re.split(r"[\s_-]+", name.strip())).casefold()


_KEYS = {_normalized(name): placeholder.key for placeholder in PLACEHOLDERS for name in placeholder.names.values()}
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_GROUP = re.compile(r"\[([^\[\]]*\{[^\[\]]*)\]")

#: Stands for an omitted part while a text is filled. Texts and values contain no control characters.
_GAP = "\x00"
_GAP_AT_START = re.compile(rf"^[ \t]*(?:{_GAP}[ \t]*[,;:]?[ \t]*)+")
_GAP_ELSEWHERE = re.compile(rf"[ \t]*(?:\({_GAP}\)|{_GAP})")

_PUNCTUATION = " \t,;:.!?–-"


def validate_placeholders(text: str) -> None:
    """Raise ValidationError if a text contains unknown placeholders or single curly brackets."""
    unknown = [name for name in _PLACEHOLDER.findall(text) if _normalized(name) not in _KEYS]
    if unknown:
        names = ", ".join(dict.fromkeys(f"{{{name}}}" for name in unknown))
        known = ", ".join(placeholder.shown for placeholder in PLACEHOLDERS)
        text = ngettext("Unknown placeholder: %(names)s. Use %(known)s.", "Unknown placeholders: %(names)s. Use %(known)s.", len(unknown))
        raise ValidationError(text % {"names": names, "known": known}, "unknown_placeholder")
    if re.search(r"[{}]", _PLACEHOLDER.sub("", text)):
        message = _("A curly bracket is missing. Placeholders are written like %(example)s.")
        raise ValidationError(message % {"example": PLACEHOLDERS[0].shown}, "bracket")


def fill(text: str, values: Mapping[str, str]) -> str:
    """Return a text with the values of its placeholders by their key. Empty ones leave no gaps."""

    def value_of(match: re.Match[str]) -> str:
        return " ".join(values[_KEYS[_normalized(match[1])]].split()) or _GAP

    def group(match: re.Match[str]) -> str:
        # The placeholders of the group are filled later, so that values are never read as placeholders.
        return _GAP if _GAP in _PLACEHOLDER.sub(value_of, match[1]) else match[1]

    lines: list[str] = []
    was_omitted = False
    for line in _GROUP.sub(group, text.replace("\r\n", "\n")).split("\n"):
        filled = _PLACEHOLDER.sub(value_of, line)
        if _GAP in filled:
            filled = _GAP_ELSEWHERE.sub("", _GAP_AT_START.sub("", filled))
            if not filled.strip(_PUNCTUATION):
                was_omitted = True
                continue
        # An omitted paragraph takes the blank line after it along.
        if not (was_omitted and not filled.strip() and not (lines and lines[-1].strip())):
            lines.append(filled)
            was_omitted = False
    return "\n".join(lines).strip()
