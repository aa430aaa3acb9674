"""Remembers, for the time of a request, from where it comes."""

from collections.abc import Callable

from django.core.exceptions import ValidationError
from django.core.validators import validate_ipv46_address
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
    """The peer's address; None over a socket. Behind a proxy gunicorn has put the client's there (`FORWARDED_ALLOW_IPS`)."""
    address = request.META.get("REMOTE_ADDR", "")
    try:
        validate_ipv46_address(address)
    except ValidationError:
        return None
    return address
