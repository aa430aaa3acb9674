"""Duplicate detection for imports: rows that match a customer or an earlier row, found for a whole batch at a time."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from hashlib import blake2b
from uuid import UUID

from django.db.models import Value
from django.db.models.functions import Upper

from customers.imports.rows import ParsedRow
from customers.models import ImportJob, ImportKey
from partnerportal.agencies.models import Agency
from partnerportal.core.email_addresses import address_variants, canonical_address


@dataclass
class Match:
    """The customer that a row possibly duplicates, and the reasons (keys of `ImportRow.REASONS`)."""

    customer_id: int
    reasons: list[str]


def match_customers(agency: Agency, rows: Collection[ParsedRow]) -> dict[int, Match]:
    """Return the customer with the same e-mail address, phone number or domain, by line.

    Includes archived customers. If several customers match, the oldest one is returned.
    """
    emails = _customers_by_email(agency, {row.email for row in rows} - {""})
    phones = _customers_by_phone(agency, {row.phone for row in rows} - {""})
    names = {row.line: [*row.domains, *([row.website, f"www.{row.website}"] if row.website else [])] for row in rows}
    owners = domain_owners(agency, {name for row in rows for name in names[row.line]})
    matches: dict[int, Match] = {}
    for row in rows:
        domain_owner = next((owners[name] for name in names[row.line] if name in owners), None)
        for reason, customer_id in (("email", emails.get(row.email)), ("phone", phones.get(row.phone)), ("domain", domain_owner)):
            if customer_id is None:
                continue
            match = matches.setdefault(row.line, Match(customer_id, []))
            if match.customer_id == customer_id:
                match.reasons.append(reason)
    return matches


def domain_owners(agency: Agency, names: Collection[str]) -> dict[str, int]:
    """Return the ids of the customers that own these domains, by domain name."""
    return dict(agency.domains.filter(name__in=names).values_list("name", "customer_id")) if names else {}


def first_seen_lines(job: ImportJob, rows: Iterable[ParsedRow]) -> dict[str, int]:
    """Return the first line of the file with each key of these rows, as far as the key was stored."""
    keys = {_hashed(key): key for row in rows for key in row_keys(row)}
    return {keys[digest]: line for digest, line in ImportKey.objects.filter(job=job, key__in=keys).values_list("key", "line")}


def store_keys(job: ImportJob, lines: dict[str, int]) -> None:
    """Store the first line of each key."""
    ImportKey.objects.bulk_create(ImportKey(job=job, key=_hashed(key), line=line) for key, line in lines.items())


def row_keys(row: ParsedRow) -> list[str]:
    """Return the keys that identify a row in its file. Websites are excluded, because many customers can share one."""
    keys = [f"email {row.email}"] if row.email else []
    keys += [f"phone {row.phone}"] if row.phone else []
    return keys + [f"domain {name}" for name in row.domains]


# Both order by descending number, so that the oldest customer's entry comes last and is kept.


def _customers_by_email(agency: Agency, addresses: Collection[str]) -> dict[str, int]:
    if not addresses:
        return {}
    variants = [Upper(Value(variant)) for address in addresses for variant in address_variants(address)]
    customers = agency.customers.not_erased().annotate(upper_email=Upper("email")).filter(upper_email__in=variants).order_by("-number")
    return {canonical_address(email): pk for email, pk in customers.values_list("email", "pk")}


def _customers_by_phone(agency: Agency, keys: Collection[str]) -> dict[str, int]:
    if not keys:
        return {}
    # The second condition lets the planner use the partial index.
    customers = agency.customers.not_erased().filter(phone_key__in=keys).exclude(phone_key="").order_by("-number")
    return dict(customers.values_list("phone_key", "pk"))


def _hashed(key: str) -> UUID:
    return UUID(bytes=blake2b(key.encode(), digest_size=16).digest())
