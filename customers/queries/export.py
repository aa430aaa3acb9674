"""Rows of the CSV export, which can be imported again."""

from collections.abc import Iterator

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, QuerySet, Value
from django.db.models.functions import Concat

from customers.domain_names import to_ascii
from customers.imports.columns import EXPORT_HEADINGS, FORM_FIELDS
from customers.models import Customer, Domain
from partnerportal.agencies.models import Agency

#: Number of customers loaded at a time.
CHUNK_SIZE = 1000


def export_rows(agency: Agency, customers: QuerySet[Customer]) -> Iterator[list[str]]:
    """Yield the headings and one row per customer, ordered by number."""
    # Former members are left out because an import can't assign customers to them.
    emails = dict(agency.members.values_list("pk", "email"))
    yield list(EXPORT_HEADINGS)
    # Tuples instead of objects, because an export can have 100,000 rows.
    names = Domain.objects.filter(customer=OuterRef("pk")).order_by().values(names=Concat("name", Value(" "), "unicode_name"))
    columns = ("number", *FORM_FIELDS, ArraySubquery(names), "responsible_id", "status")
    for number, *fields, domains, responsible, status in customers.order_by("number").values_list(*columns).iterator(chunk_size=CHUNK_SIZE):
        readable = sorted(_readable_name(*domain.split(" ")) for domain in domains)
        yield [Customer.reference_of(number), *fields, " ".join(readable), emails.get(responsible, ""), status]


def _readable_name(name: str, unicode_name: str) -> str:
    """Return the Unicode name, or the A-label form if an import would read it differently."""
    return unicode_name if unicode_name == name or to_ascii(unicode_name) == name else name
