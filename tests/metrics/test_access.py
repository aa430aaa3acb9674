"""`/metrics` is off by default, and needs the token and the network that are set."""

from ipaddress import ip_network
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import Client

from tests.metrics.conftest import TOKEN
from tests.test_settings import run, setting, settings_with

pytestmark = pytest.mark.django_db
WITH_TOKEN = {"Authorization": f"Bearer {TOKEN}"}


def test_metrics_are_off_by_default(client: Client) -> None:
    assert client.get("/metrics", headers=WITH_TOKEN).status_code == 404


def test_nothing_is_loaded_while_metrics_are_off() -> None:
    code = (
        "import sys; from partnerportal.wsgi import application; from partnerportal import celery_app;"
        "from django.urls import reverse; reverse('desk:healthz');"
        "print([name for name in sys.modules if name.startswith(('prometheus_client', 'partnerportal.metrics.middleware'))])"
    )
    result = run(code)
    assert result.stdout.strip() == "[]", result.stderr
    assert "prometheus_client" in run(code, METRICS_TOKEN=TOKEN).stdout


@pytest.mark.parametrize("variables", [{"METRICS_TOKEN": TOKEN}, {"METRICS_NETWORKS": "10.0.0.0/8, ::1"}])
def test_a_token_or_a_network_turns_metrics_on(variables: dict[str, str]) -> None:
    values = settings_with(**variables)
    assert values["METRICS_ENABLED"]
    # The first middleware, so that durations include all others.
    assert values["MIDDLEWARE"][0] == "partnerportal.metrics.middleware.MetricsMiddleware"
    assert not settings_with()["METRICS_ENABLED"]


@pytest.mark.parametrize(
    ("variable", "value"), [("METRICS_TOKEN", "short"), ("METRICS_NETWORKS", "10.0.0.1/8"), ("METRICS_NETWORKS", "office")]
)
def test_invalid_protection_is_named(variable: str, value: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=variable):
        setting("DEBUG", **{variable: value})


@pytest.mark.usefixtures("metrics_on")
@pytest.mark.parametrize(
    "header", [None, "", "Bearer", "Bearer ", f"Bearer {TOKEN[:-1]}", f"Bearer {TOKEN}x", f"Basic {TOKEN}", TOKEN, "Bearer tökén"]
)
def test_a_wrong_token_is_refused(client: Client, header: str | None) -> None:
    response = client.get("/metrics", headers={} if header is None else {"Authorization": header})
    assert (response.status_code, response["WWW-Authenticate"]) == (401, "Bearer")
    assert b"portal_" not in response.content


@pytest.mark.usefixtures("metrics_on")
@pytest.mark.parametrize("header", [f"Bearer {TOKEN}", f"bearer {TOKEN}"])
def test_the_token_is_accepted(client: Client, header: str) -> None:
    response = client.get("/metrics", headers={"Authorization": header})
    assert response.status_code == 200
    assert response["Content-Type"].startswith("text/plain; version=")
    assert response["Cache-Control"] == "no-store"


@pytest.mark.usefixtures("metrics_on")
def test_the_token_in_the_address_is_not_accepted(client: Client) -> None:
    # Addresses are logged.
    assert client.get(f"/metrics?token={TOKEN}").status_code == 401


def test_openmetrics_is_available(metrics_on: Any, client: Client) -> None:
    response = client.get("/metrics", headers={**WITH_TOKEN, "Accept": "application/openmetrics-text; version=1.0.0"})
    assert response["Content-Type"].startswith("application/openmetrics-text")
    assert response.content.endswith(b"# EOF\n")


@pytest.mark.parametrize("accept", ["application/openmetrics-text; version=abc", "text/plain;version=1.x", "*/*, text/plain; version=٠,٠"])
def test_an_unreadable_version_gets_the_usual_format(metrics_on: Any, client: Client, accept: str) -> None:
    response = client.get("/metrics", headers={**WITH_TOKEN, "Accept": accept})
    assert response.status_code == 200
    assert response["Content-Type"].startswith("text/plain; version=0.0.4")
    assert b"portal_up" in response.content


@pytest.mark.parametrize(
    ("address", "status"),
    [("10.1.2.3", 200), ("::ffff:10.1.2.3", 200), ("fd00::17", 200), ("11.1.2.3", 403), ("fe80::1", 403), ("", 403), ("nonsense", 403)],
)
def test_only_the_networks_are_accepted(metrics_on: Any, client: Client, address: str, status: int) -> None:
    metrics_on.METRICS_TOKEN = ""
    metrics_on.METRICS_NETWORKS = [ip_network("10.0.0.0/8"), ip_network("fd00::/8")]
    assert client.get("/metrics", REMOTE_ADDR=address).status_code == status


def test_the_address_is_that_of_the_client(metrics_on: Any, client: Client) -> None:
    """Behind a proxy, everyone else would have its address, too."""
    metrics_on.METRICS_TOKEN, metrics_on.METRICS_NETWORKS = "", [ip_network("10.0.0.0/8")]
    metrics_on.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    assert client.get("/metrics", REMOTE_ADDR="10.0.0.1", headers={"X-Forwarded-For": "198.51.100.7"}).status_code == 403
    assert client.get("/metrics", REMOTE_ADDR="10.0.0.1", headers={"X-Forwarded-For": "10.0.0.9"}).status_code == 200


@pytest.mark.parametrize(("headers", "status"), [({}, 401), (WITH_TOKEN, 200)])
def test_token_and_network_are_both_required(metrics_on: Any, client: Client, headers: dict[str, str], status: int) -> None:
    metrics_on.METRICS_NETWORKS = [ip_network("127.0.0.0/8")]
    assert client.get("/metrics", headers=headers).status_code == status
    assert client.get("/metrics", headers=headers, REMOTE_ADDR="198.51.100.7").status_code == 403


def test_processes_are_reached_by_their_address_without_https(metrics_on: Any, client: Client) -> None:
    metrics_on.SECURE_SSL_REDIRECT = True
    assert client.get("/metrics", headers={**WITH_TOKEN, "Host": "10.0.0.5:8000"}).status_code == 200


@pytest.mark.usefixtures("metrics_on")
def test_only_reading_is_allowed(client: Client) -> None:
    assert client.post("/metrics", headers=WITH_TOKEN).status_code == 405
    assert client.head("/metrics", headers=WITH_TOKEN).status_code == 200
