"""Rows of the CSV export, which can be imported again."""

from collections.abc import Iterator

from django.db.models import QuerySet

from customers.domain_names import to_ascii
from customers.imports.columns import FORM_FIELDS
from customers.models import Customer, Domain
from partnerportal.agencies.models import Agency

#: Column headings: field names, which an import recognizes in every language.
HEADINGS = ("number", *FORM_FIELDS, "domains", "responsible", "status")
#: Number of customers loaded at a time.
CHUNK_SIZE = 1000


def export_rows(agency: Agency, customers: QuerySet[Customer]) -> Iterator[list[str]]:
    """Yield the headings and one row per customer, ordered by number."""
    # Former members are left out because an import can't assign customers to them.
    emails = dict(agency.members.values_list("pk", "email"))
    yield list(HEADINGS)
    columns = ("number", *FORM_FIELDS, "responsible_id", "status")
    for customer in customers.only("id", *columns).prefetch_related("domains").order_by("number").iterator(chunk_size=CHUNK_SIZE):
        yield [
            customer.reference,
            *(getattr(customer, name) for name in FORM_FIELDS),
            " ".join(sorted(_readable_name(domain) for domain in customer.domains.all())),
            emails.get(customer.responsible_id or 0, ""),
            customer.status,
        ]


def _readable_name(domain: Domain) -> str:
    """Return the Unicode name, or the A-label form if an import would read it differently."""
    if domain.name == domain.unicode_name or to_ascii(domain.unicode_name) == domain.name:
        return domain.unicode_name
    return domain.name
