"""Runs the benchmark and prints its results.

Options are environment variables: CUSTOMERS and REVIEWS in total, SECONDS per page and round, ROUNDS, MAILS,
and BASELINE, the saved output of an earlier run to compare with. MEMORY=1 measures the memory of the processes
instead. DATABASE_URL and REDIS_URL replace the
embedded servers. The results are a Markdown table on the standard output; progress goes to the standard error.
"""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bench.drive import Page, PageError, Result, Round, drive, page_from
from bench.mails import mails_per_second
from bench.memory import memory_table
from bench.report import Row, comparison, read_ratios, table
from partnerportal.embedded.build import build_static_files
from partnerportal.embedded.console import StartupError, echo
from partnerportal.embedded.environment import BASE_DIR, load_config
from partnerportal.embedded.paths import open_data_dir, open_log
from partnerportal.embedded.processes import terminate
from partnerportal.embedded.servers import servers

WORKERS = 2
#: Number of prepared form submissions per second.
POSTS_PER_SECOND = 250


def main() -> int:
    # Raises KeyboardInterrupt, so that all processes are terminated.
    for sign in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(sign, signal.default_int_handler)
    try:
        bench(os.environ)
    except (StartupError, PageError) as error:
        echo(str(error), error=True)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def bench(environ: Mapping[str, str]) -> None:
    customers, reviews, rounds = _number(environ, "CUSTOMERS", 125_000), _number(environ, "REVIEWS", 50_000), _number(environ, "ROUNDS", 2)
    seconds, mails = _number(environ, "SECONDS", 1), _number(environ, "MAILS", 10_000)
    before = read_ratios(Path(environ["BASELINE"])) if environ.get("BASELINE") else {}
    folder = open_data_dir(Path(environ.get("PORTAL_DATA_DIR") or BASE_DIR / ".portal"))
    data_dir = open_data_dir(open_data_dir(folder / "bench") / f"{customers}-{reviews}")
    ports, bare_ports = _free_ports(WORKERS), _free_ports(WORKERS)
    config = load_config(
        {
            **{name: value for name, value in environ.items() if name not in {"SITE_URL", "EMAIL_URL", "ALLOWED_HOSTS"}},
            "PORTAL_DATA_DIR": str(data_dir),
            "PORTAL_DEMO": "0",
            "DEBUG": "0",
            "HOST": "127.0.0.1",
            "PORT": str(ports[0]),
            "WEB_CONCURRENCY": str(WORKERS),
            "LOG_LEVEL": "WARNING",
            # Restarts of workers would distort the results.
            "GUNICORN_CMD_ARGS": "--max-requests 0",
            # Forms are submitted from many IP addresses, because of the rate limits.
            "TRUSTED_PROXY_COUNT": "1",
        }
    )
    with ExitStack() as stack:
        embedded = servers(data_dir, postgres=config.wants_postgres, valkey=config.wants_valkey)
        if config.wants_postgres or config.wants_valkey:
            config.env.update(stack.enter_context(embedded))
        echo("Preparing the database and the static files …", error=True)
        build_static_files()
        manage = [sys.executable, "manage.py"]
        for step in (["migrate", "--noinput", "--verbosity=0"], ["collectstatic", "--noinput", "--verbosity=0"]):
            _run([*manage, *step], config.env)
        with tempfile.TemporaryDirectory() as scratch:
            file = Path(scratch) / "pages.json"
            posts = rounds * seconds * POSTS_PER_SECOND
            _run([sys.executable, "-m", "bench.pages", *map(str, (file, customers, reviews, posts))], config.env)
            pages = [page_from(page) for page in json.loads(file.read_text())]
        if environ.get("MEMORY"):
            with _gunicorn(data_dir, "web", [], config.env, ports[0]) as web:
                shown = [page for page in pages if not page.posts and not page.revalidated]
                echo(memory_table(shown, ports[0], web.pid, data_dir, config.env))
            return
        bare = [page_from(page) for page in json.loads(_run([sys.executable, "-m", "bench.bare"], config.env))]
        for number, (port, bare_port) in enumerate(zip(ports, bare_ports, strict=True)):
            single = {**config.env, "WEB_CONCURRENCY": "1"}
            stack.enter_context(_gunicorn(data_dir, f"web{number}", [], {**single, "PORT": str(port)}, port))
            stack.enter_context(_gunicorn(data_dir, f"bare{number}", ["bench.bare.wsgi"], {**single, "PORT": str(bare_port)}, bare_port))
        results = _drive([*((page, bare_ports) for page in bare), *((page, ports) for page in pages)], bare[-1], rounds, seconds)
        rows = [*(result.row() for result in results), *_mails(mails, data_dir, config.env)]
    echo(table(rows, before))
    load = ", ".join(f"{number:.1f}" for number in os.getloadavg())
    echo(
        f"\n{customers:,} customers, {reviews:,} reviews; {rounds} rounds of {seconds} s a page, {WORKERS} gunicorn processes "
        f"with one worker and one connection each, {os.cpu_count()} CPUs; load average {load} "
        f"(with nothing else on the machine, about {os.cpu_count()})."
    )
    if before:
        echo("\n" + comparison(rows, before))


