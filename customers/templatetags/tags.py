"""Tags as pills."""

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from customers.models import Tag

register = template.Library()


@register.simple_tag
def tag_pill(tag: Tag) -> SafeString:
    """Render a tag."""
    return _pill(tag.color, tag.name)


@lru_cache(maxsize=1024)
def _pill(color: str, name: str) -> SafeString:
    return format_html('<span class="tag tag-{}">{}</span>', color, name)


def tag_pills(tags: Iterable[Tag]) -> SafeString:
    """Render the tags of a row, or nothing."""
    pills = [tag_pill(tag) for tag in tags]
    if not pills:
        return SafeString("")
    return format_html('<span class="tag-list"><span class="visually-hidden">{}:</span>' + "{}" * len(pills) + "</span>", _("Tags"), *pills)


@register.simple_tag
def choice_boxes(field: Any) -> SafeString:
    """Render the checkboxes of a multiple choice. In Python, because an agency can have hundreds of tags."""
    chosen = set(map(str, field.value() or ()))
    state = {True: SafeString(" checked"), False: SafeString("")}
    boxes = ((field.name, value, state[value in chosen], label) for value, label in field.field.choices)
    return format_html_join("", '<label><input type="checkbox" name="{}" value="{}"{}> <span>{}</span></label>', boxes)
