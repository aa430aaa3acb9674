"""`docker-compose.yml`: required options of each service, networks, and known settings."""

import re
import runpy
from typing import Any

import pytest
import yaml

from partnerportal.embedded.environment import BASE_DIR

COMPOSE = yaml.safe_load((BASE_DIR / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
#: Services that use the portal's image.
OURS = [name for name, service in SERVICES.items() if service.get("image") == "partnerportal"]
every_service = pytest.mark.parametrize("name", SERVICES)


def seconds(text: str) -> int:
    assert text.endswith("s")
    return int(text[:-1])


@every_service
def test_services_have_limits_and_rotate_logs(name: str) -> None:
    service = SERVICES[name]
    assert {"cpus", "memory"} <= service["deploy"]["resources"]["limits"].keys()
    assert {"max-size", "max-file"} <= service["logging"]["options"].keys()
    assert service["security_opt"] == ["no-new-privileges:true"]


@every_service
def test_permanent_services_have_health_checks(name: str) -> None:
    if name == "migrate":
        assert (SERVICES[name]["restart"], SERVICES[name]["healthcheck"]) == ("no", {"disable": True})
    elif name == "web":
        assert "\nHEALTHCHECK " in (BASE_DIR / "Dockerfile").read_text()
    else:
        assert SERVICES[name]["healthcheck"]["test"]


def test_database_is_not_healthy_during_its_setup() -> None:
    # During its setup, the server only responds on its socket, and the migrations would fail to connect.
    assert "--host 127.0.0.1" in SERVICES["db"]["healthcheck"]["test"]


def test_only_the_proxy_publishes_ports() -> None:
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["proxy"]
    assert SERVICES["db"]["networks"] == SERVICES["broker"]["networks"] == ["back"]
    assert COMPOSE["networks"]["back"]["internal"]
    assert "back" not in SERVICES["proxy"]["networks"]


def test_portal_services_are_unprivileged_and_read_only() -> None:
    assert set(OURS) == {"web", "worker", "beat", "migrate"}
    for name in OURS:
        assert SERVICES[name]["cap_drop"] == ["ALL"]
        assert SERVICES[name]["read_only"]
        assert SERVICES[name]["tmpfs"] == ["/tmp"]  # noqa: S108


def test_beat_runs_once() -> None:
    beats = [name for name, service in SERVICES.items() if "beat" in service.get("command", "").split()]
    assert beats == ["beat"]
    assert "replicas" not in SERVICES["beat"]["deploy"]


def test_only_proxy_and_worker_have_a_route_out() -> None:
    internal = {name for name, network in COMPOSE["networks"].items() if network and network.get("internal")}
    assert {name for name, service in SERVICES.items() if set(service["networks"]) - internal} == {"proxy", "worker"}
    # And share no network except with the services that they serve.
    assert "edge" not in SERVICES["worker"]["networks"]
    assert "out" not in SERVICES["proxy"]["networks"]


def test_proxy_starts_without_the_web_process() -> None:
    # Otherwise each change of a variable would stop the proxy until the web process is healthy.
    assert "depends_on" not in SERVICES["proxy"]
    assert "env_file" not in SERVICES["proxy"]


def test_proxy_reads_a_folder() -> None:
    assert "./deploy/caddy:/etc/caddy:ro" in SERVICES["proxy"]["volumes"]
    assert not [volume for volume in SERVICES["proxy"]["volumes"] if "Caddyfile" in volume]


@every_service
def test_no_service_needs_more_than_one_core(name: str) -> None:
    cpus = SERVICES[name]["deploy"]["resources"]["limits"]["cpus"]
    assert float(re.sub(r"^\$\{[A-Z_]+:-(.+)\}$", r"\1", cpus)) <= 1


@pytest.mark.parametrize(("name", "variable"), [("web", "WEB_REPLICAS"), ("worker", "WORKER_REPLICAS")])
def test_replicas_are_a_setting(name: str, variable: str) -> None:
    assert SERVICES[name]["deploy"]["replicas"] == f"${{{variable}:-1}}"


def test_the_image_is_built_once() -> None:
    assert [name for name, service in SERVICES.items() if "build" in service] == ["migrate"]


@every_service
def test_health_checks_start_quickly(name: str) -> None:
    if name != "migrate":
        assert seconds(SERVICES[name]["healthcheck"]["start_interval"]) <= 2
        # Without it, Compose creates no container, even if the image defines one.
        assert seconds(SERVICES[name]["healthcheck"]["start_period"]) >= 30


def test_interpolated_variables_are_documented() -> None:
    used = set(re.findall(r"\$\{([A-Z_]+)", (BASE_DIR / "docker-compose.yml").read_text()))
    assert {"WEB_CPUS", "DB_CPUS"} < used
    assert used - explained() == set()


def test_image_is_readable_for_its_user() -> None:
    # A checkout with umask 077 would otherwise yield an image whose user can't read manage.py.
    build, final = (BASE_DIR / "Dockerfile").read_text().split("\nFROM ")[-2:]
    assert "chmod -R a+rX /portal" in build
    assert "USER 10001" in final
    assert build.rindex("compileall") < build.rindex("chmod")


def test_image_contains_the_packages_of_every_setting() -> None:
    """Also those of SENTRY_DSN, which operators set without changing the image."""
    (installed,) = set(re.findall(r"requirements/\w+\.txt", (BASE_DIR / "Dockerfile").read_text()))
    packages, base = (
        set(re.findall(r"^[\w.-]+==\S+", (BASE_DIR / name).read_text(), re.MULTILINE)) for name in (installed, "requirements/base.txt")
    )
    assert base < packages
    assert {package.partition("==")[0] for package in packages - base} >= {"sentry-sdk"}
    assert f"!{installed}" in (BASE_DIR / ".dockerignore").read_text().splitlines()


def explained() -> set[str]:
    """Return the variables that `.env.example` describes."""
    return set(re.findall(r"^#?([A-Z_]+)=", (BASE_DIR / ".env.example").read_text(), re.MULTILINE))


@pytest.mark.parametrize("name", OURS)
def test_environment_variables_are_known_settings(name: str) -> None:
    assert SERVICES[name]["environment"].keys() - explained() == set()


def test_graceful_timeouts_increase_towards_the_proxy() -> None:
    gunicorn = runpy.run_path(str(BASE_DIR / "gunicorn.conf.py"))
    assert gunicorn["graceful_timeout"] >= gunicorn["timeout"]
    grace = seconds(SERVICES["web"]["stop_grace_period"])
    assert gunicorn["graceful_timeout"] < grace < seconds(SERVICES["proxy"]["stop_grace_period"])


class WithTags(yaml.SafeLoader):
    """Reads the tags of Compose: !override, !reset."""


WithTags.add_multi_constructor("!", lambda loader, _tag, node: loader.construct_sequence(node))


def test_example_of_changes_fits_the_services() -> None:
    example = yaml.load((BASE_DIR / "docker-compose.override.example.yml").read_text(), WithTags)  # noqa: S506
    assert example["services"].keys() <= SERVICES.keys()
    networks = {name for service in example["services"].values() for name in service.get("networks", [])}
    assert networks <= COMPOSE["networks"].keys() | example["networks"].keys()
    set_here = {name for service in example["services"].values() for name in service.get("environment", {})}
    assert set_here - explained() == {"SSL_CERT_FILE"}


def test_image_contains_no_secrets_of_the_installation() -> None:
    ignored = set((BASE_DIR / ".dockerignore").read_text().splitlines())
    assert {".*", "deploy/caddy/local", "docker-compose*.yml", "*.pem"} < ignored


def test_try_out_keeps_the_installation() -> None:
    script = (BASE_DIR / "deploy" / "try.sh").read_text()
    assert "COMPOSE_PROJECT_NAME=portal-try" in script
    assert "image: portal-try" in script
