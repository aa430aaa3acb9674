"""Rows of the CSV export, which can be imported again."""

from collections.abc import Iterator, Sequence
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import F, OuterRef, QuerySet, Value
from django.db.models.functions import Concat, JSONObject, Lower

from customers.domain_names import to_ascii
from customers.imports.columns import FORM_FIELDS
from customers.imports.contacts import PARTS, written
from customers.models import Contact, Customer, CustomerTag, CustomField, Domain
from partnerportal.agencies.models import Agency

#: Number of customers in each query.
BATCH_SIZE = 1000


def export_batches(
    agency: Agency, customers: QuerySet[Customer], *, extra: Sequence[Sequence[str]] = (), after: int = 0
) -> Iterator[tuple[int, list[list[str]]]]:
    """Yield the rows of customers whose number is above `after` in batches, each with its last number, ordered by number.

    `extra` are the keys and headings of further columns: `tags` and custom fields.
    """
    # Former members are left out because an import can't assign customers to them.
    emails = dict(agency.members.values_list("pk", "email"))
    # Tuples instead of objects, because an export can have 100,000 rows.
    names = Domain.objects.filter(customer=OuterRef("pk")).order_by().values(names=Concat("name", Value(" "), "unicode_name"))
    others = Contact.objects.filter(customer=OuterRef("pk"), is_primary=False).order_by("pk")
    contacts = ArraySubquery(others.values(parts=JSONObject(**dict(zip(PARTS, PARTS, strict=True)))))
    found = customers.order_by("number").values_list("number", *FORM_FIELDS, ArraySubquery(names), "responsible_id", "status", contacts)
    keys = [key for key, _heading in extra]
    own = {field.key: field for field in CustomField.objects.filter(agency=agency)} if extra else {}
    tag_names = CustomerTag.objects.filter(customer=OuterRef("pk")).order_by(Lower("tag__name")).values("tag__name")
    found = found.annotate(values=F("custom_values"), own_tags=ArraySubquery(tag_names)) if extra else found
    while batch := list(found.filter(number__gt=after)[:BATCH_SIZE]):
        after = batch[-1][0]
        yield (
            after,
            [
                [
                    Customer.reference_of(number),
                    *fields,
                    _readable_names(domains) if domains else "",
                    emails.get(responsible, ""),
                    status,
                    written(contacts),
                    *(_extra_text(key, more, own) for key in keys),
                ]
                for number, *fields, domains, responsible, status, contacts, more in (_divided(row, has_more=bool(extra)) for row in batch)
            ],
        )


def _divided(row: tuple[Any, ...], *, has_more: bool) -> tuple[Any, ...]:
    """Return a row whose last value are the values of the custom fields and the names of the tags."""
    return (*row[:-2], row[-2:]) if has_more else (*row, ())


def _extra_text(key: str, more: Sequence[Any], own: dict[str, CustomField]) -> str:
    values, tags = more
    if key == "tags":
        return ", ".join(tags)
    return own[key].plain_text(values.get(key)) if key in own else ""


def _readable_names(domains: list[str]) -> str:
    return " ".join(sorted(_readable_name(*domain.split(" ")) for domain in domains))


def _readable_name(name: str, unicode_name: str) -> str:
    """Return the Unicode name, or the A-label form if an import would read it differently."""
    return unicode_name if unicode_name == name or to_ascii(unicode_name) == name else name
