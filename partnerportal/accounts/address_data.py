"""Registry of what the portal stores about an e-mail address in all agencies, and what its erasure does with it.

Each app registers its sections in its `hooks.py`. The page of the administrators, their export and the erasure read the
registry (`partnerportal/desk/address_data/`, docs/decisions/0055). `personal_data.py` is the smaller registry of what a
person can download.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import IntEnum
from functools import reduce
from operator import or_
from typing import Any

from allauth.account.models import EmailAddress
from django.db import models
from django.db.models import Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from partnerportal.accounts.models import CLOSED_DOMAIN, User
from partnerportal.accounts.personal_data import PersonalFile
from partnerportal.core.email_addresses import address_variants

#: PostgreSQL's regular expressions for what can't come before and after an address in a text.
_NOT_AFTER = r"(?<![[:alnum:]._%+-])"
_NOT_BEFORE = r"(?![[:alnum:]_-]|\.[[:alnum:]])"


class Effect(models.TextChoices):
    """What an erasure does with the rows of a section."""

    DELETED = "deleted", _("Deleted")
    ANONYMISED = "anonymised", _("Made anonymous")
    KEPT = "kept", _("Kept")


class Stage(IntEnum):
    """Order of an erasure. Rows that are found through contacts and accounts come before these."""

    DEPENDENT = 1
    CONTACTS = 2
    ACCOUNTS = 3
    #: E-mails and the log, to which the earlier stages add.
    TRACES = 4


@dataclass(frozen=True)
class Person:
    """The owner of an e-mail address, as far as the portal knows them.

    An erasure keeps it until its end, because the accounts and their names can no longer be found once they are empty.
    """

    #: All spellings of the address, in lower case.
    addresses: tuple[str, ...]
    #: Keys of the accounts with this address.
    accounts: tuple[int, ...] = ()
    #: Names of these accounts.
    names: tuple[str, ...] = ()
    #: Keys of the agencies for which the accounts work.
    agencies: tuple[int, ...] = ()

    @property
    def email(self) -> str:
        """The address."""
        return self.addresses[0]

    def has(self, field: str, addresses: tuple[str, ...] | None = None) -> Q:
        """Return the condition that a field is the address, in any case and spelling of its domain."""
        spellings = self.addresses if addresses is None else addresses
        return reduce(or_, (Q(**{f"{field}__iexact": spelling}) for spelling in spellings))

    def quoted_in(self, field: str) -> Q:
        """Return the condition that a text contains the address, and not only a longer one that ends or begins with it."""
        patterns = (_NOT_AFTER + re.escape(spelling) + _NOT_BEFORE for spelling in self.addresses)
        return reduce(or_, (Q(**{f"{field}__iregex": pattern}) for pattern in patterns))


def find_person(email: str) -> Person:
    """Return what is known about the owner of an address."""
    address = email.strip().lower()
    addresses = (address, *sorted(address_variants(address) - {address}))
    confirmed = EmailAddress.objects.filter(email__in=addresses, verified=True).values("user")
    found = User.objects.filter(Q(email__in=addresses) | Q(pk__in=confirmed)).exclude(email__endswith=f"@{CLOSED_DOMAIN}").order_by("pk")
    accounts = list(found)
    agencies = User.objects.filter(pk__in=[account.pk for account in accounts], memberships__isnull=False)
    return Person(
        addresses,
        tuple(account.pk for account in accounts),
        tuple(sorted({account.full_name for account in accounts} - {""})),
        tuple(agencies.order_by("memberships__agency").values_list("memberships__agency", flat=True).distinct()),
    )


@dataclass(frozen=True)
class AddressData:
    """A kind of object that can belong to a person."""

    #: Stable name in exports and reports.
    name: str
    label: str | Promise
    #: Returns the person's rows. Rows that an erasure has made anonymous aren't among them.
    rows: Callable[[Person], QuerySet[Any]]
    effect: Effect
    #: What an erasure does, or why the rows stay.
    note: str | Promise
    #: Attributes of a row that an export contains: what is about the person, without secrets.
    values: tuple[str, ...] = ()
    stage: Stage = Stage.DEPENDENT
    #: Path to the key of the row's agency; empty for rows that belong to none.
    agency: str = "agency_id"
    #: Erases rows of one agency in a transaction. Without it, the rows go with those of another section.
    erase: Callable[[QuerySet[Any], Person, User], None] | None = None
    #: Maximum number of rows that are erased in one transaction.
    batch: int = 1
    #: Whether the rows must survive, although the erasure of a customer deletes them.
    survives: bool = False
    #: Returns the files of a row, for the export.
    files: Callable[[Any], Iterator[PersonalFile]] | None = None

    def of_agency(self, person: Person, agency: int | None) -> QuerySet[Any]:
        """Return the person's rows in an agency."""
        rows = self.rows(person)
        return rows.filter(**{self.agency: agency}) if self.agency else rows


#: The registered sections, in the order of the page.
ADDRESS_DATA: list[AddressData] = []


def in_order_of_erasure() -> list[AddressData]:
    """Return the sections that an erasure works through."""
    return sorted((section for section in ADDRESS_DATA if section.erase), key=lambda section: section.stage)
