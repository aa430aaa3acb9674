"""The `run` command: start, requests, conflicts, crashes, restart and shutdown."""

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import psycopg
import pytest

from partnerportal.embedded.build import static_fingerprint
from partnerportal.embedded.environment import BASE_DIR
from partnerportal.embedded.paths import open_data_dir
from partnerportal.embedded.processes import wait_until
from partnerportal.embedded.servers import servers
from tests.embedded.conftest import copied, end_everything_in, names_in, processes_of
from tests.servers import temporary_folder

if TYPE_CHECKING:
    from tests.embedded.portal import Site

EMBEDDED = [sys.executable, "-m", "partnerportal.embedded"]
#: Timeout for a start with all migrations, in seconds.
START_TIMEOUT = 120
#: All columns, constraints, indexes, triggers and functions.
SCHEMA = """
SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace = 'public'::regnamespace
UNION ALL SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
UNION ALL SELECT tgrelid::regclass::text, tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
UNION ALL SELECT '', proname, prosrc FROM pg_proc WHERE pronamespace = 'public'::regnamespace
UNION ALL SELECT table_name, column_name, concat_ws(' ', data_type, is_nullable, column_default, generation_expression)
FROM information_schema.columns WHERE table_schema = 'public'
"""


class Portal:
    """A portal on a data folder."""

    def __init__(self, data_dir: Path, **variables: str) -> None:
        self.data_dir = open_data_dir(data_dir)
        # Skips collecting static files, which is slow.
        (self.data_dir / "static.fingerprint").write_text(static_fingerprint())
        self.port = free_port()
        self.env = {
            "PATH": os.environ["PATH"],
            "PORTAL_DATA_DIR": str(data_dir),
            "PORTAL_DEMO": "0",
            "PORT": str(self.port),
            "WEB_CONCURRENCY": "1",
            **variables,
        }

    def start(self) -> "subprocess.Popen[str]":
        """Start the portal, and wait until it responds or exits."""
        self.terminal = self.data_dir / "terminal"
        with self.terminal.open("w") as file:
            run = subprocess.Popen([*EMBEDDED, "run"], cwd=BASE_DIR, env=self.env, stdout=file, stderr=file, start_new_session=True)
        assert wait_until(lambda: run.poll() is not None or "Partner Portal is running at" in self.output(), START_TIMEOUT), self.output()
        return run

    def output(self) -> str:
        return self.terminal.read_text()

    def run(self, *arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [*EMBEDDED, *arguments],
            cwd=BASE_DIR,
            env=self.env | variables,
            capture_output=True,
            text=True,
            timeout=START_TIMEOUT,
            check=False,
        )

    def sql(self, statement: str) -> str:
        """Run a statement through `exec`, and return its output."""
        code = "from django.db import connection\n"
        code += f"with connection.cursor() as cursor:\n  cursor.execute({statement!r})\n"
        code += "  print(cursor.fetchone() if cursor.description else '')\n"
        result = self.run("exec", "--", sys.executable, "manage.py", "shell", "--no-imports", "-c", code)
        assert result.returncode == 0, result.stderr
        return result.stdout.strip()

    def database(self) -> "psycopg.Connection[Any]":
        """Open a connection to the running portal's database."""
        return psycopg.connect(f"postgres://portal@/portal?host={self.data_dir}/postgres")

    def answers(self) -> bool:
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)) as connection:
            try:
                connection.request("GET", "/healthz")
                return connection.getresponse().status == 200
            except OSError:
                return False

    def of(self, name: str) -> int:
        """Return the PID of the running child with this name."""
        pids = []
        for process in processes_of(self.data_dir):
            # Helper processes of the servers can exit at any time.
            with contextlib.suppress(psutil.NoSuchProcess, ProcessLookupError):
                if self.is_main(process.cmdline(), name, process.pid):
                    pids.append(process.pid)
        (pid,) = pids
        return pid

    @staticmethod
    def is_main(command: list[str], name: str, pid: int) -> bool:
        # Children are session leaders. Their own children have the same command line.
        return name in command and os.getsid(pid) == pid


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def portal() -> Iterator[Portal]:
    """A running portal, for tests that don't change it."""
    folder = temporary_folder("portal-test-")
    portal = Portal(folder / "data")
    run = portal.start()
    yield portal
    run.terminate()
    run.wait(60)
    end_everything_in(folder)


def test_listens_on_loopback_only(portal: Portal) -> None:
    assert portal.answers()
    listening = {
        connection.laddr.ip
        for process in processes_of(portal.data_dir)
        for connection in process.net_connections("inet")
        if connection.status == "LISTEN"
    }
    assert listening == {"127.0.0.1"}


def test_runs_web_worker_and_beat(portal: Portal) -> None:
    assert len({portal.of(name) for name in ("gunicorn", "worker", "beat")}) == 3


def test_first_start_creates_the_schema_of_all_tests(portal: Portal, site: "Site") -> None:
    with portal.database() as started, site.database() as tested:
        assert set(started.execute(SCHEMA)) ^ set(tested.execute(SCHEMA)) == set()


def test_second_start_is_rejected_with_one_line(portal: Portal) -> None:
    second = portal.run("run", PORT=str(free_port()))
    assert second.returncode == 1
    assert second.stdout == ""
    assert len(second.stderr.splitlines()) == 1
    assert f"Another portal is already using {portal.data_dir}" in second.stderr
    assert portal.answers()


def test_used_port_is_named_and_nothing_keeps_running(portal: Portal, folder: Path) -> None:
    other = Portal(folder / "other")
    result = other.run("run", PORT=str(portal.port))
    assert result.returncode == 1
    assert len(result.stderr.splitlines()) == 1
    assert f"Port {portal.port} is already in use" in result.stderr
    assert not processes_of(folder)


