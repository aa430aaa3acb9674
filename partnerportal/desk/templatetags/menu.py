"""The menu and the row of saved views.

The items of the menu are rendered once for each active item and language; badges and pinned views are put in afterwards.
"""

from functools import lru_cache
from typing import Any, cast

from django.template import Library
from django.template.loader import render_to_string
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

from partnerportal.agencies.access import AgencyRequest
from partnerportal.core.templatetags.portal import icon
from partnerportal.desk.menu import BADGES, Menu, PinnedView, flat_menu, menu_items
from partnerportal.desk.saved_views.bar import ViewBar, view_bar
from partnerportal.desk.saved_views.lists import LISTS, list_at

register = Library()

_BADGE = '<span class="count" aria-hidden="true">{}</span><span class="visually-hidden">{}</span>'
_QUIET_BADGE = '<span class="sidebar-count" aria-hidden="true">{}</span><span class="visually-hidden">{}</span>'
_PINNED = '<li><a class="sidebar-link" href="{}"{}>{}<span class="sidebar-label sidebar-view">{}</span>{}</a></li>'
#: The URL names of the lists that have saved views.
_VIEWED = [viewed.url_name for viewed in LISTS.values()]


@register.simple_tag(takes_context=True)
def menu_list(context: dict[str, Any]) -> SafeString:
    """Render the items of `menu`."""
    menu: Menu = context["menu"]
    has_active_view = any(pinned.active for views in menu.pinned.values() for pinned in views)
    # The view is the active item instead of its list.
    html = _bare_items("" if has_active_view else menu.active_url, menu.active_url == context["request"].path, get_language())
    for item in flat_menu(tuple(menu)):
        if item.url_name in BADGES:
            html = html.replace(_badge_slot(item.url_name), _badge(_BADGE, item.badge, item.badge_label))
        if item.url_name in _VIEWED:
            html = html.replace(_views_slot(item.url_name), _pinned(menu.pinned.get(item.url_name, []), is_sub=not item.children))
    return mark_safe(html)  # noqa: S308  # nosec B308 B703  # parts of a template and of format_html


@register.simple_tag(takes_context=True)
def saved_views(context: dict[str, Any]) -> ViewBar | None:
    """Return the row of saved views of the page's list, or None if the page isn't a list that has them."""
    request = cast(AgencyRequest, context["request"])
    listed = list_at(request.path)
    if listed is None or "menu" not in context:
        return None
    opened = request.GET.get("view", "")
    return view_bar(listed, context["menu"].views, context["filters"], member=request.membership, opened=opened)


@lru_cache(maxsize=256)
def _bare_items(active_url: str, is_page: bool, language: str | None) -> str:
    names = {item.url_name for item in flat_menu()}
    context = {
        "items": menu_items(active_url),
        "slots": {name: mark_safe(_badge_slot(name)) for name in names if name in BADGES},  # noqa: S308  # nosec B308 B703  # constants
        "view_slots": {name: mark_safe(_views_slot(name)) for name in _VIEWED},  # noqa: S308  # nosec B308 B703  # constants
        "current": "page" if is_page else "true",
    }
    return render_to_string("includes/_sidebar_items.html", context)


def _badge(html: str, number: int | str | None, label: str) -> str:
    return format_html(html, number, label) if number else ""


def _pinned(views: list[PinnedView], *, is_sub: bool) -> str:
    """Render pinned views as items of their list's submenu, or with one (`is_sub`)."""
    current = mark_safe(' aria-current="page"')  # nosec B308 B703  # a constant
    rows = []
    for pinned in views:
        badge = _badge(_QUIET_BADGE, pinned.badge, pinned.badge_label)
        rows.append((pinned.view.url, current if pinned.active else "", icon("bookmark"), pinned.view.name, badge))
    items = format_html_join("", _PINNED, rows)
    return format_html('<ul class="sidebar-sub plain-list">{}</ul>', items) if items and is_sub else items


def _badge_slot(url_name: str) -> str:
    return f"<!-- badge of {url_name} -->"


def _views_slot(url_name: str) -> str:
    return f"<!-- views of {url_name} -->"
