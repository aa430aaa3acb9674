"""Folders that PostgreSQL may enter (pytest's own are root's alone), and a look at what runs in them."""

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from partnerportal.embedded.processes import wait_until
from partnerportal.embedded.servers import discard
from tests.servers import temporary_folder


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
        discard(lock.parent)
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
