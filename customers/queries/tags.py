"""Tags with the numbers of their customers."""

from typing import Any

from django.db.models import Count, OuterRef, Subquery
from django.db.models.functions import Coalesce, Lower

from customers.models import CustomerTag, Tag
from partnerportal.agencies.models import Agency


def tags_with_counts(agency: Agency) -> list[Any]:
    """Return the agency's tags by name, with the `number` of customers of each."""
    counts = CustomerTag.objects.filter(tag=OuterRef("pk")).order_by().values("tag").annotate(n=Count("pk")).values("n")
    return list(Tag.objects.filter(agency=agency).annotate(number=Coalesce(Subquery(counts), 0)).order_by(Lower("name")))
