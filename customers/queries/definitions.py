"""What an agency defined for its customers: tags and custom fields."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, QuerySet
from django.db.models.functions import JSONObject, Lower

from customers.models import Customer, CustomerTag, CustomField, Tag
from customers.models.custom_fields import FieldKind
from partnerportal.agencies.models import Agency
from partnerportal.core.compiled import compiled


@dataclass(frozen=True)
class Definitions:
    """An agency's tags by name and its custom fields in their order."""

    tags: tuple[Tag, ...] = ()
    fields: tuple[CustomField, ...] = ()
    #: Primary keys of the tags of the customer that they were read with.
    tag_ids: frozenset[int] = frozenset()

    @cached_property
    def customer_tags(self) -> list[Tag]:
        """The tags of that customer."""
        return self.tags_of(self.tag_ids)

    def tags_of(self, keys: Any) -> list[Tag]:
        """Return the tags with these primary keys, by name."""
        return [self.tags[place] for place in sorted(self._places[key] for key in keys if key in self._places)]

    @cached_property
    def _places(self) -> dict[int, int]:
        return {tag.pk: place for place, tag in enumerate(self.tags)}


def custom_values(customer: Customer, definitions: Definitions) -> list[tuple[CustomField, str, str]]:
    """Return the fields in which a customer has a value, each with the displayed text and the address of a link."""
    values = ((field, customer.custom_values.get(field.key)) for field in definitions.fields)
    return [(field, field.display(value), value if field.kind == FieldKind.LINK else "") for field, value in values if value is not None]


def definitions_of(agency: Agency, *, customer: int = 0) -> Definitions:
    """Return what an agency defined, with one query. If `customer` is given, `customer_tags` are its tags."""
    ((tags, fields, tag_ids),) = definition_values(agency=agency.pk, customer=customer)
    return Definitions(
        tags=tuple(Tag(agency=agency, **values) for values in tags),
        fields=tuple(CustomField(agency=agency, **values) for values in fields),
        tag_ids=frozenset(tag_ids),
    )


def read_once(agency: Agency) -> Definitions:
    """Return what an agency defined, and keep it in this object, because each filter of a page needs it."""
    kept: Definitions = vars(agency).get("definitions") or definitions_of(agency)
    vars(agency)["definitions"] = kept
    return kept


@compiled
def definition_values(*, agency: Any, customer: Any) -> QuerySet[Any, Any]:
    """Return the values for `definitions_of`."""
    tags = Tag.objects.filter(agency=OuterRef("pk")).order_by(Lower("name"))
    fields = CustomField.objects.filter(agency=OuterRef("pk")).order_by("position")
    names = ("id", "key", "name", "kind", "choices", "position")
    return Agency.objects.filter(pk=agency).values_list(
        ArraySubquery(tags.values(found=JSONObject(id="id", name="name", color="color"))),
        ArraySubquery(fields.values(found=JSONObject(**{name: name for name in names}))),
        ArraySubquery(CustomerTag.objects.filter(agency=agency, customer=customer).values("tag_id")),
    )
