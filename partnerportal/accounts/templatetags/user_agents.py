"""Template filters for the list of sessions."""

from collections.abc import Iterable

from allauth.usersessions.models import UserSession
from django import template
from django.utils.translation import gettext as _

register = template.Library()

#: Parts of a User-Agent and browser names. The first match counts, because most contain several.
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
    """Return the current session, followed by the others, newest first."""
    return sorted(sessions, key=lambda session: (session.is_current(), session.created_at), reverse=True)


@register.filter
def browser(user_agent: str) -> str:
    """Return a description such as “Firefox on Windows”, or the shortened User-Agent."""
    name = next((name for mark, name in BROWSERS if mark in user_agent), "")
    system = next((system for mark, system in SYSTEMS if mark in user_agent), "")
    if name and system:
        return _("%(browser)s on %(system)s") % {"browser": name, "system": system}
    return name or system or user_agent[:60] or _("An unknown browser")
