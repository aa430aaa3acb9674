"""pytest plugin (`-p tests.servers`): the servers and the environment for the tests, so that a plain `pytest` works.

Servers that the environment names are used: the tests make a database `test_…` there, and use the Redis databases from 0 to the
number of parallel workers. For those that it doesn't name, embedded ones run in a temporary folder until the tests are over.
Everything else is set here, whatever the caller's environment says: tests mean the same everywhere.
"""

import contextlib
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

if TYPE_CHECKING:
    from partnerportal.embedded.servers import Servers

ROOT = Path(__file__).parent.parent
PREFIX = "portal-tests-"
MEMORY = Path("/dev/shm")  # noqa: S108
#: Modules whose tests share what takes long to make: a portal, a world of objects, a worker. Each with the name of its group.
#: (pytest-xdist's own mark for that, `xdist_group`, does nothing since pytest 9.2.)
TOGETHER = dict.fromkeys(
    ("tests/embedded/test_run.py", "tests/embedded/test_outage.py", "tests/embedded/test_graceful_shutdown.py"), "portal"
) | {
    module: module
    for module in (
        "tests/browser/test_access.py",
        "tests/customers/test_import_worker.py",
        "tests/outbox/test_broker.py",
        "tests/outbox/test_commit.py",
        "tests/outbox/test_worker.py",
        "tests/reviews/test_undeliverable.py",
        "tests/test_fuzz.py",
        "tests/test_logs.py",
        "tests/test_matrix.py",
    )
}


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Iterator[None]:
    """Around all other plugins: pytest-django reads the settings in this very hook."""
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    if worker:
        os.environ["REDIS_URL"] = with_database(os.environ["REDIS_URL"], int(worker.removeprefix("gw")) + 1)
    else:
        set_up(early_config)
    return (yield)


@pytest.hookimpl(tryfirst=True)
def pytest_xdist_auto_num_workers() -> int:
    """For `-n logical`: one more than there are cores, for a good part of the tests waits: for servers, workers, a browser."""
    return (os.cpu_count() or 1) + 1


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """For `--dist loadscope`: each test by itself to whoever is free, but those of `TOGETHER` one after the other in one process."""
    from xdist.scheduler import LoadScopeScheduling

    class Scheduling(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return TOGETHER.get(nodeid.partition("::")[0], nodeid)

    return Scheduling(config, log) if config.getvalue("dist") == "loadscope" else None


def set_up(config: pytest.Config) -> None:
    """Once a run: in the only process, or in the one that starts the parallel workers, which inherit the environment."""
    # Not at the top: the embedded servers need packages which a run with DATABASE_URL and REDIS_URL can do without.
    from partnerportal.embedded.build import compile_translations

    compile_translations()
    postgres, valkey = (not os.environ.get(variable) for variable in ("DATABASE_URL", "REDIS_URL"))
    folder = temporary_folder(PREFIX if postgres or valkey else "portal-test-files-")
    os.environ |= {
        "DEBUG": "0",
        "SECRET_KEY": secrets.token_urlsafe(50),
        "SITE_URL": "http://localhost",
        "EMAIL_URL": "smtp://127.0.0.1:9",
        "PORTAL_DATA_DIR": str(folder),
        "PORTAL_DEMO": "0",
    }
    for variable in ("ALLOWED_HOSTS", "DEFAULT_FROM_EMAIL", "SECRET_KEY_FALLBACKS", "TEST_TEMPLATE", "TEST_MIGRATED_FOLDER"):
        os.environ.pop(variable, None)
    # A plain kill ends the tests in the same orderly way as Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if not (postgres or valkey):
        config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))
        return

    from partnerportal.embedded.console import StartupError
    from partnerportal.embedded.servers import Servers, destroy

    sweep_up(destroy)
    servers = Servers(folder, postgres=postgres, valkey=valkey, durable=False)
    config.add_cleanup(lambda: destroy(folder))
    config.add_cleanup(servers.stop)
    try:
        os.environ |= servers.start()
        if postgres and not config.pluginmanager.is_blocked("django"):
            os.environ |= migrate(servers, folder)
    except StartupError as trouble:
        raise pytest.UsageError(str(trouble)) from trouble


def migrate(servers: "Servers", folder: Path) -> dict[str, str]:
    """Make all tables, which takes longer than all else before the tests, only once: each process's test database is a copy of this one
    (tests/settings.py), and so is the data folder of a test that runs a whole portal (tests/embedded)."""
    subprocess.run([sys.executable, "manage.py", "migrate", "--verbosity=0"], cwd=ROOT, check=True)
    servers.stop()
    migrated = folder / "migrated"
    migrated.mkdir(mode=0o711)
    # With its owners, who `shutil.copytree` forgets.
    subprocess.run(["cp", "-a", folder / "postgres", migrated], check=True)
    return {**servers.start(), "TEST_TEMPLATE": "portal", "TEST_MIGRATED_FOLDER": str(migrated)}


def temporary_folder(prefix: str) -> Path:
    """A new folder that PostgreSQL may enter; in memory if there is some to spare, which makes a database's files many times faster."""
    parent = None
    with contextlib.suppress(OSError):
        found = os.statvfs(MEMORY)
        # Root's PostgreSQL may have to run from a copy of its program that lies there.
        if found.f_bavail * found.f_frsize > 2**30 and not found.f_flag & os.ST_NOEXEC and os.access(MEMORY, os.W_OK):
            parent = MEMORY
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
    if os.geteuid() == 0:
        folder.chmod(0o711)
    return folder


def sweep_up(discard: Callable[[Path], bool]) -> None:
    """End and delete what test runs left that were killed with SIGKILL."""
    for folder in [found for parent in (MEMORY, Path(tempfile.gettempdir())) for found in parent.glob(f"{PREFIX}*")]:
        try:
            found = folder.stat()
        except FileNotFoundError:
            continue
        # A run that has just begun has not taken its lock yet.
        if found.st_uid == os.geteuid() and time.time() - found.st_mtime > 60:
            discard(folder)


def with_database(url: str, number: int) -> str:
    """The Redis address with another database number."""
    parts = urlsplit(url)
    if parts.scheme == "unix":
        # Not by geturl(), which writes unix:/… with one slash.
        return f"{url.partition('?')[0]}?db={number}"
    return parts._replace(path=f"/{number}").geturl()