def test_exec_uses_running_servers_and_keeps_them(portal: Portal) -> None:
    before = (portal.data_dir / "postgres" / "postmaster.pid").read_text()
    assert portal.sql("SELECT current_user") == "('portal',)"
    assert (portal.data_dir / "postgres" / "postmaster.pid").read_text() == before
    assert portal.answers()


def test_restart_after_a_kill_keeps_data_and_ctrl_c_stops_everything(folder: Path, migrated: Path) -> None:
    portal = Portal(copied(migrated, folder / "data"))
    first = portal.start()
    with portal.database() as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS value")
    first.kill()
    first.wait()
    left = {portal.of(name) for name in ("gunicorn", "worker", "beat")}
    # Orphaned children use the port, and the servers still run.
    assert portal.answers()

    second = portal.start()
    assert portal.answers()
    with portal.database() as connection:
        assert connection.execute("SELECT value FROM kept").fetchall() == [(7,)]
    assert not left & {portal.of(name) for name in ("gunicorn", "worker", "beat")}

    # Like a terminal, sends the signal to the foreground process group.
    os.killpg(second.pid, signal.SIGINT)
    assert second.wait(60) == 0
    assert not processes_of(folder)
    assert "Traceback" not in portal.output()


@pytest.mark.parametrize("name", ["gunicorn", "valkey-server"])
def test_exited_process_is_named_and_the_others_are_terminated(folder: Path, migrated: Path, name: str) -> None:
    with servers(copied(migrated, folder / "elsewhere"), valkey=name != "valkey-server", durable=False) as env:
        portal = Portal(folder / "data", **env)
        run = portal.start()
        pid = portal.of(name) if name == "gunicorn" else next(p.pid for p in processes_of(portal.data_dir) if p.name() == name)
        os.kill(pid, signal.SIGKILL)
        assert run.wait(60) == 1
        assert ("web exited unexpectedly, killed by SIGKILL" if name == "gunicorn" else "Valkey exited unexpectedly") in portal.output()
        assert not processes_of(portal.data_dir)
        # Configured servers are used instead of embedded ones.
        assert not (portal.data_dir / "postgres").exists()


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGHUP])
def test_sigterm_during_the_start_stops_it(folder: Path, sign: signal.Signals) -> None:
    portal = Portal(folder / "data")
    run = subprocess.Popen([*EMBEDDED, "run"], cwd=BASE_DIR, env=portal.env, start_new_session=True)
    assert wait_until(lambda: (portal.data_dir / "log" / "migrate.log").exists(), START_TIMEOUT)
    run.send_signal(sign)
    assert run.wait(60) == 0
    assert not processes_of(folder)


def test_exec_starts_and_stops_servers_and_returns_the_exit_code(folder: Path) -> None:
    portal = Portal(folder / "data")
    result = portal.run("exec", "--", "sh", "-c", "test -S $PORTAL_DATA_DIR/valkey/valkey.sock && exit 7")
    assert result.returncode == 7
    assert not processes_of(folder)


def test_exec_stops_servers_when_its_command_is_terminated(folder: Path) -> None:
    portal = Portal(folder / "data")
    command = subprocess.Popen([*EMBEDDED, "exec", "--", "sleep", "60"], cwd=BASE_DIR, env=portal.env)
    assert wait_until(lambda: "sleep" in names_in(folder), START_TIMEOUT)
    command.terminate()
    assert command.wait(60) == 128 + signal.SIGTERM
    assert not processes_of(folder)


def test_exec_stops_starting_servers_when_it_is_terminated(folder: Path) -> None:
    portal = Portal(folder / "data")
    command = subprocess.Popen([*EMBEDDED, "exec", "--", "sleep", "60"], cwd=BASE_DIR, env=portal.env)
    assert wait_until(lambda: (portal.data_dir / "log" / "postgres.log").exists(), START_TIMEOUT)
    command.terminate()
    assert command.wait(60) == 130
    assert not processes_of(folder)


def test_exec_names_a_missing_command(folder: Path) -> None:
    result = Portal(folder / "data").run("exec", "--", "no-such-command", DATABASE_URL="postgres://x@127.0.0.1:9/x", REDIS_URL="redis://x")
    assert result.returncode == 1
    assert result.stderr == "no-such-command: No such file or directory\n"


def test_parallel_test_workers_have_separate_databases_that_are_removed(folder: Path) -> None:
    (folder / "test_it.py").write_text(
        "import os, pathlib, pytest\n"
        "@pytest.mark.parametrize('number', range(2))\n"
        "def test_it(number):\n"
        "    worker, *seen = (os.environ[name] for name in ('PYTEST_XDIST_WORKER', 'REDIS_URL', 'PORTAL_DATA_DIR'))\n"
        "    pathlib.Path(worker).write_text(' '.join(seen))\n"
    )
    (folder / "pytest.ini").write_text("[pytest]\n")
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "tests.servers",
        "-p",
        "no:django",
        "-p",
        "no:valkey",
        "-n",
        "2",
        "--dist",
        "each",
        "-q",
    ]
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(BASE_DIR), "TMPDIR": str(folder)}
    result = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=START_TIMEOUT, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    seen = {name: (folder / name).read_text().split() for name in ("gw0", "gw1")}
    assert seen["gw0"][0].endswith("valkey.sock?db=1")
    assert seen["gw1"][0].endswith("valkey.sock?db=2")
    (data_dir,) = {Path(data_dir) for _, data_dir in seen.values()}
    assert not data_dir.exists()
    assert not processes_of(data_dir)
