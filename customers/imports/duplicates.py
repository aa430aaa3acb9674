"""Who of a batch of rows is a customer already, or stands in the file before: a few queries for a whole batch."""

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
    """A customer who may be the one of a row, and why (keys of `ImportRow.REASONS`)."""

    customer_id: int
    reasons: list[str]


def match_customers(agency: Agency, rows: Collection[ParsedRow]) -> dict[int, Match]:
    """Line → the customer, archived ones too, who has the row's e-mail, phone number or domain. The oldest, where several have."""
    emails = _by_text(agency, "email", {row.email for row in rows} - {""})
    phones = _by_text(agency, "phone", {row.phone for row in rows} - {""})
    websites = {row.line: row.website for row in rows if row.website}
    owners = domain_owners(agency, _with_www(websites.values()) | {name for row in rows for name in row.domains})
    found: dict[int, Match] = {}
    for row in rows:
        names = [*row.domains, *_with_www([websites[row.line]] if row.line in websites else [])]
        domain_owner = next((owners[name] for name in names if name in owners), None)
        for reason, customer_id in (("email", emails.get(row.email)), ("phone", phones.get(row.phone)), ("domain", domain_owner)):
            if customer_id is None:
                continue
            likeness = found.setdefault(row.line, Match(customer_id, []))
            if likeness.customer_id == customer_id:
                likeness.reasons.append(reason)
    return found


def domain_owners(agency: Agency, names: Collection[str]) -> dict[str, int]:
    """Domain name → the customer it belongs to."""
    return dict(agency.domains.filter(name__in=names).values_list("name", "customer_id")) if names else {}


def first_seen_lines(job: ImportJob, rows: Iterable[ParsedRow]) -> dict[str, int]:
    """What the rows are known by → the line of this file that had it first."""
    keys = {_hashed(key): key for row in rows for key in row_keys(row)}
    return {keys[found]: line for found, line in ImportKey.objects.filter(job=job, key__in=keys).values_list("key", "line")}


def remember_keys(job: ImportJob, lines: dict[str, int]) -> None:
    """These lines were the first that had these."""
    ImportKey.objects.bulk_create(ImportKey(job=job, key=_hashed(key), line=line) for key, line in lines.items())


def row_keys(row: ParsedRow) -> list[str]:
    """What a row is known by in its file. A website isn't among it: many have their page on the same one."""
    keys = [f"email {row.email}"] if row.email else []
    keys += [f"phone {row.phone}"] if row.phone else []
    return keys + [f"domain {name}" for name in row.domains]


def _by_text(agency: Agency, what: str, texts: Collection[str]) -> dict[str, int]:
    if not texts:
        return {}
    customers = agency.customers.not_erased().order_by("-number")
    if what == "phone":
        # Said again for the planner: the index holds no empty ones.
        return dict(customers.filter(phone_key__in=texts).exclude(phone_key="").values_list("phone_key", "pk"))
    known = [Upper(Value(spelling)) for text in texts for spelling in address_variants(text)]
    found = customers.annotate(upper_email=Upper("email")).filter(upper_email__in=known)
    return {canonical_address(email): pk for email, pk in found.values_list("email", "pk")}


def _with_www(names: Iterable[str]) -> set[str]:
    return {form for name in names for form in (name, f"www.{name}")}


def _hashed(key: str) -> UUID:
    return UUID(bytes=blake2b(key.encode(), digest_size=16).digest())
