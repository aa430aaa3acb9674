"""Records the origin of each request for audit events."""

import logging
from collections.abc import Callable

from allauth.account.adapter import get_adapter
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from partnerportal.audit.context import Origin, origin
from partnerportal.audit.models import AuditEvent
from partnerportal.core.proxies import is_from_proxy

logger = logging.getLogger(__name__)


class AuditMiddleware:
    """Sets `origin` during a request, so that services don't need the request.

    Warns once per process if the address of a visitor is that of the proxy, because limits and audit events then treat all
    visitors as one.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.admin_path = reverse("admin:index")
        self.has_warned = False

    def __call__(self, request: HttpRequest) -> HttpResponse:
        source = AuditEvent.Source.ADMIN if request.path.startswith(self.admin_path) else AuditEvent.Source.WEB
        address = get_adapter().get_client_ip(request)
        if not self.has_warned and is_from_proxy(request, address):
            self.has_warned = True
            logger.warning(
                "A visitor has the address %s of the proxy’s network. Unless the request came from this machine, see "
                "“Addresses of visitors” in docs/operations.md: limits and the audit log treat all such visitors as one.",
                address,
            )
        token = origin.set(Origin(source, address or None))
        try:
            return self.get_response(request)
        finally:
            origin.reset(token)
