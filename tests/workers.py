"""Celery worker and beat as in production, with the test database and SMTP server, and a broker connection that can fail."""

import contextlib
import multiprocessing
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self
from unittest.mock import patch
from urllib.parse import parse_qs, urlsplit

import pytest
from celery.__main__ import main as celery_main
from django.db import connection
from kombu import pools

from partnerportal import celery_app
from partnerportal.embedded.environment import BASE_DIR
from reviews.rounds import automatic, runner
from tests.polling import eventually
from tests.smtp import Sink

#: Settings in seconds, short so that tests don't wait long. Beats enqueue all sweeps at each interval: more often, a worker on a busy
#: machine wouldn't keep up, and the last sweeps of each interval would always have expired.
LEASE, BACKOFF, SWEEP, REMINDERS = 1.5, 0.2, 0.8, 1.5


def _run(arguments: list[str], log: str) -> None:
    """Run Celery in this process, as the leader of a new session."""
    os.setsid()
    with Path(log).open("wb") as output:
        for descriptor in (1, 2):
            os.dup2(output.fileno(), descriptor)
    # Review rounds send at any time, so that their tests can run on Sundays.
    runner.is_open = automatic.is_open = lambda *_: True
    sys.argv = ["celery", *arguments]
    celery_main()


class Fork:
    """A Celery process that is a fork of one that has loaded everything, which saves most of the work of its start."""

    _context = multiprocessing.get_context("forkserver")
    _context.set_forkserver_preload(["tests.preloaded", "tests.workers"])

    def __init__(self, arguments: list[str], env: dict[str, str], log: Path) -> None:
        self._process = self._context.Process(target=_run, args=(arguments, str(log)), daemon=True)
        # Only the first one starts the process to be forked, which keeps its environment.
        with patch.dict(os.environ, env, clear=True):
            self._process.start()
        self.pid = self._process.pid

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self, seconds: float) -> int:
        self._process.join(seconds)
        code = self.poll()
        assert code is not None, "it still runs"
        return code

    def terminate(self) -> None:
        self._process.terminate()


