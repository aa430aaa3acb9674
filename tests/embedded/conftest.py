"""Data folders that PostgreSQL can access, unlike those of pytest, and the processes that use them."""

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from partnerportal.embedded.environment import BASE_DIR
from partnerportal.embedded.processes import wait_until
from partnerportal.embedded.servers import destroy, servers
from tests.servers import temporary_folder

if TYPE_CHECKING:
    from tests.embedded.portal import Site

NO_SECRETS = {"SECRET_KEY": "x" * 50, "SITE_URL": "http://localhost", "EMAIL_URL": "smtp://127.0.0.1:9"}
PREPARE = """
from django.core.management import call_command
call_command("migrate", verbosity=0)
from tests.cast import Cast
Cast()
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """Temporary folder whose processes are terminated after the test."""
    path = temporary_folder("portal-test-")
    yield path
    end_everything_in(path)


@pytest.fixture
def data_dir(folder: Path) -> Path:
    """Path of a data folder that doesn't exist yet."""
    return folder / "data"


@pytest.fixture(scope="session")
def migrated() -> Iterator[Path]:
    """Data folder with a migrated database and the cast, to be copied because migrating is slow."""
    path = temporary_folder("portal-test-")
    if folder := os.environ.get("TEST_MIGRATED_FOLDER"):
        copied(Path(folder), path / "data")
    with servers(path / "data", durable=False) as env:
        environ = {"PATH": os.environ["PATH"], **NO_SECRETS, "PORTAL_DATA_DIR": str(path / "data"), **env}
        subprocess.run([sys.executable, "manage.py", "shell", "--no-imports", "-c", PREPARE], cwd=BASE_DIR, env=environ, check=True)
    yield path / "data"
    end_everything_in(path)


@pytest.fixture(scope="session")
def site(migrated: Path) -> Iterator["Site"]:
    """A complete portal. Tests that stop its servers must restart them."""
    from tests.embedded.portal import Site

    path = temporary_folder("portal-test-")
    with Site(copied(migrated, path / "data")) as site:
        yield site
    end_everything_in(path)


def copied(migrated: Path, target: Path) -> Path:
    """Copy a data folder to `target`, which must not exist, and return it."""
    # Not shutil.copytree(), which doesn't preserve owners.
    subprocess.run(["cp", "-a", migrated, target], check=True)
    return target


def end_everything_in(path: Path) -> None:
    """Terminate the processes of the data folders below the path, and delete them."""

    def none_is_left() -> bool:
        for process in processes_of(path):
            # The processes may terminate each other.
            with contextlib.suppress(psutil.NoSuchProcess):
                if process.name() not in {"postgres", "valkey-server"}:
                    process.kill()
        return names_in(path) <= {"postgres", "valkey-server"}

    wait_until(none_is_left, 20)
    for lock in list(path.rglob("servers.users")):
        destroy(lock.parent)
    shutil.rmtree(path, ignore_errors=True)


def processes_of(path: Path) -> list[psutil.Process]:
    """Return the processes with a working directory or data folder below the path."""
    processes = []
    for process in psutil.process_iter():
        if process.pid == os.getpid():
            continue
        with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied, OSError):
            data_dir = Path(process.environ().get("PORTAL_DATA_DIR") or "/")
            alive = process.status() != psutil.STATUS_ZOMBIE
            if alive and (data_dir.is_relative_to(path) or Path(process.cwd()).is_relative_to(path)):
                processes.append(process)
    return processes


def names_in(path: Path) -> set[str]:
    """Return the names of these processes."""
    names = set()
    for process in processes_of(path):
        with contextlib.suppress(psutil.NoSuchProcess):
            names.add(process.name())
    return names
