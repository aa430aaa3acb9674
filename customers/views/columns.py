"""Cells of the optional columns of the customers list. In Python, because few lists show them."""

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from django.utils.formats import date_format
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString
from django.utils.timezone import localtime

from customers.forms.columns import Columns
from customers.forms.custom_fields import form_name
from customers.models import Customer, CustomField
from customers.models.custom_fields import FieldKind
from customers.queries.definitions import Definitions
from customers.templatetags.tags import tag_pills
from partnerportal.accounts.models import User
from partnerportal.core.templatetags.portal import display_url


def prepare_rows(customers: Iterable[Any], definitions: Definitions, columns: Columns, team: Iterable[User]) -> None:
    """Set the `pills` of the tags and the `extra_cells` of customers."""
    people = {person.pk: person.get_full_name() for person in team}
    for customer in customers:
        tags = getattr(customer, "tag_ids", ())
        customer.pills = tag_pills(definitions.tags_of(tags)) if tags else ""
        customer.extra_cells = extra_cells(customer, columns, people) if columns.extra else ""


def extra_cells(customer: Customer, columns: Columns, people: dict[int, str]) -> SafeString:
    """Render the cells between phone and open work."""
    fields = {form_name(field): field for field in columns.fields}
    cells = SafeString("")
    for name, label in columns.extra:
        content = _content(customer, name, fields, people)
        cells += _cell_start(bool(content), str(label)) + conditional_escape(content) + _CELL_END
    return cells


_CELL_END = SafeString("</span></td>")


@lru_cache(maxsize=256)
def _cell_start(is_filled: bool, label: str) -> SafeString:
    css = "cell-extra" if is_filled else "cell-blank"
    return format_html('<td class="{} text-soft"><span class="list-label">{}: </span><span class="clip">', css, label)


def _content(customer: Customer, name: str, fields: dict[str, CustomField], people: dict[int, str]) -> Any:
    if name == "responsible":
        return people.get(customer.responsible_id or 0, "")
    if name == "created":
        return date_format(localtime(customer.created_at), "SHORT_DATE_FORMAT")
    if name == "website":
        return _link(customer.website)
    field = fields[name]
    value = customer.custom_values.get(field.key)
    return _link(value) if field.kind == FieldKind.LINK else field.display(value)


def _link(url: str | None) -> Any:
    return format_html('<a href="{}" rel="noopener noreferrer nofollow" target="_blank">{}</a>', url, display_url(url)) if url else ""
