"""`docker-compose.yml`: required options of each service, and known settings."""

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
def test_each_has_limits_and_a_log_that_does_not_grow_for_ever(name: str) -> None:
    service = SERVICES[name]
    assert {"cpus", "memory"} <= service["deploy"]["resources"]["limits"].keys()
    assert {"max-size", "max-file"} <= service["logging"]["options"].keys()
    assert service["security_opt"] == ["no-new-privileges:true"]


@every_service
def test_each_that_stays_can_be_asked_how_it_is(name: str) -> None:
    if name == "migrate":
        assert (SERVICES[name]["restart"], SERVICES[name]["healthcheck"]) == ("no", {"disable": True})
    elif name == "web":
        assert "\nHEALTHCHECK " in (BASE_DIR / "Dockerfile").read_text()
    else:
        assert SERVICES[name]["healthcheck"]["test"]


def test_the_database_is_not_called_ready_while_it_is_still_setting_itself_up() -> None:
    # During its setup, the server only responds on its socket, and the migrations would fail to connect.
    assert "--host 127.0.0.1" in SERVICES["db"]["healthcheck"]["test"]


def test_only_the_proxy_is_reached_from_outside() -> None:
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["proxy"]
    assert SERVICES["db"]["networks"] == SERVICES["broker"]["networks"] == ["back"]
    assert COMPOSE["networks"]["back"]["internal"]
    assert "back" not in SERVICES["proxy"]["networks"]


def test_ours_may_do_nothing_special_and_write_nothing() -> None:
    assert set(OURS) == {"web", "worker", "beat", "migrate"}
    for name in OURS:
        assert SERVICES[name]["cap_drop"] == ["ALL"]
        assert SERVICES[name]["read_only"]
        assert SERVICES[name]["tmpfs"] == ["/tmp"]  # noqa: S108


def test_there_is_one_beat() -> None:
    beats = [name for name, service in SERVICES.items() if "beat" in service.get("command", "").split()]
    assert beats == ["beat"]
    assert "replicas" not in SERVICES["beat"]["deploy"]


@pytest.mark.parametrize("name", OURS)
def test_whatever_is_set_is_a_setting(name: str) -> None:
    explained = set(re.findall(r"^#?([A-Z_]+)=", (BASE_DIR / ".env.example").read_text(), re.MULTILINE))
    assert SERVICES[name]["environment"].keys() - explained == set()


def test_a_request_may_come_to_its_end() -> None:
    gunicorn = runpy.run_path(str(BASE_DIR / "gunicorn.conf.py"))
    assert gunicorn["graceful_timeout"] >= gunicorn["timeout"]
    grace = seconds(SERVICES["web"]["stop_grace_period"])
    assert gunicorn["graceful_timeout"] < grace < seconds(SERVICES["proxy"]["stop_grace_period"])
