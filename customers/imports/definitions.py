"""Columns of an import and an export for what the agency defined: tags and custom fields."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from customers.models import Customer, CustomerTag, CustomField, Tag
from customers.models.tags import MAX_TAGS, split_names
from customers.queries.definitions import Definitions, definitions_of
from customers.services.tags import create_tag, known_tags
from partnerportal.accounts.models import User
from partnerportal.agencies.models import Agency

#: Name of the column with the tags, in the mapping of an import and in an export.
TAGS = "tags"
#: Beginning of the names of custom fields in the mapping of an import.
PREFIX = "field_"


def field_choices(agency: Agency) -> dict[str, str]:
    """Return the names of the agency's custom fields by what a column is mapped to."""
    return {PREFIX + field.key: field.name for field in definitions_of(agency).fields}


def own_headings(agency: Agency) -> dict[str, str]:
    """Return what a column is mapped to by the name of a custom field, in lower case."""
    return {name.casefold(): field for field, name in field_choices(agency).items()}


def extra_columns(definitions: Definitions) -> list[list[str]]:
    """Return the keys and headings of an export's further columns."""
    tags = [[TAGS, TAGS]] if definitions.tags else []
    return tags + [[field.key, field.name] for field in definitions.fields]


class DefinedCells:
    """Reader of the cells of tags and custom fields. What they don't accept is kept in the notes and reported."""

    def __init__(self, agency: Agency, mapped: Iterable[str], *, exact: bool) -> None:
        definitions = definitions_of(agency)
        mapped = set(mapped)
        self._fields = [field for field in definitions.fields if PREFIX + field.key in mapped]
        self._has_tags = TAGS in mapped
        self._known = {tag.name.upper() for tag in definitions.tags}
        self._exact = exact

    def read(self, cells: Any) -> dict[str, Any]:
        """Return the customer's `custom_values` and `tags`, as far as columns are mapped to them."""
        found: dict[str, Any] = {}
        if self._fields:
            values = {field.key: self._value(field, cells) for field in self._fields}
            found["custom_values"] = {key: value for key, value in values.items() if value is not None}
        if self._has_tags:
            found[TAGS] = self._tags(cells)
        return found

    def _value(self, field: CustomField, cells: Any) -> Any:
        name = PREFIX + field.key
        try:
            return field.parse(cells.text(name), plain=self._exact)
        except ValidationError as error:
            cells.keep(cells.column(name), cells.text(name), error.messages[0])
            return None

    def _tags(self, cells: Any) -> list[str]:
        names, column = [], cells.column(TAGS)
        # Mailchimp puts each tag in quotation marks.
        text = cells.text(TAGS) if self._exact else cells.text(TAGS).replace('"', "")
        for name in split_names(text):
            if name.upper() not in self._known:
                problem = self._problem(name)
                if problem:
                    cells.keep(column, name, problem)
                    continue
                # Once for each tag, not for each row.
                self._known.add(name.upper())
                cells.remark(column, _("The tag “%(tag)s” will be created.") % {"tag": name})
            names.append(name)
        return names

    def _problem(self, name: str) -> str:
        if len(self._known) >= MAX_TAGS:
            return _("An agency can have %(limit)d tags.") % {"limit": MAX_TAGS}
        return Tag(name=name).name_problem


def still_valid_values(values: dict[str, Any], fields: dict[str, CustomField]) -> dict[str, Any]:
    """Return the values whose field, and choice, hasn't been deleted since the check."""
    return {key: value for key, value in values.items() if key in fields and fields[key].accepts(value)}


def tag_customers(agency: Agency, customers: Sequence[Customer], names: Sequence[list[str]], tags: dict[str, Tag]) -> None:
    """Give new customers the tags with these names, as far as they exist."""
    CustomerTag.objects.bulk_create(
        CustomerTag(agency=agency, customer=customer, tag=tags[name.upper()])
        for customer, own in zip(customers, names, strict=True)
        for name in own
        if name.upper() in tags
    )


def tags_to_import(agency: Agency, names: Iterable[str], *, by: User | None) -> dict[str, Tag]:
    """Return the agency's tags by their name in upper case. Create those with the other names, as far as the limit allows it."""
    wanted = {name.upper(): name for name in names}
    if not wanted:
        return {}
    tags = known_tags(agency)
    for key, name in wanted.items():
        if key not in tags:
            try:
                with transaction.atomic():
                    tags[key] = create_tag(agency, name=name, by=by)
            except ValidationError:
                # Another member created tags since the check.
                tags |= {key: tag for key, tag in known_tags(agency).items() if key in wanted}
    return tags
