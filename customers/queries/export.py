"""Rows of the CSV export, which can be imported again."""

from collections.abc import Iterator

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, QuerySet, Value
from django.db.models.functions import Concat, JSONObject

from customers.domain_names import to_ascii
from customers.imports.columns import FORM_FIELDS
from customers.imports.contacts import PARTS, written
from customers.models import Contact, Customer, Domain
from partnerportal.agencies.models import Agency

#: Number of customers in each query.
BATCH_SIZE = 1000


def export_batches(agency: Agency, customers: QuerySet[Customer], *, after: int = 0) -> Iterator[tuple[int, list[list[str]]]]:
    """Yield the rows of customers whose number is above `after` in batches, each with its last number, ordered by number."""
    # Former members are left out because an import can't assign customers to them.
    emails = dict(agency.members.values_list("pk", "email"))
    # Tuples instead of objects, because an export can have 100,000 rows.
    names = Domain.objects.filter(customer=OuterRef("pk")).order_by().values(names=Concat("name", Value(" "), "unicode_name"))
    others = Contact.objects.filter(customer=OuterRef("pk"), is_primary=False).order_by("pk")
    contacts = ArraySubquery(others.values(parts=JSONObject(**dict(zip(PARTS, PARTS, strict=True)))))
    found = customers.order_by("number").values_list("number", *FORM_FIELDS, ArraySubquery(names), "responsible_id", "status", contacts)
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
                ]
                for number, *fields, domains, responsible, status, contacts in batch
            ],
        )


def _readable_names(domains: list[str]) -> str:
    return " ".join(sorted(_readable_name(*domain.split(" ")) for domain in domains))


def _readable_name(name: str, unicode_name: str) -> str:
    """Return the Unicode name, or the A-label form if an import would read it differently."""
    return unicode_name if unicode_name == name or to_ascii(unicode_name) == name else name
