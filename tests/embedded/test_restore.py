"""`deploy/backup.sh`, `restore.sh` and `upgrade.sh` with a real database, and a `docker` command that runs its tools."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from partnerportal.embedded.environment import BASE_DIR
from partnerportal.embedded.postgres import Postgres
from tests.embedded.conftest import NO_SECRETS, copied, end_everything_in
from tests.servers import temporary_folder

#: Writes its arguments to a log, and runs the database's tools on this machine.
DOCKER = """\
#!/bin/sh
echo "$*" >> {log}
case "$*" in
"compose exec -T db "*) shift 4; PATH={binaries}:$PATH exec "$@" ;;
{more}
esac
"""
#: The migration, which takes seconds.
MIGRATE = f'"compose run --rm migrate") cd {BASE_DIR} && exec {sys.executable} manage.py migrate --noinput --verbosity 0 ;;'
QUEUED = """
INSERT INTO outbox_outgoingmail (kind, to_email, from_name, reply_to, subject, encrypted_body, message_id, thread, "references",
    written_by_person, status, attempts, last_error, created_at)
VALUES ('x', 'kim@client.example', '', '', 'Hello', '', gen_random_uuid()::text, '', '', false, 'queued', 0, '', now())
"""


class Engine:
    """A database with the cast, and the scripts that work on it."""

    def __init__(self, folder: Path, migrated: Path) -> None:
        self.folder = folder
        self.postgres = Postgres(copied(migrated, folder / "data"), durable=False)
        self.postgres.start()
        self.dumps = folder / "dumps"
        self.dumps.mkdir()
        self.log = folder / "docker.log"
        self.use_docker()

    def use_docker(self, more: str = "") -> None:
        """Write the `docker` command, with `more` cases."""
        docker = self.folder / "docker"
        docker.write_text(DOCKER.format(log=self.log, binaries=self.postgres.binaries, more=more))
        docker.chmod(0o755)

    def run(self, script: str, *arguments: str | Path, cwd: Path = BASE_DIR) -> "subprocess.CompletedProcess[str]":
        """Run a script, and empty the log of `docker` first."""
        self.log.write_text("")
        env = {
            **NO_SECRETS,
            "PATH": f"{self.folder}:{os.environ['PATH']}",
            "PGHOST": str(self.postgres.sockets),
            "PGPORT": "5432",
            "REDIS_URL": "redis://127.0.0.1:9",
        }
        if script == "restore.sh":
            # For `migrate` only. backup.sh would use this machine's pg_dump.
            env["DATABASE_URL"] = self.postgres.url
        return subprocess.run([cwd / "deploy" / script, *arguments], cwd=cwd, env=env, capture_output=True, text=True, check=False)

    def back_up(self) -> Path:
        result = self.run("backup.sh", self.dumps)
        assert result.returncode == 0, result.stderr
        return Path(result.stdout.strip())

    def calls(self) -> list[str]:
        """Return the arguments of `docker` since the last start of a script."""
        return self.log.read_text().splitlines()

    def sql(self, statement: str, database: str = "portal") -> list[tuple[object, ...]]:
        with psycopg.connect(self.postgres.url.replace("/portal?", f"/{database}?")) as connection:
            cursor = connection.execute(statement)  # type: ignore[call-overload]
            return cursor.fetchall() if cursor.description else []


@pytest.fixture
def engine(migrated: Path) -> Iterator[Engine]:
    folder = temporary_folder("portal-test-")
    # The tools read it as another account if the tests run as root.
    folder.chmod(0o755)
    engine = Engine(folder, migrated)
    yield engine
    engine.postgres.stop()
    end_everything_in(folder)


def agencies(engine: Engine, database: str = "portal") -> int:
    return int(str(engine.sql("SELECT count(*) FROM agencies_agency", database)[0][0]))


def statuses(engine: Engine) -> list[tuple[object, ...]]:
    return engine.sql("SELECT status, last_error FROM outbox_outgoingmail")


def test_restore_replaces_the_data_and_keeps_the_former(engine: Engine) -> None:
    engine.sql(QUEUED)
    before = agencies(engine)
    dump = engine.back_up()
    engine.sql("UPDATE agencies_agency SET name = 'Changed since'")
    engine.use_docker(MIGRATE)

    result = engine.run("restore.sh", dump)
    assert result.returncode == 0, result.stderr
    assert agencies(engine) == before
    assert engine.sql("SELECT count(*) FROM agencies_agency WHERE name = 'Changed since'") == [(0,)]
    assert statuses(engine) == [("failed", "held back after a restore")]
    (former,) = [str(name) for (name,) in engine.sql("SELECT datname FROM pg_database") if str(name).startswith("portal_before_")]
    assert engine.sql("SELECT count(*) FROM agencies_agency WHERE name = 'Changed since'", former) == [(before,)]
    assert former in result.stdout

    calls = engine.calls()
    # The database is healthy before anything is restored, and the portal stops only when the new database is complete.
    assert calls[0] == "compose up --detach --wait db broker"
    stop, migrate = calls.index("compose stop web worker beat"), calls.index("compose run --rm migrate")
    assert max(number for number, call in enumerate(calls) if " db pg_restore " in call) < stop < migrate
    assert calls[migrate + 1 :] == [
        "compose exec -T broker valkey-cli flushall",
        "compose up --detach --no-deps --wait worker beat web proxy",
    ]


def test_queued_emails_are_sent_if_requested(engine: Engine) -> None:
    engine.sql(QUEUED)
    dump = engine.back_up()
    assert engine.run("restore.sh", "--send-queued", dump).returncode == 0
    assert statuses(engine) == [("queued", "")]


def test_unusable_dump_changes_nothing(engine: Engine) -> None:
    before = agencies(engine)
    dump = engine.back_up()
    half = dump.with_name("half.dump")
    # Its table of contents is complete, but its data aren't.
    half.write_bytes(dump.read_bytes()[: dump.stat().st_size // 2])
    nonsense = dump.with_name("nonsense.dump")
    nonsense.write_text("nonsense")
    for broken in (half, nonsense, dump.with_name("missing.dump")):
        assert engine.run("restore.sh", broken).returncode != 0
        assert not [call for call in engine.calls() if "stop" in call or "migrate" in call]
        assert agencies(engine) == before
    # And a later attempt succeeds.
    assert engine.run("restore.sh", dump).returncode == 0


def test_half_of_a_dump_is_no_backup(engine: Engine) -> None:
    docker = (engine.folder / "docker").read_text()
    (engine.folder / "docker").write_text(
        docker.replace('exec "$@"', 'if [ "$1" = pg_dump ]; then "$@" | head -c -2000; else exec "$@"; fi')
    )
    assert engine.run("backup.sh", engine.dumps).returncode != 0
    assert list(engine.dumps.iterdir()) == []


@pytest.fixture
def checkout(engine: Engine) -> Path:
    """A checkout with umask 077."""
    folder = engine.folder / "checkout"
    shutil.copytree(BASE_DIR / "deploy", folder / "deploy")
    (folder / "deploy" / "caddy" / "local" / "key.pem").write_text("secret")
    for path in (folder / "deploy").rglob("*"):
        path.chmod(path.stat().st_mode & 0o700)
    return folder


def test_upgrade_dumps_migrates_and_exchanges_one_service_after_another(engine: Engine, checkout: Path) -> None:
    result = engine.run("upgrade.sh", engine.dumps, cwd=checkout)
    assert result.returncode == 0, result.stderr
    assert len(list(engine.dumps.iterdir())) == 1
    assert [call for call in engine.calls() if "pg_" not in call] == [
        "compose build --pull migrate",
        "compose run --rm migrate",
        "compose up --detach --no-deps --wait worker beat",
        "compose up --detach --no-deps --wait web",
        "compose exec -T proxy caddy reload --config /etc/caddy/Caddyfile",
    ]
    caddy = checkout / "deploy" / "caddy"
    assert all(path.stat().st_mode & 0o004 for path in (caddy / "Caddyfile", caddy / "pages" / "unavailable.html"))
    # Keys stay as their owner has them.
    assert not (caddy / "local" / "key.pem").stat().st_mode & 0o077


@pytest.mark.parametrize("failing", ["compose exec -T db pg_dump*", "compose build*", "compose run*"])
def test_upgrade_stops_at_the_first_error(engine: Engine, checkout: Path, failing: str) -> None:
    docker = engine.folder / "docker"
    pattern = failing.replace(" ", "\\ ")
    docker.write_text(docker.read_text().replace('case "$*" in\n', f'case "$*" in\n{pattern}) exit 1 ;;\n', 1))
    assert engine.run("upgrade.sh", engine.dumps, cwd=checkout).returncode != 0
    assert not [call for call in engine.calls() if " up " in call]
