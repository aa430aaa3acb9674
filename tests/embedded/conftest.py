"""Folders that PostgreSQL may enter (pytest's own are root's alone), and a look at what runs in them."""

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
    """A folder of our own, below which nothing runs any more when the test is over, however that ends."""
    path = temporary_folder("portal-test-")
    yield path
    end_everything_in(path)


@pytest.fixture
def data_dir(folder: Path) -> Path:
    """A data folder that isn't there yet."""
    return folder / "data"


@pytest.fixture(scope="session")
def migrated() -> Iterator[Path]:
    """A data folder with all tables and the tests' cast, in which nothing runs, to be copied: the tables take longer than all the rest
    of a start."""
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
    """A whole portal whose servers a test may stop, if it starts them again."""
    from tests.embedded.portal import Site

    path = temporary_folder("portal-test-")
    with Site(copied(migrated, path / "data")) as site:
        yield site
    end_everything_in(path)


def copied(migrated: Path, target: Path) -> Path:
    """A copy of a data folder; `target`, which must not be there yet."""
    # With its owners, who `shutil.copytree` forgets.
    subprocess.run(["cp", "-a", migrated, target], check=True)
    return target


def end_everything_in(path: Path) -> None:
    """End what runs for the data folders below the path, and delete them."""

    def none_is_left() -> bool:
        for process in processes_of(path):
            # They may end each other meanwhile.
            with contextlib.suppress(psutil.NoSuchProcess):
                if process.name() not in {"postgres", "valkey-server"}:
                    process.kill()
        return names_in(path) <= {"postgres", "valkey-server"}

    wait_until(none_is_left, 20)
    for lock in list(path.rglob("servers.users")):
        destroy(lock.parent)
    shutil.rmtree(path, ignore_errors=True)


def processes_of(path: Path) -> list[psutil.Process]:
    """The processes that work below the path, or were given a data folder there."""
    found = []
    for process in psutil.process_iter():
        if process.pid == os.getpid():
            continue
        with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied, OSError):
            data_dir = Path(process.environ().get("PORTAL_DATA_DIR") or "/")
            alive = process.status() != psutil.STATUS_ZOMBIE
            if alive and (data_dir.is_relative_to(path) or Path(process.cwd()).is_relative_to(path)):
                found.append(process)
    return found


def names_in(path: Path) -> set[str]:
    """The names of those processes."""
    names = set()
    for process in processes_of(path):
        with contextlib.suppress(psutil.NoSuchProcess):
            names.add(process.name())
    return names
