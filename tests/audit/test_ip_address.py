"""IP addresses of audit events, with and without trusted proxies."""

from typing import Any

import pytest
from django.test import Client

from partnerportal.audit.models import AuditEvent
from tests.cast import Cast
from tests.factories.customers import CustomerFactory

FORM = {"kind": "company", "company": "Brandt", "country": "DE", "language": "de"}
PROXY = "10.0.0.1"


def recorded_address(client: Client, remote: str, forwarded_for: str | None = None) -> str | None:
    """Add a customer over a connection from `remote`, and return the recorded IP address."""
    headers = {"X-Forwarded-For": forwarded_for} if forwarded_for is not None else {}
    assert client.post("/customers/add/", FORM, REMOTE_ADDR=remote, headers=headers).status_code == 302
    return AuditEvent.objects.get().ip_address


@pytest.mark.parametrize(
    ("remote", "recorded"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8::7", "2001:db8::7"),
        ("fe80::7%eth0", "fe80::7"),
        ("", None),  # a Unix socket
        ("unix:", None),
    ],
)
def test_without_proxies_the_connection_address_is_recorded(alice: Client, remote: str, recorded: str | None) -> None:
    assert recorded_address(alice, remote) == recorded


def test_without_proxies_the_header_is_ignored(alice: Client) -> None:
    assert recorded_address(alice, "192.0.2.7", "198.51.100.1") == "192.0.2.7"


@pytest.mark.parametrize(
    ("proxies", "forwarded_for", "recorded"),
    [
        (1, "198.51.100.1", "198.51.100.1"),
        (1, "203.0.113.66, 198.51.100.1", "198.51.100.1"),  # the first one was sent by the client
        (2, "203.0.113.66, 198.51.100.1, 10.0.0.2", "198.51.100.1"),
        (1, "198.51.100.1:54321", "198.51.100.1"),
        (1, "[2001:db8::7]:54321", "2001:db8::7"),
        (1, None, PROXY),  # a health check of the proxy itself
        (1, "nonsense", None),
        (1, "198.51.100.1, ", None),
        (3, "198.51.100.1", None),  # a proxy was bypassed
    ],
)
def test_behind_proxies_the_client_of_the_first_trusted_proxy_is_recorded(
    alice: Client, settings: Any, proxies: int, forwarded_for: str | None, recorded: str | None
) -> None:
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = proxies
    assert recorded_address(alice, PROXY, forwarded_for) == recorded


def test_behind_a_proxy_on_a_socket_its_client_is_recorded(alice: Client, settings: Any) -> None:
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    assert recorded_address(alice, "", "198.51.100.1") == "198.51.100.1"


@pytest.mark.parametrize(
    ("proxies", "remote", "headers", "warned"),
    [
        pytest.param(1, "172.19.0.3", {"X-Forwarded-For": "172.18.0.1", "X-Proxy-Address": "172.18.0.2"}, True, id="gateway of the proxy"),
        pytest.param(1, "172.19.0.3", {"X-Forwarded-For": "fd00:7::1", "X-Proxy-Address": "fd00:7::2"}, True, id="IPv6 gateway"),
        pytest.param(0, "172.19.0.3", {"X-Forwarded-For": "198.51.100.1"}, True, id="TRUSTED_PROXY_COUNT is too low"),
        pytest.param(1, "172.19.0.3", {"X-Forwarded-For": "203.0.113.7", "X-Proxy-Address": "172.18.0.2"}, False, id="a visitor"),
        pytest.param(1, "172.19.0.3", {"X-Forwarded-For": "2001:db8::7", "X-Proxy-Address": "172.18.0.2"}, False, id="an IPv6 visitor"),
        pytest.param(1, "172.19.0.3", {"X-Forwarded-For": "10.1.2.3", "X-Proxy-Address": "172.18.0.2"}, False, id="an intranet"),
        pytest.param(1, "127.0.0.1", {"X-Forwarded-For": "127.0.0.1", "X-Proxy-Address": "127.0.0.1"}, False, id="this machine"),
        pytest.param(1, "172.19.0.3", {"X-Forwarded-For": "nonsense", "X-Proxy-Address": "nonsense"}, False, id="nonsense"),
        # Addresses for documentation count as private in some versions of Python.
        pytest.param(0, "9.9.9.9", {"X-Forwarded-For": "198.51.100.1"}, False, id="a forged header"),
    ],
)
def test_address_of_the_proxy_is_reported_once(
    settings: Any, caplog: pytest.LogCaptureFixture, proxies: int, remote: str, headers: dict[str, str], warned: bool
) -> None:
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = proxies
    for _ in range(2):
        Client().get("/healthz", REMOTE_ADDR=remote, headers=headers)
    reports = [record for record in caplog.records if record.name == "partnerportal.audit.middleware"]
    assert len(reports) == int(warned)


def test_origin_is_reset_after_a_request(alice: Client, cast: Cast) -> None:
    recorded_address(alice, "192.0.2.7")
    CustomerFactory(agency=cast.alder)
    event = AuditEvent.objects.first()
    assert (event.source, event.ip_address) == ("system", None)
