"""`deploy/systemd/`: units for installations without containers."""

import re
import shutil
import subprocess
from configparser import RawConfigParser
from pathlib import Path
from typing import Any

import pytest
import yaml

from partnerportal.embedded.environment import BASE_DIR

FOLDER = BASE_DIR / "deploy" / "systemd"
UNITS = sorted(path.name for path in FOLDER.iterdir())
#: Units of processes that run permanently, which are services of docker-compose.yml too.
PROCESSES = ["web", "worker", "beat"]
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load((BASE_DIR / "docker-compose.yml").read_text())["services"]


def unit(name: str) -> RawConfigParser:
    parser = RawConfigParser(strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(FOLDER / name)
    return parser


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd isn't installed")
def test_units_are_valid(tmp_path: Path) -> None:
    """With the paths of this checkout, because systemd checks that the commands exist."""
    commands = tmp_path / "bin"
    commands.mkdir()
    for name in ("gunicorn", "celery", "python"):
        (commands / name).symlink_to("/bin/true")
    for name in UNITS:
        text = (
            (FOLDER / name).read_text().replace("/srv/partnerportal/.venv/bin", str(commands)).replace("/srv/partnerportal", str(BASE_DIR))
        )
        # The account of an installation doesn’t exist here.
        (tmp_path / name).write_text(re.sub("User=partnerportal", "User=root", text))
    result = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *(tmp_path / name for name in UNITS)], capture_output=True, text=True, check=False
    )
    complaints = [line for line in (result.stdout + result.stderr).splitlines() if "partnerportal" in line]
    assert (complaints, result.returncode) == ([], 0)


@pytest.mark.parametrize("name", [name for name in UNITS if name.endswith(".service")])
def test_services_have_no_privileges(name: str) -> None:
    service = unit(name)["Service"]
    assert service["User"] == "partnerportal"
    assert service["CapabilityBoundingSet"] == ""
    assert (service["NoNewPrivileges"], service["ProtectSystem"], service["UMask"]) == ("yes", "strict", "0077")


@pytest.mark.parametrize("name", PROCESSES)
def test_processes_are_those_of_the_containers(name: str) -> None:
    service, container = unit(f"partnerportal-{name}.service")["Service"], SERVICES[name]
    assert service["Restart"] == "always"
    assert service["MemoryMax"] == container["deploy"]["resources"]["limits"]["memory"]
    if "stop_grace_period" in container:
        assert service["TimeoutStopSec"] == container["stop_grace_period"].removesuffix("s")
    if name == "worker":
        assert service["ExecStart"].endswith(container["command"])
    assert unit(f"partnerportal-{name}.service")["Unit"]["Requires"] == "partnerportal-migrate.service"


def test_beat_runs_once() -> None:
    assert not [name for name in UNITS if "beat@" in name]
    assert "WantedBy" in unit("partnerportal-beat.service")["Install"]
