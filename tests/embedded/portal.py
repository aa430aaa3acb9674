"""A complete portal whose servers can be stopped and restarted: web, worker, beat, PostgreSQL, Valkey, SMTP."""

import http.client
import os
import re
import subprocess
import sys
import time
from contextlib import ExitStack, closing
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlencode

import psycopg
from django.core import signing

from partnerportal.embedded.environment import BASE_DIR
from partnerportal.embedded.postgres import Postgres
from partnerportal.embedded.processes import wait_until
from partnerportal.embedded.valkey import Valkey
from tests.embedded.test_run import free_port
from tests.smtp import Sink
from tests.workers import BACKOFF, LEASE, SWEEP, Process

KEY = "x" * 50
METRICS_TOKEN = "m" * 20
#: Statement timeout of the web process in seconds.
STATEMENT_TIMEOUT = 2


@dataclass
class Response:
    status: int
    headers: Message
    text: str


class Site:
    """A portal on a data folder with a migrated database and the cast."""

    def __init__(self, data_dir: Path) -> None:
        self.postgres, self.valkey, self.smtp = Postgres(data_dir, durable=False), Valkey(data_dir, durable=False), Sink()
        self.data_dir = data_dir
        self.port = free_port()
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self._stack.close()
            raise
        return self

    def _start(self) -> None:
        for server in (self.postgres, self.valkey):
            self._stack.callback(server.stop)
            server.start()
        self._stack.enter_context(self.smtp)
        self.env = {
            "PATH": os.environ["PATH"],
            "SECRET_KEY": KEY,
            "SITE_URL": f"http://127.0.0.1:{self.port}",
            "DATABASE_URL": self.postgres.url,
            "REDIS_URL": self.valkey.url,
            "EMAIL_URL": self.smtp.url,
            "PORTAL_DATA_DIR": str(self.data_dir),
            "PORT": str(self.port),
            "WEB_CONCURRENCY": "1",
            "WEB_STATEMENT_TIMEOUT": str(STATEMENT_TIMEOUT),
            "METRICS_TOKEN": METRICS_TOKEN,
            "OUTBOX_LEASE": str(LEASE),
            "OUTBOX_RETRY_DELAY": str(BACKOFF),
            "OUTBOX_SWEEP_INTERVAL": str(SWEEP),
            # Without hashed names, because static files aren't collected.
            "DJANGO_SETTINGS_MODULE": "tests.embedded.settings",
        }
        self.web = self.start_web()
        self._stack.callback(self._stop_web)
        options = ["worker", "--concurrency=1", "--without-gossip", "--without-mingle"]
        self.worker = self._celery("worker", *options, ready=" ready.")
        schedule = f"--schedule={self.data_dir / 'schedule'}"
        self.beat = self._celery("beat", "beat", schedule, "--pidfile=", ready="beat: Starting")
        assert wait_until(lambda: self.is_up(self.port), 90)

    def _celery(self, name: str, *options: str, ready: str) -> Process:
        env = self.env | {"HEARTBEAT_FILE": str(self.heartbeat_of(name))}
        return self._stack.enter_context(Process(*options, env=env, log=self.data_dir / f"{name}.log", ready=ready))

    def heartbeat_of(self, name: str) -> Path:
        """Return the heartbeat file of "worker" or "beat"."""
        return self.data_dir / f"{name}.heartbeat"

    def _stop_web(self) -> None:
        self.web.terminate()
        self.web.wait(30)

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def start_web(self, **variables: str) -> "subprocess.Popen[bytes]":
        """Return a web process with production settings."""
        return subprocess.Popen([sys.executable, "-m", "gunicorn"], cwd=BASE_DIR, env=self.env | variables, stderr=subprocess.DEVNULL)

    def is_up(self, port: int) -> bool:
        try:
            return self.request("/healthz", port=port).status == 200
        except OSError:
            return False

    def request(self, path: str, body: dict[str, str] | None = None, *, port: int = 0, **headers: str) -> Response:
        """Send GET, or POST with a body."""
        form = {"Content-Type": "application/x-www-form-urlencoded"} if body else {}
        host = {"Host": f"127.0.0.1:{self.port}"}
        with closing(http.client.HTTPConnection("127.0.0.1", port or self.port, timeout=30)) as connection:
            connection.request("POST" if body else "GET", path, body=urlencode(body or {}), headers={**host, **form, **headers})
            response = connection.getresponse()
            return Response(response.status, response.headers, response.read().decode())

    def submit(self, path: str, **fields: str) -> Response:
        """Load a page, and submit its form."""
        page = self.request(path)
        cookie = page.headers["Set-Cookie"].split(";")[0]
        (token,) = re.findall(r'csrfmiddlewaretoken" value="(\w+)"', page.text)[:1]
        return self.request(path, {"csrfmiddlewaretoken": token, **fields}, Cookie=cookie)

    def sign_in(self) -> int:
        """Attempt to sign in, which Redis counts, and return the status."""
        return self.submit("/accounts/login/", login="anna@people.example", password="not-hers").status

    def contact(self, email: str) -> Response:
        """Submit the contact form, which queues a confirmation to the sender."""
        # Old enough not to be rejected as spam.
        stamp = signing.dumps([email, time.time() - 60], key=KEY, salt="requests_inbox.stamps")
        return self.submit("/partners/alder/contact/", name="Ute", email=email, message="We need a shop.", consent="on", stamp=stamp)

    def database(self) -> "psycopg.Connection[Any]":
        """Open a separate connection to the portal's database."""
        return psycopg.connect(self.postgres.url.replace("@:5432/", "@/"))

    def count(self, query: str, *parameters: object) -> int:
        with self.database() as connection:
            row = connection.execute(query, parameters).fetchone()
            assert row
            return int(row[0])

    @property
    def processes(self) -> tuple[int, ...]:
        """Return the PIDs of the processes, which don't change unless they are restarted."""
        children = (self.worker._process, self.beat._process)
        assert all(child and child.poll() is None for child in (self.web, *children)), self.worker.logged() + self.beat.logged()
        return (self.web.pid, *(child.pid for child in children if child))
