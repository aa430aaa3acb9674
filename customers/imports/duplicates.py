"""Duplicate detection for imports: rows that match a customer or an earlier row, found for a whole batch at a time."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any
from uuid import UUID

from django.db.models import Value
from django.db.models.functions import Upper

from customers.imports.rows import ParsedRow
from customers.models import Customer, ImportJob, ImportKey
from customers.queries.duplicates import (
    MAX_SHARED,
    domain_spellings,
    folded_name,
    phone_spellings,
    same_number,
    website_spellings,
    with_website,
)
from partnerportal.agencies.models import Agency
from partnerportal.core.db_functions import FoldText
from partnerportal.core.email_addresses import address_variants, canonical_address


@dataclass
class Match:
    """The customer that a row possibly duplicates, and the reasons (keys of `ImportRow.REASONS`)."""

    customer_id: int
    reasons: list[str]


@dataclass
class MergedCustomer:
    """A customer that was merged into another one, which an older export still contains."""

    merged_into_id: int
    name: str
    email: str

    def same_as(self, row: ParsedRow) -> list[str]:
        """Return what else a row with its number has in common with it."""
        same = {"email": row.email and row.email == self.email, "name": row.name and row.name == self.name}
        return [reason for reason, is_same in same.items() if is_same]


def match_customers(agency: Agency, rows: Collection[ParsedRow]) -> dict[int, Match]:
    """Return the customer with the same number, e-mail address, phone number, domain or name, by line.

    Includes archived customers. If several customers match, the oldest one is returned. The number of a customer
    that was merged into another one matches the other one.
    """
    merged = _merged_by_number(agency, {row.number for row in rows if row.number})
    numbers = customers_by_number(agency, {row.number for row in rows if row.number})
    emails = customers_by_email(agency, {email for row in rows for email in row.emails})
    phones = _customers_by_phone(agency, {row.phone for row in rows} - {""})
    called = customers_by_name(agency, {row.name for row in rows} - {""})
    hosts = {row.line: [*row.domains, *([row.website] if row.website else [])] for row in rows}
    domains = {line: sorted({spelling for name in names for spelling in domain_spellings(name)}) for line, names in hosts.items()}
    owners = domain_owners(agency, {name for row in rows for name in domains[row.line]})
    sites = customers_by_website(agency, {row.website for row in rows} - {""})
    matches: dict[int, Match] = {}
    for row in rows:
        if known := merged.get(row.number or 0):
            matches[row.line] = Match(known.merged_into_id, ["number", *known.same_as(row)])
            continue
        found = {
            "number": numbers[row.number or 0],
            "email": [pk for email in row.emails for pk in emails[email]],
            "phone": _unless_shared([pk for number, pk in phones[row.phone] if same_number(number, row.fields["phone"])]),
            "domain": [owners[name] for name in domains[row.line] if name in owners] or _unless_shared(sites[row.website]),
            "name": called[row.name],
        }
        if customer_id := next((pks[0] for pks in found.values() if pks), None):
            matches[row.line] = Match(customer_id, [reason for reason, pks in found.items() if customer_id in pks])
    return matches


def domain_owners(agency: Agency, names: Collection[str]) -> dict[str, int]:
    """Return the ids of the customers that own these domains, by domain name."""
    return dict(agency.domains.filter(name__in=names).values_list("name", "customer_id")) if names else {}


def first_lines(job: ImportJob, row_keys: Iterable[str]) -> dict[str, int]:
    """Return the first line of the file with each of these keys of rows, as far as it was stored."""
    keys = {_hashed(key): key for key in row_keys}
    return {keys[digest]: line for digest, line in ImportKey.objects.filter(job=job, key__in=keys).values_list("key", "line")}


def store_keys(job: ImportJob, lines: dict[str, int]) -> None:
    """Store the first line of each key."""
    ImportKey.objects.bulk_create(ImportKey(job=job, key=_hashed(key), line=line) for key, line in lines.items())


def row_keys(row: ParsedRow) -> dict[str, str]:
    """Return the keys that identify a row in its file, each with its reason.

    Websites are excluded, because many customers can share one.
    """
    keys = {f"email {row.email}": "email"} if row.email else {}
    keys |= {f"phone {number}": "phone" for number in phone_spellings(row.fields.get("phone", ""))}
    keys |= {f"domain {name.removeprefix('www.')}": "domain" for name in row.domains}
    return keys | ({f"name {row.name}": "name"} if row.name else {})


# The following functions return the oldest customer first.


def customers_by_number(agency: Agency, numbers: Collection[int]) -> dict[int, list[int]]:
    customers = agency.customers.not_erased().filter(number__in=numbers)
    return _grouped(customers.values_list("number", "pk") if numbers else [])


def _merged_by_number(agency: Agency, numbers: Collection[int]) -> dict[int, MergedCustomer]:
    if not numbers:
        return {}
    customers = agency.customers.filter(status=Customer.Status.MERGED, number__in=numbers)
    found = customers.values_list("number", "merged_into", "email", "kind", "company", "first_name", "last_name")
    return {number: MergedCustomer(target, folded_name(*name), canonical_address(email)) for number, target, email, *name in found}


def customers_by_website(agency: Agency, domains: Collection[str]) -> dict[str, list[int]]:
    """Return the customers by the domain of their website."""
    if not domains:
        return _grouped([])
    spellings = {spelling: domain for domain in domains for spelling in website_spellings([domain])}
    customers = with_website(agency.customers.not_erased(), domains).order_by("number").values_list("host", "pk")
    return _grouped((spellings[host], pk) for host, pk in customers)


def _current(agency: Agency) -> Any:
    """Return the contacts, without those of merged customers, which have copies."""
    return agency.contacts.exclude(customer__status=Customer.Status.MERGED)


def _unless_shared(keys: list[int]) -> list[int]:
    return keys if len(keys) <= MAX_SHARED else []


def customers_by_email(agency: Agency, addresses: Collection[str]) -> dict[str, list[int]]:
    if not addresses:
        return _grouped([])
    variants = [Upper(Value(variant)) for address in addresses for variant in address_variants(address)]
    contacts = _current(agency).annotate(upper_email=Upper("email")).filter(upper_email__in=variants).order_by("customer__number")
    return _grouped((canonical_address(email), pk) for email, pk in contacts.values_list("email", "customer"))


def _customers_by_phone(agency: Agency, keys: Collection[str]) -> dict[str, list[tuple[str, int]]]:
    """Return phone numbers and customers by `phone_key`."""
    found: dict[str, list[tuple[str, int]]] = defaultdict(list)
    if keys:
        # The second condition lets the planner use the partial index.
        contacts = _current(agency).filter(phone_key__in=keys).exclude(phone_key="").order_by("customer__number")
        for key, number, pk in contacts.values_list("phone_key", "phone", "customer"):
            found[key].append((number, pk))
    return found


def customers_by_name(agency: Agency, names: Collection[str]) -> dict[str, list[int]]:
    if not names:
        return _grouped([])
    folded = [FoldText(Value(name)) for name in names]
    customers = agency.customers.not_erased().filter(sort_name__in=folded).order_by("number")
    parts = customers.values_list("pk", "kind", "company", "first_name", "last_name")
    return _grouped((folded_name(*names), pk) for pk, *names in parts)


def _grouped(pairs: Iterable[tuple[Any, int]]) -> dict[Any, list[int]]:
    found = defaultdict(list)
    for key, pk in pairs:
        found[key].append(pk)
    return found


def _hashed(key: str) -> UUID:
    return UUID(bytes=blake2b(key.encode(), digest_size=16).digest())
