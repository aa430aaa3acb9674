"""Sessions in words: which browser they belong to, and in which order."""

from collections.abc import Iterable

from allauth.usersessions.models import UserSession
from django import template
from django.utils.translation import gettext as _

register = template.Library()

#: What stands in a User-Agent, and whose it is; the first that fits, for most call themselves by the others' names, too.
BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"),
    ("CriOS", "Chrome"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


@register.filter
def current_first(sessions: Iterable[UserSession]) -> list[UserSession]:
    """The session that asks, then the others, the newest first."""
    return sorted(sorted(sessions, key=lambda session: session.created_at, reverse=True), key=lambda session: not session.is_current())


@register.filter
def browser(user_agent: str) -> str:
    """“Firefox on Windows”; what is unknown as it calls itself, shortened."""
    name = next((name for mark, name in BROWSERS if mark in user_agent), "")
    system = next((system for mark, system in SYSTEMS if mark in user_agent), "")
    if name and system:
        return _("%(browser)s on %(system)s") % {"browser": name, "system": system}
    return name or system or user_agent[:60] or _("An unknown browser")
