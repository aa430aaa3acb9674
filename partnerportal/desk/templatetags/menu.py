"""The items of the menu, which are rendered once for each active item and language; their badges are put in afterwards."""

from functools import lru_cache
from typing import Any

from django.template import Library
from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

from partnerportal.desk.menu import BADGES, flat_menu, menu_items

register = Library()

_BADGE = '<span class="count" aria-hidden="true">{}</span><span class="visually-hidden">{}</span>'


@register.simple_tag(takes_context=True)
def menu_list(context: dict[str, Any]) -> SafeString:
    """Render the items of `menu`."""
    menu = context["menu"]
    html = _without_badges(menu.active_url, menu.active_url == context["request"].path, get_language())
    for item in flat_menu(menu):
        if item.url_name in BADGES:
            badge = format_html(_BADGE, item.badge, item.badge_label) if item.badge else ""
            html = html.replace(_slot(item.url_name), badge)
    return mark_safe(html)  # noqa: S308  # nosec B308 B703  # parts of a template and of format_html


@lru_cache(maxsize=256)
def _without_badges(active_url: str, is_page: bool, language: str | None) -> str:
    slots = {item.url_name: mark_safe(_slot(item.url_name)) for item in flat_menu() if item.url_name in BADGES}  # noqa: S308  # nosec B308 B703  # constants
    context = {"items": menu_items(active_url), "slots": slots, "current": "page" if is_page else "true"}
    return render_to_string("includes/_sidebar_items.html", context)


def _slot(url_name: str) -> str:
    return f"<!-- badge of {url_name} -->"
