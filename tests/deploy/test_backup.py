"""`deploy/backup.sh` with a fake `docker` command."""

import os
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from partnerportal.embedded.environment import BASE_DIR


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


def back_up(folder: Path, *, docker: str) -> int:
    """Run the script with a fake `docker`, and return its exit code."""
    engine = folder.parent / "docker"
    engine.write_text(f"#!/bin/sh\n{docker}\n")
    engine.chmod(0o755)
    path = f"{folder.parent}:{os.environ['PATH']}"
    return subprocess.run([BASE_DIR / "deploy" / "backup.sh", folder], env={"PATH": path}, check=False).returncode


def test_creates_daily_dump_and_deletes_old_ones(dumps: Path) -> None:
    for text in ("first", "second"):
        assert back_up(dumps, docker=f'test "$1 $2 $3 $4 $5" = "compose exec -T db pg_dump" && echo {text}') == 0
    last_week, today = sorted(dumps.iterdir())
    assert (last_week.read_text(), today.read_text()) == ("old", "second\n")
    assert today.stat().st_mode & 0o077 == 0


def test_incomplete_dump_does_not_replace_another(dumps: Path) -> None:
    assert back_up(dumps, docker="echo whole") == 0
    before = {dump: dump.read_text() for dump in dumps.glob("*.dump")}
    assert back_up(dumps, docker="echo half; exit 1") == 1
    assert {dump: dump.read_text() for dump in dumps.glob("*.dump")} == before