class Process:
    """A Celery process. Its `log` contains the text `ready` once it has started."""

    def __init__(self, *arguments: str, env: dict[str, str], log: Path, ready: str) -> None:
        self.arguments = ["-A", "partnerportal", *arguments]
        self.env = env
        self.log = log
        self.ready = ready
        self._process: Fork | subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Kill the process if it runs."""
        # An orderly stop takes seconds, and no test depends on what the process still does.
        if self.is_running:
            self.kill()

    def start(self) -> None:
        """Start the process, or restart it after it was killed."""
        assert not self.is_running, "it runs already"
        # It may contain `ready` of an earlier start.
        self.log.write_bytes(b"")
        self._process = self._start()
        eventually(lambda: self.ready in self.log.read_text() or not self.is_running, "it is ready", seconds=60, otherwise=self.logged)
        assert self.is_running, self.logged()

    def _start(self) -> "Fork | subprocess.Popen[bytes]":
        with self.log.open("wb") as log:
            command = [sys.executable, "-m", "celery", *self.arguments]
            return subprocess.Popen(
                command, cwd=BASE_DIR, env=self.env, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )

    def ask_to_end(self) -> None:
        """Send SIGTERM to the main process only, so that running tasks are completed."""
        assert self._process, "it doesn't run"
        self._process.terminate()

    def ended(self) -> int:
        """Wait for the end of the process, and return its exit code."""
        assert self._process, "it doesn't run"
        code = self._process.wait(15)
        self._process = None
        return code

    def kill(self) -> None:
        """Send SIGKILL to the process and its children."""
        assert self._process, "it doesn't run"
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(5)
        self._process = None

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def logged(self) -> str:
        """Return the end of the log."""
        return "\n".join(self.log.read_text().splitlines()[-40:])


class ForkedProcess(Process):
    """A Celery process that is a fork. All of a test process have the same environment."""

    def _start(self) -> Fork:
        return Fork(self.arguments, self.env, self.log)


def environment(sink: Sink, redis_url: str) -> dict[str, str]:
    """Return the environment of a process with production settings that uses the test database and `sink`."""
    database = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}")
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "partnerportal.settings",
        "DATABASE_URL": database.geturl(),
        "REDIS_URL": redis_url,
        "EMAIL_URL": sink.url,
        "OUTBOX_LEASE": str(LEASE),
        "OUTBOX_RETRY_DELAY": str(BACKOFF),
        "OUTBOX_SWEEP_INTERVAL": str(SWEEP),
        "IMPORT_LEASE": str(LEASE),
        "LOG_FORMAT": "json",
        "REVIEW_REMINDER_INTERVAL": str(REMINDERS),
        "PYTHONUNBUFFERED": "1",
    }


def worker(sink: Sink, redis_url: str, folder: Path) -> Process:
    """Return a worker with two child processes."""
    return ForkedProcess(
        "worker",
        "--concurrency=2",
        "--without-gossip",
        "--without-mingle",
        env=environment(sink, redis_url),
        log=folder / "worker.log",
        ready=" ready.",
    )


def beat(sink: Sink, redis_url: str, folder: Path) -> Process:
    """Return a beat process with its own schedule file."""
    schedule = f"--schedule={folder / 'schedule'}"
    return ForkedProcess("beat", schedule, "--pidfile=", env=environment(sink, redis_url), log=folder / "beat.log", ready="beat: Starting")


class Wire:
    """A TCP proxy to the broker that can fail or hang."""

    def __init__(self) -> None:
        self._target = urlsplit(os.environ["REDIS_URL"])
        self._listener: socket.socket | None = None
        self._port = 0
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._passing = threading.Event()
        self._passing.set()

    def __enter__(self) -> Self:
        self.mend()
        return self

    def __exit__(self, *_: object) -> None:
        self.cut()

    @property
    def url(self) -> str:
        """REDIS_URL through this proxy."""
        number = parse_qs(self._target.query).get("db", ["0"])[0] if self._target.scheme == "unix" else self._target.path.strip("/") or "0"
        sign_in = self._target.netloc.rpartition("@")[0]
        return f"redis://{sign_in + '@' if sign_in else ''}127.0.0.1:{self._port}/{number}"

    def cut(self) -> None:
        """Simulate a stopped broker: close connections and refuse new ones."""
        if self._listener:
            # close() alone wouldn't interrupt accept().
            self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None
        while self._pairs:
            for end in self._pairs.pop():
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)

    def mend(self) -> None:
        """Accept connections again, on the same port."""
        self._listener = socket.create_server(("127.0.0.1", self._port))
        self._port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    @contextmanager
    def dead(self) -> Iterator[None]:
        """Simulate a hanging broker: connections stay open without responses."""
        self._passing.clear()
        try:
            yield
        finally:
            self._passing.set()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                near = listener.accept()[0]
            except OSError:
                return
            if self._target.scheme == "unix":
                far = socket.socket(socket.AF_UNIX)
                far.connect(self._target.path)
            else:
                far = socket.create_connection((self._target.hostname, self._target.port or 6379))
            self._pairs.append((near, far))
            threading.Thread(target=self._pass_on, args=(near, far), daemon=True).start()

    def _pass_on(self, near: socket.socket, far: socket.socket) -> None:
        other = {near: far, far: near}
        try:
            while True:
                for end in select.select([near, far], [], [], 60)[0]:
                    data = end.recv(65536)
                    self._passing.wait()
                    if not data:
                        return
                    other[end].sendall(data)
        except (OSError, ValueError):
            return  # cut() closed the connection.
        finally:
            near.close()
            far.close()


def delete_queued_tasks() -> None:
    """Delete the tasks of earlier tests that no worker has received yet."""
    celery_app.control.purge()


def finish_tasks(process: Process) -> None:
    """Wait until the worker is idle, so that its tasks change nothing during the next test. Kill a worker that doesn't respond."""
    delete_queued_tasks()
    end = time.monotonic() + 5
    while process.is_running:
        inspect = celery_app.control.inspect(timeout=1, limit=1)
        if all(tasks == [] for answer in (inspect.active(), inspect.reserved()) for tasks in (answer or {"": None}).values()):
            return
        if time.monotonic() > end:
            process.stop()


@contextmanager
def broker_at(url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let this process publish tasks to another broker, which may not exist."""

    def forget_connections() -> None:
        pools.reset()
        celery_app._pool = None
        celery_app.amqp._producer_pool = None

    with monkeypatch.context() as patch:
        # Celery reads this variable on each connection.
        patch.setenv("CELERY_BROKER_WRITE_URL", url.replace("unix://", "redis+socket://", 1))
        forget_connections()
        yield
    forget_connections()
