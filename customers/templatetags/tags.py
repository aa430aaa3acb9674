"""Tags as pills."""

from collections.abc import Iterable

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from customers.models import Tag

register = template.Library()


@register.simple_tag
def tag_pill(tag: Tag) -> SafeString:
    """Render a tag."""
    return format_html('<span class="tag tag-{}">{}</span>', tag.color, tag.name)


@register.simple_tag
def tag_pills(tags: Iterable[Tag]) -> SafeString:
    """Render the tags of a row, or nothing."""
    pills = [tag_pill(tag) for tag in tags]
    if not pills:
        return SafeString("")
    return format_html('<span class="tag-list"><span class="visually-hidden">{}:</span>' + "{}" * len(pills) + "</span>", _("Tags"), *pills)
