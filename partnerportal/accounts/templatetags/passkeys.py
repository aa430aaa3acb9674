"""Template filters for pages with passkeys."""

from ipaddress import ip_address
from urllib.parse import urlsplit

from django import template
from django.conf import settings
from django.http import HttpRequest

register = template.Library()


@register.filter
def opened_by_ip(request: HttpRequest) -> bool:
    """Return whether the portal was opened by an IP address, which doesn't support passkeys."""
    try:
        ip_address(urlsplit(f"//{request.get_host()}").hostname or "")
    except ValueError:
        return False
    return True


@register.filter
def localhost_url(request: HttpRequest) -> str:
    """Return the page's URL on localhost, or an empty string if the portal doesn't allow this host."""
    here = urlsplit(f"//{request.get_host()}")
    if "localhost" not in settings.ALLOWED_HOSTS or not ip_address(here.hostname or "").is_loopback:
        return ""
    return f"{request.scheme}://localhost{f':{here.port}' if here.port else ''}{request.path}"
