"""`deploy/backup.sh` with a fake `docker` command. `tests/embedded/test_restore.py` runs it with a real database."""

import os
import re
import subprocess
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from partnerportal.embedded.environment import BASE_DIR

#: Commands that the fake database container receives.
DUMP, CHECK = "compose exec -T db pg_dump", "compose exec -T db pg_restore"


@pytest.fixture
def dumps(tmp_path: Path) -> Path:
    """Folder with a dump of last month and one of last week."""
    folder = tmp_path / "dumps"
    folder.mkdir()
    for days in (40, 7):
        at = datetime.now(UTC) - timedelta(days=days)
        dump = folder / f"portal-{at:%Y-%m-%d}.dump"
        dump.write_text("old")
        os.utime(dump, (at.timestamp(), at.timestamp()))
    return folder


def back_up(folder: Path, *, dump: str, check: str = "grep -q whole") -> int:
    """Run the script with a fake `docker`, and return its exit code."""
    engine = folder.parent / "docker"
    engine.write_text(f'#!/bin/sh\ncase "$*" in\n"{DUMP} "*) {dump} ;;\n"{CHECK} "*) {check} ;;\n*) exit 9 ;;\nesac\n')
    engine.chmod(0o755)
    path = f"{folder.parent}:{os.environ['PATH']}"
    return subprocess.run([BASE_DIR / "deploy" / "backup.sh", folder], env={"PATH": path}, check=False).returncode


def test_each_dump_is_kept_and_old_ones_are_deleted(dumps: Path) -> None:
    for text in ("whole first", "whole second"):
        assert back_up(dumps, dump=f"echo {text}") == 0
        # The names contain the second.
        time.sleep(1.1)
    last_week, first, second = sorted(dumps.iterdir())
    assert [dump.read_text() for dump in (last_week, first, second)] == ["old", "whole first\n", "whole second\n"]
    assert all(re.fullmatch(r"portal-\d{4}-\d\d-\d\d-\d{6}\.dump", dump.name) for dump in (first, second))
    assert all(dump.stat().st_mode & 0o077 == 0 for dump in (first, second))


@pytest.mark.parametrize(
    ("dump", "check"),
    [
        pytest.param("echo half; exit 1", "exit 0", id="pg_dump fails"),
        pytest.param("echo half", "grep -q whole", id="the dump can't be read"),
        pytest.param("exit 0", "grep -q whole", id="the dump is empty"),
    ],
)
def test_unusable_dump_replaces_and_deletes_nothing(dumps: Path, dump: str, check: str) -> None:
    before = {dump: dump.read_text() for dump in dumps.iterdir()}
    assert back_up(dumps, dump=dump, check=check) == 1
    assert {dump: dump.read_text() for dump in dumps.iterdir()} == before