def _mails(count: int, data_dir: Path, env: dict[str, str]) -> list[Row]:
    """Measure the delivery of e-mails, whose ratio is to plain Celery."""
    echo(f"{count:,} e-mails …", error=True)
    plain, portal = (mails_per_second(kind, count, data_dir, env) for kind in ("plain", "portal"))
    return [Row("bare: e-mails by Celery", plain), Row("e-mails by one worker", portal, ratio=portal / plain)]


def _drive(pages: list[tuple[Page, list[int]]], baseline: Page, rounds: int, seconds: int) -> list[Result]:
    """Measure all pages in several rounds. `baseline` is the page that the others are compared with."""
    posts = {page.name: deque(page.posts) for page, _ports in pages}
    results = {page.name: Result(page, [], []) for page, _ports in pages}
    for page, ports in pages:
        if not page.posts:
            drive(page, ports, seconds=0.2, posts=deque())
    for number in range(1, rounds + 1):
        echo(f"Round {number} of {rounds} …", error=True)
        measured: dict[str, Round] = {}
        for page, ports in pages:
            measured[page.name] = drive(page, ports, seconds=seconds, posts=posts[page.name])
        for name, result in measured.items():
            if result.latencies:
                results[name].rounds.append(result)
                results[name].ratios.append(result.per_second / measured[baseline.name].per_second)
    return list(results.values())


def _number(environ: Mapping[str, str], name: str, default: int) -> int:
    text = environ.get(name) or str(default)
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise StartupError(f"{name} must be a number greater than 0, not “{text}”")
    return int(text)


def _free_ports(number: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(number)]
        for listener in sockets:
            listener.bind(("127.0.0.1", 0))
        return [listener.getsockname()[1] for listener in sockets]


def _run(command: list[str], env: dict[str, str]) -> str:
    """Run a command, and return the output of `bench.bare`. Others print to the standard error."""
    captured = subprocess.PIPE if "bench.bare" in command else sys.stderr
    result = subprocess.run(command, check=False, cwd=BASE_DIR, env=env, text=True, stdout=captured)  # noqa: S603
    if result.returncode:
        raise StartupError(f"{' '.join(command[1:3])} failed with exit code {result.returncode}")
    return result.stdout or ""


@contextmanager
def _gunicorn(data_dir: Path, name: str, application: list[str], env: dict[str, str], port: int) -> "Iterator[subprocess.Popen[bytes]]":
    """Run a web server with the portal's gunicorn configuration."""
    with open_log(data_dir, name) as log:
        process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", "gunicorn", *application],
            cwd=BASE_DIR,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        _await_answer(process, port, f"{data_dir}/log/{name}.log")
        yield process
    finally:
        terminate(process, (signal.SIGTERM, 15), (signal.SIGKILL, 5))


def _await_answer(process: "subprocess.Popen[bytes]", port: int, log: str) -> None:
    for _ in range(450):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        try:
            connection.request("GET", "/healthz")
            connection.getresponse().read()
        except OSError:
            if process.poll() is not None:
                break
            time.sleep(0.2)
        else:
            return
        finally:
            connection.close()
    raise StartupError(f"The web server did not answer: see {log}")


if __name__ == "__main__":
    sys.exit(main())
