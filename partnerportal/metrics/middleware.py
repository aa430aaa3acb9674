"""Counts requests, and answers `/metrics`."""

import ipaddress
import secrets
from collections.abc import Callable
from time import perf_counter

from allauth.account.adapter import get_adapter
from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from prometheus_client.exposition import choose_encoder

from partnerportal.metrics.collector import SharedFigures
from partnerportal.metrics.requests import StatementTimer, observe, registry_of_all_workers

PATH = "/metrics"


class MetricsMiddleware:
    """The first middleware: its durations include all others.

    It answers `/metrics` before hosts are checked and plain HTTP is redirected, because Prometheus requests each web process
    by its address in the network.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path == PATH:
            return metrics(request)
        start, statements = perf_counter(), StatementTimer()
        with connection.execute_wrapper(statements):
            response = self.get_response(request)
        observe(request, response.status_code, seconds=perf_counter() - start, statements=statements)
        return response


def metrics(request: HttpRequest) -> HttpResponse:
    """Return all figures in a format of Prometheus. Requires the token and the network that are set."""
    if request.method not in {"GET", "HEAD"}:
        return HttpResponseNotAllowed(["GET", "HEAD"])
    if settings.METRICS_NETWORKS and not _comes_from_network(request):
        return _plain("Not an address of METRICS_NETWORKS.", 403)
    if settings.METRICS_TOKEN and not _has_token(request):
        response = _plain("Send METRICS_TOKEN as a bearer token.", 401)
        response["WWW-Authenticate"] = "Bearer"
        return response
    registry = registry_of_all_workers()
    registry.register(SharedFigures())
    try:
        encode, content_type = choose_encoder(request.headers.get("Accept", ""))
    except (TypeError, ValueError):
        # The library compares versions as numbers, and fails for others.
        encode, content_type = choose_encoder("")
    response = _plain(encode(registry), 200)
    response["Content-Type"] = content_type
    return response


def _plain(content: str | bytes, status: int) -> HttpResponse:
    headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    return HttpResponse(content, status=status, content_type="text/plain; charset=utf-8", headers=headers)


def _has_token(request: HttpRequest) -> bool:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    # Compared in constant time.
    return scheme.lower() == "bearer" and secrets.compare_digest(token.strip().encode(), settings.METRICS_TOKEN.encode())


def _comes_from_network(request: HttpRequest) -> bool:
    try:
        address = ipaddress.ip_address(get_adapter().get_client_ip(request))
    except ValueError:
        # An unknown address.
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return any((mapped or address) in network for network in settings.METRICS_NETWORKS)
