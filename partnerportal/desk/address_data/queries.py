"""The report of what the portal stores about an address, and what prevents its erasure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.contrib import admin
from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Count
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from partnerportal.accounts.address_data import ADDRESS_DATA, AddressData, Effect, Person
from partnerportal.accounts.models import User
from partnerportal.agencies.models import Agency, Membership
from partnerportal.desk.address_data.models import DIGESTS, AddressErasure

#: Maximum number of objects in a link to a list of the administration.
MAX_LINKED = 100
#: Heading of what belongs to no agency.
PORTAL = gettext_lazy("The portal itself")


@dataclass(frozen=True)
class Found:
    """Number of objects of a kind, and the list of the administration that shows them, if there is one."""

    section: AddressData
    count: int
    url: str = ""

    @property
    def effect(self) -> Effect:
        """What an erasure does with them."""
        return Effect(self.section.effect)


@dataclass(frozen=True)
class Group:
    """What an agency, or the portal itself, stores."""

    name: str
    agency: int | None
    found: list[Found] = field(default_factory=list)


@dataclass(frozen=True)
class Obstacle:
    """What has to be done before an erasure, and the page for it."""

    text: str
    url: str


def stored_about(person: Person) -> list[Group]:
    """Return what is stored, by agency. One query for each kind of object."""
    by_agency: dict[int | None, list[Found]] = {}
    for section in ADDRESS_DATA:
        rows = section.rows(person)
        for agency, count, keys in _counts(section, rows):
            by_agency.setdefault(agency, []).append(Found(section, count, _list_url(rows.model, keys)))
    return [Group(name, agency, by_agency[agency]) for agency, name in names_of(by_agency)]


def names_of(agencies: Iterable[int | None]) -> list[tuple[int | None, str]]:
    """Return agencies with their names, sorted, after the portal itself. Deleted ones have their keys as names."""
    names = dict(Agency.objects.filter(pk__in=[key for key in agencies if key]).values_list("pk", "name"))
    sorted_names = sorted(((key, names.get(key, f"#{key}")) for key in agencies if key), key=lambda one: one[1].casefold())
    return [*([(None, str(PORTAL))] if None in agencies else []), *sorted_names]


def count_rows(section: AddressData, person: Person) -> list[tuple[int | None, int]]:
    """Return the numbers of a section's rows by agency."""
    return [(agency, count) for agency, count, _keys in _counts(section, section.rows(person))]


def obstacles(person: Person) -> list[Obstacle]:
    """Return why the person can't be erased now. Nothing is decided for agencies that would lose their last owner."""
    found = []
    for account in User.objects.filter(pk__in=person.accounts, is_staff=True):
        text = _("The account administers the portal. Remove the admin permissions first, and let another administrator erase the data.")
        found.append(Obstacle(text, reverse("admin:accounts_user_change", args=[account.pk])))
    for member in Membership.objects.owners().filter(user__in=person.accounts).select_related("agency"):
        if not Membership.objects.owners().filter(agency=member.agency_id).exclude(user__in=person.accounts).exists():
            text = _("The person is the last owner of %(agency)s. Make someone else an owner first.")
            found.append(Obstacle(text % {"agency": member.agency}, reverse("admin:agencies_agency_change", args=[member.agency_id])))
    return found


def other_addresses(person: Person) -> list[str]:
    """Return the other addresses of the person's accounts, about which agencies can have stored something, too."""
    accounts = User.objects.filter(pk__in=person.accounts)
    found = {*accounts.values_list("email", flat=True), *accounts.values_list("emailaddress__email", flat=True)}
    return sorted(found - {*person.addresses, None})


def erasures_of(email: str) -> Sequence[AddressErasure]:
    """Return the erasures of an address, newest first."""
    return list(AddressErasure.objects.filter(address_digest__in=DIGESTS.digests(email)).select_related("started_by").order_by("-pk"))


def _counts(section: AddressData, rows: Any) -> Iterable[tuple[int | None, int, list[int]]]:
    if section.agency:
        groups = rows.order_by().values(section.agency).annotate(number=Count("pk", distinct=True), keys=ArrayAgg("pk", distinct=True))
        return [(row[section.agency], row["number"], row["keys"]) for row in groups]
    keys = list(rows.order_by("pk").values_list("pk", flat=True))
    return [(None, len(keys), keys)] if keys else []


def _list_url(model: Any, keys: list[int]) -> str:
    if not admin.site.is_registered(model) or len(keys) > MAX_LINKED:
        return ""
    options = model._meta
    if len(keys) == 1:
        return reverse(f"admin:{options.app_label}_{options.model_name}_change", args=keys)
    return f"{reverse(f'admin:{options.app_label}_{options.model_name}_changelist')}?pk__in={','.join(map(str, keys))}"
