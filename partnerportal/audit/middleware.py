"""Remembers, for the time of a request, from where it comes."""

from collections.abc import Callable

from allauth.account.adapter import get_adapter
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from partnerportal.audit.context import Origin, origin
from partnerportal.audit.models import AuditEvent


class AuditMiddleware:
    """Sets `audit.context.origin`, so that services need not hand the request around."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.admin_path = reverse("admin:index")

    def __call__(self, request: HttpRequest) -> HttpResponse:
        source = AuditEvent.Source.ADMIN if request.path.startswith(self.admin_path) else AuditEvent.Source.WEB
        token = origin.set(Origin(source, _ip_address(request)))
        try:
            return self.get_response(request)
        finally:
            origin.reset(token)


def _ip_address(request: HttpRequest) -> str | None:
    """The person's address, as the rate limits of signing in see it (`TRUSTED_PROXY_COUNT`); None where there is none.

    That is so over a socket, and when proxies forward other than the setting says.
    """
    try:
        return str(get_adapter().get_client_ip(request))
    except (PermissionDenied, ImproperlyConfigured):
        return None
