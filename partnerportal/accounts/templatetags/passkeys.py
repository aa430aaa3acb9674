"""Whether passkeys can be made and used on this page."""

from ipaddress import ip_address
from urllib.parse import urlsplit

from django import template
from django.conf import settings
from django.http import HttpRequest

register = template.Library()


@register.filter
def opened_by_ip(request: HttpRequest) -> bool:
    """Whether the portal was opened by an IP address. A passkey belongs to a name; browsers make none for a number."""
    try:
        ip_address(urlsplit(f"//{request.get_host()}").hostname or "")
    except ValueError:
        return False
    return True


@register.filter
def localhost_url(request: HttpRequest) -> str:
    """The same page under the name that each machine has for itself; empty where the portal doesn't answer to it."""
    here = urlsplit(f"//{request.get_host()}")
    if "localhost" not in settings.ALLOWED_HOSTS or not ip_address(here.hostname or "").is_loopback:
        return ""
    return f"{request.scheme}://localhost{f':{here.port}' if here.port else ''}{request.path}"
