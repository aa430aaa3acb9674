"""Records the origin of each request for audit events."""

from collections.abc import Callable

from allauth.account.adapter import get_adapter
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from partnerportal.audit.context import Origin, origin
from partnerportal.audit.models import AuditEvent


class AuditMiddleware:
    """Sets `origin` during a request, so that services don't need the request."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.admin_path = reverse("admin:index")

    def __call__(self, request: HttpRequest) -> HttpResponse:
        source = AuditEvent.Source.ADMIN if request.path.startswith(self.admin_path) else AuditEvent.Source.WEB
        token = origin.set(Origin(source, get_adapter().get_client_ip(request) or None))
        try:
            return self.get_response(request)
        finally:
            origin.reset(token)
