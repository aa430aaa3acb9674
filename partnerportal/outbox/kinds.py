"""Types of e-mails to customers, by which the list of sent e-mails can be filtered, and kinds that are deleted earlier."""

from dataclasses import dataclass

from django.utils.functional import Promise


@dataclass(frozen=True)
class MailType:
    """A group of kinds of e-mails."""

    label: str | Promise
    kinds: tuple[str, ...]


#: The registered types by name, which is part of addresses.
TYPES: dict[str, MailType] = {}
#: Kinds about accounts that name the IP address and browser of a person. Apps add theirs in their `hooks.py`.
KINDS_WITH_ADDRESS: set[str] = set()


def register_type(name: str, label: str | Promise, *kinds: str) -> None:
    """Register a type with the kinds of e-mails to customers that belong to it. Apps do so in their `hooks.py`.

    Raises:
        ValueError: A kind already belongs to a type.
    """
    known = {kind for mail_type in TYPES.values() for kind in mail_type.kinds}
    if name in TYPES or known & set(kinds):
        raise ValueError(f"the type {name!r} or one of its kinds is registered twice")
    TYPES[name] = MailType(label, kinds)


def type_label(kind: str) -> str | Promise:
    """Return the label of the type to which a kind belongs; empty if none is registered."""
    return next((mail_type.label for mail_type in TYPES.values() if kind in mail_type.kinds), "")
