"""Measures the delivery of e-mails: the portal's worker, and plain Celery with a reused SMTP connection.

Runs as `python -m bench.mails portal|plain COUNT` in the portal's environment to enqueue e-mails.
"""

import contextlib
import os
import signal
import socketserver
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from bench.drive import PageError
from partnerportal.embedded.environment import BASE_DIR
from partnerportal.embedded.paths import open_log
from partnerportal.embedded.processes import terminate

#: Celery application, by kind.
APPLICATIONS = {"portal": "partnerportal", "plain": "bench.bare.mail"}
#: Seconds without an e-mail after which the measurement fails.
TIMEOUT = 60


class Sink(socketserver.ThreadingTCPServer):
    """An SMTP server that accepts all e-mails and records when they arrived."""

    daemon_threads = True
    arrivals: list[float]


class _Session(socketserver.StreamRequestHandler):
    # Otherwise each answer waits for the acknowledgement of the one before.
    disable_nagle_algorithm = True

    def handle(self) -> None:
        self.wfile.write(b"220 bench\r\n")
        for line in self.rfile:
            command = line[:4].upper()
            if command == b"DATA":
                self.wfile.write(b"354 go ahead\r\n")
                while self.rfile.readline() not in {b".\r\n", b""}:
                    pass
                self.server.arrivals.append(time.perf_counter())  # type: ignore[attr-defined]
            self.wfile.write(b"221 bye\r\n" if command == b"QUIT" else b"250 ok\r\n")
            if command == b"QUIT":
                return


#: Called repeatedly with the worker's process ID and the number of e-mails that have arrived.
Watch = Callable[[int, int], None]


def mails_per_second(kind: str, count: int, data_dir: Path, env: dict[str, str], watch: Watch = lambda *_: None) -> float:
    """Enqueue e-mails, let one worker with one process deliver them, and return their number per second."""
    application = APPLICATIONS[kind]
    celery = [sys.executable, "-m", "celery", "-A", application]
    with Sink(("127.0.0.1", 0), _Session) as sink, open_log(data_dir, f"mail-{kind}") as log:
        sink.arrivals = []
        threading.Thread(target=sink.serve_forever, daemon=True).start()
        # Tasks expire with the lease, and there is no beat that enqueues the e-mails again.
        env = {**env, "EMAIL_URL": f"smtp://127.0.0.1:{sink.server_address[1]}", "OUTBOX_LEASE": "3600", "LOG_LEVEL": "WARNING"}
        for command in ([*celery, "purge", "-f"], [sys.executable, "-m", "bench.mails", kind, str(count)]):
            if subprocess.run(command, check=False, cwd=BASE_DIR, env=env, stdout=log, stderr=log).returncode:  # noqa: S603
                raise PageError(f"{' '.join(command[1:3])} failed: see {data_dir}/log/mail-{kind}.log")
        worker = subprocess.Popen(  # noqa: S603
            [*celery, "worker", "--concurrency=1", "--without-gossip", "--without-mingle", "--loglevel=WARNING"],
            cwd=BASE_DIR,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            _await(sink, count, lambda arrived: watch(worker.pid, arrived))
        finally:
            terminate(worker, (signal.SIGTERM, 15), (signal.SIGKILL, 5))
            sink.shutdown()
        # The first e-mail isn't counted, because it includes connecting.
        return (count - 1) / (sink.arrivals[count - 1] - sink.arrivals[0])


def _await(sink: Sink, count: int, watch: Callable[[int], None]) -> None:
    started = time.perf_counter()
    while (arrived := len(sink.arrivals)) < count:
        watch(arrived)
        if time.perf_counter() - max([started, *sink.arrivals[-1:]]) > TIMEOUT:
            raise PageError(f"Only {len(sink.arrivals)} of {count} e-mails arrived")
        time.sleep(0.05)
    watch(count)


def _enqueue(kind: str, count: int) -> None:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "partnerportal.settings")
    django.setup()
    from django.db import transaction
    from django.utils import translation

    from partnerportal.outbox.letters import Letter, render_letter
    from partnerportal.outbox.services import queue_rendered

    letter = Letter(
        kind="bench",
        to="lea@bench.example",
        language="en",
        subject="Your project",
        name="Lea Brandt",
        intro="A new message.",
        link="https://bench.example/",
    )
    with translation.override("en"):
        rendered = render_letter(letter)
    if kind == "portal":
        with transaction.atomic():
            for _ in range(count):
                queue_rendered(letter, rendered)
    else:
        # Becomes the current Celery application.
        from bench.bare.mail import send

        for _ in range(count):
            send.delay(letter.to, rendered.subject, rendered.text, rendered.html)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        _enqueue(sys.argv[1], int(sys.argv[2]))
