"""Supervisor of the portal's processes: web, worker and beat."""

import errno
import http.client
import socket
import sys
import time
from collections.abc import Mapping
from urllib.parse import urlsplit

from . import build
from .console import StartupError, echo
from .environment import LaunchConfig, load_config
from .paths import LockHeld, locked
from .servers import Servers
from .subprocesses import ProcessGroup, Signals, StopRequested

#: Timeout for the first response of the web process, in seconds.
STARTUP_TIMEOUT = 90

SIGN_INS = """\
  Sign in as                  Role                                  (password for all: partner-demo)
  anna@nordlicht.example      owner of the Nordlicht agency
  mia@nordlicht.example       manager at Nordlicht
  ben@nordlicht.example       staff at Nordlicht
  clara@suedwind.example      owner of a second agency, Südwind
  kim@client.example          a client who gives agencies access
  admin@portal.example        portal administrator: {site}/admin/
  Public profiles: {site}/partners/nordlicht/ and {site}/partners/suedwind/
  E-mails are saved as files in {data_dir}/mail"""


def run(environ: Mapping[str, str]) -> int:
    """Run the portal until SIGINT, SIGTERM or SIGHUP, and return 0. Raise StartupError if it fails."""
    signals = Signals()
    config = load_config(environ)
    try:
        with locked(config.data_dir / "run.lock", wait=False):
            children = ProcessGroup(config, signals)
            # First, because orphans may use the port.
            children.terminate_orphans()
            check_port(config.host, config.port)
            servers = Servers(config.data_dir, postgres=config.wants_postgres, valkey=config.wants_valkey)
            try:
                config.env.update(servers.start())
                _prepare(config, children)
                _serve(config, children, servers, signals)
            except StopRequested:
                echo("Stopping …")
            finally:
                signals.stopping = True
                children.terminate_all()
                servers.stop()
    except LockHeld as error:
        raise StartupError(f"Another portal is already using {config.data_dir}. Stop it, or set PORTAL_DATA_DIR and PORT") from error
    echo("Stopped. Your data is in", str(config.data_dir))
    return 0


def check_port(host: str, port: int) -> None:
    """Raise StartupError if the port can't be used."""
    try:
        family, kind, protocol, _name, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            # As in gunicorn, so that closing connections don't count.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise StartupError(
                f"Port {port} is already in use. Stop the other process, or choose another port (make run PORT={port + 1})"
            ) from error
        raise StartupError(f"Can’t listen on {host}, port {port} ({error.strerror}). Set HOST and PORT") from error


def _prepare(config: LaunchConfig, children: ProcessGroup) -> None:
    """Update the database, demo data, translations and static files."""
    manage = [sys.executable, "manage.py"]
    build.compile_translations()
    # Beside the next steps, because the first time it takes a few seconds.
    static_files = children.start_step("build", [sys.executable, "-m", "partnerportal.embedded.build"])
    echo("Preparing the database …")
    children.run_step("migrate", [*manage, "migrate", "--noinput"])
    # The embedded database is in the same folder, so that it contains the demo data if the file exists.
    seeded = config.data_dir / "demo.done"
    if config.is_demo and not (config.wants_postgres and seeded.exists()):
        children.run_step("seed_demo", [*manage, "seed_demo"])
        seeded.touch()
    children.finish_step(static_files)
    if not config.is_debug:
        fingerprint = build.static_fingerprint()
        fingerprint_file = config.data_dir / "static.fingerprint"
        if not fingerprint_file.exists() or fingerprint_file.read_text() != fingerprint:
            echo("Collecting static files …")
            children.run_step("collectstatic", [*manage, "collectstatic", "--noinput", "--clear"])
            fingerprint_file.write_text(fingerprint)


def _serve(config: LaunchConfig, children: ProcessGroup, servers: Servers, signals: Signals) -> None:
    """Run the processes until a signal arrives.

    Raises:
        StopRequested: The process received a signal.
        StartupError: A process or server exited, or the portal didn't respond in time.
    """
    celery = [sys.executable, "-m", "celery", "-A", "partnerportal"]
    schedule = str(config.data_dir / "beat-schedule")
    # Terminated by rank: web requests, then new tasks, then running tasks.
    children.spawn("web", [sys.executable, "-m", "gunicorn"], rank=1, grace=35)

    started = time.monotonic()
    announced = False
    while not signals.requested:
        children.print_new_lines(everything=config.is_debug)
        children.check()
        if exited := servers.exited():
            raise StartupError(f"{' and '.join(exited)} exited unexpectedly. See {config.data_dir}/log")
        if not announced and _answers(config):
            # After the web process, which would otherwise share the processors with them while it starts.
            children.spawn("worker", [*celery, "worker", "--concurrency=2", "--without-gossip", "--without-mingle"], rank=3, grace=20)
            children.spawn("beat", [*celery, "beat", "--schedule", schedule, "--pidfile="], rank=2, grace=10)
            _announce(config)
            announced = True
        if not announced and time.monotonic() - started > STARTUP_TIMEOUT:
            raise StartupError(f"The portal did not respond within {STARTUP_TIMEOUT} s. See {config.data_dir}/log/web.log")
        time.sleep(0.2 if announced else 0.05)
    raise StopRequested


def _answers(config: LaunchConfig) -> bool:
    """Return whether the web process responds, even with a redirect or an invalid host name."""
    connection = http.client.HTTPConnection(config.host, config.port, timeout=1)
    try:
        connection.request("GET", "/healthz", headers={"Host": urlsplit(config.env["SITE_URL"]).netloc})
        return connection.getresponse().status < 500
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _announce(config: LaunchConfig) -> None:
    site = config.env["SITE_URL"].rstrip("/")
    echo(f"\nPartner Portal is running at {site}/   (press Ctrl-C to stop; logs: {config.data_dir}/log)\n")
    if config.is_demo:
        echo(SIGN_INS.format(site=site, data_dir=config.data_dir) + "\n")
