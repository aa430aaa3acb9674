"""The portal's own processes (web, worker, beat): prepared, started, watched, and ended in order before the servers."""

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

#: Seconds until the web process has to answer for the first time.
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
    """Run the whole portal until Ctrl-C, SIGTERM or SIGHUP; then 0. Raises Trouble if it can't start or go on."""
    signals = Signals()
    here = load_config(environ)
    try:
        with locked(here.data_dir / "run.lock", wait=False):
            children = ProcessGroup(here, signals)
            # First, because they hold the port.
            children.terminate_orphans()
            check_port(here.host, here.port)
            servers = Servers(here.data_dir, postgres=here.wants_postgres, valkey=here.wants_valkey)
            try:
                here.env.update(servers.start())
                _prepare(here, children)
                _serve(here, children, servers, signals)
            except StopRequested:
                echo("Stopping …")
            finally:
                signals.stopping = True
                children.terminate_all()
                servers.stop()
    except LockHeld as error:
        raise StartupError(f"Another portal is already using {here.data_dir}. Stop it, or set PORTAL_DATA_DIR and PORT") from error
    echo("Stopped. Your data is in", str(here.data_dir))
    return 0


def check_port(host: str, port: int) -> None:
    """Raise Trouble unless the address can be listened on."""
    try:
        family, kind, protocol, _name, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            # As gunicorn does: connections that are just closing don't matter.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise StartupError(
                f"Port {port} is already in use. Stop the other process, or choose another port (make run PORT={port + 1})"
            ) from error
        raise StartupError(f"Can’t listen on {host}, port {port} ({error.strerror}). Set HOST and PORT") from error


def _prepare(here: LaunchConfig, children: ProcessGroup) -> None:
    """Bring database, demo data, translations and static files up to date."""
    manage = [sys.executable, "manage.py"]
    build.compile_translations()
    echo("Preparing the database …")
    children.run_step("migrate", [*manage, "migrate", "--noinput"])
    if here.is_demo:
        children.run_step("seed_demo", [*manage, "seed_demo"])
    if not here.is_debug:
        fingerprint = build.static_fingerprint()
        mark = here.data_dir / "static.fingerprint"
        if not mark.exists() or mark.read_text() != fingerprint:
            echo("Collecting static files …")
            children.run_step("collectstatic", [*manage, "collectstatic", "--noinput", "--clear"])
            mark.write_text(fingerprint)


def _serve(here: LaunchConfig, children: ProcessGroup, servers: Servers, signals: Signals) -> None:
    """Start the three, and watch them and the servers. Leaves with Stopped, or with Trouble if one of them ends by itself."""
    celery = [sys.executable, "-m", "celery", "-A", "partnerportal"]
    schedule = str(here.data_dir / "beat-schedule")
    # They are ended in the order of their ranks: no new request, no new job, then the running jobs.
    children.spawn("web", [sys.executable, "-m", "gunicorn"], rank=1, grace=35)
    children.spawn("worker", [*celery, "worker", "--concurrency=2", "--without-gossip", "--without-mingle"], rank=3, grace=20)
    children.spawn("beat", [*celery, "beat", "--schedule", schedule, "--pidfile="], rank=2, grace=10)

    started = time.monotonic()
    announced = False
    while not signals.requested:
        children.print_new_lines(everything=here.is_debug)
        children.check()
        if dead := servers.exited():
            raise StartupError(f"{' and '.join(dead)} exited unexpectedly. See {here.data_dir}/log")
        if not announced and _answers(here):
            _announce(here)
            announced = True
        if not announced and time.monotonic() - started > STARTUP_TIMEOUT:
            raise StartupError(f"The portal did not respond within {STARTUP_TIMEOUT} s. See {here.data_dir}/log/web.log")
        time.sleep(0.2)
    raise StopRequested


def _answers(here: LaunchConfig) -> bool:
    """Whether `/healthz` is served; a redirect to https or a refused host name is an answer, too."""
    # A host that means “all addresses” is this machine when one connects to it.
    connection = http.client.HTTPConnection(here.host, here.port, timeout=1)
    try:
        connection.request("GET", "/healthz", headers={"Host": urlsplit(here.env["SITE_URL"]).netloc})
        return connection.getresponse().status < 500
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _announce(here: LaunchConfig) -> None:
    site = here.env["SITE_URL"].rstrip("/")
    echo(f"\nPartner Portal is running at {site}/   (press Ctrl-C to stop; logs: {here.data_dir}/log)\n")
    if here.is_demo:
        echo(SIGN_INS.format(site=site, data_dir=here.data_dir) + "\n")
