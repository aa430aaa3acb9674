"""pytest plugin (`-p tests.servers`) that provides the servers and environment variables of the tests.

Uses the servers of DATABASE_URL and REDIS_URL if these are set: a database `test_…`, and the Redis
databases from 0 to the number of parallel workers. Otherwise it runs embedded servers in a temporary
folder. All other variables have fixed values.
"""

import contextlib
import gc
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
#: Parameter in the node ids of tests that share the only Celery worker of a run, and thus a process.
WORKER = "@worker"
#: Groups of modules that run in the same process, because they share an expensive fixture.
#: pytest-xdist's mark `xdist_group` has no effect since pytest 9.2.
TOGETHER = (
    dict.fromkeys(
        (f"tests/embedded/test_{name}.py" for name in ("run", "outage", "graceful_shutdown", "web_log", "metrics", "restore")), "portal"
    )
    | dict.fromkeys(("tests/test_catalogs.py", "tests/test_german.py", "tests/test_wording.py"), "catalogs")
    | {
        module: module
        for module in (
            "tests/desk/test_digest_plans.py",
            "tests/desk/test_seed_demo.py",
            "tests/outbox/test_every_mail.py",
            "tests/test_fuzz.py",
            "tests/test_matrix.py",
            "tests/test_plans_at_scale.py",
            "tests/test_references.py",
        )
    }
)


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Iterator[None]:
    """Set the environment before other plugins, because pytest-django loads the settings in this hook."""
    # Until the tests run (tests/conftest.py), because loading modules leaves hardly any garbage.
    gc.disable()
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    if worker:
        os.environ["REDIS_URL"] = with_database(os.environ["REDIS_URL"], int(worker.removeprefix("gw")) + 1)
    else:
        set_up(early_config)
    return (yield)


@pytest.hookimpl(tryfirst=True)
def pytest_xdist_auto_num_workers() -> int:
    """Return the number of processes for `-n logical`: one more than cores, because many tests wait for other processes."""
    return (os.cpu_count() or 1) + 1


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Distribute tests individually for `--dist loadscope`, except those with a Celery worker and those in `TOGETHER`."""
    from xdist.scheduler import LoadScopeScheduling

    class Scheduling(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return WORKER if WORKER in nodeid else TOGETHER.get(nodeid.partition("::")[0], nodeid)

    return Scheduling(config, log) if config.getvalue("dist") == "loadscope" else None


def set_up(config: pytest.Config) -> None:
    """Set up a test run. Parallel workers inherit the environment."""
    # Imported here, because runs with DATABASE_URL and REDIS_URL don't need the packages of the embedded servers.
    from partnerportal.embedded.build import build_static_files, compile_translations

    compile_translations()
    build_static_files()
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
    # Without stored bytecode, each of the many processes would compile all modules.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    # SIGTERM terminates the tests like Ctrl-C.
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
    except StartupError as error:
        raise pytest.UsageError(str(error)) from error


def migrate(servers: "Servers", folder: Path) -> dict[str, str]:
    """Migrate a database, of which each process's test database and the folders of tests/embedded are copies."""
    env = os.environ | {"DJANGO_SETTINGS_MODULE": "partnerportal.settings"}
    subprocess.run([sys.executable, "-m", "tests.migrating"], cwd=ROOT, env=env, check=True)
    servers.stop()
    migrated = folder / "migrated"
    migrated.mkdir(mode=0o711)
    # Not shutil.copytree(), which doesn't preserve owners.
    subprocess.run(["cp", "-a", folder / "postgres", migrated], check=True)
    return {**servers.start(), "TEST_TEMPLATE": "portal", "TEST_MIGRATED_FOLDER": str(migrated)}


def temporary_folder(prefix: str) -> Path:
    """Create a folder that PostgreSQL can access, in memory if there is enough."""
    parent = None
    with contextlib.suppress(OSError):
        status = os.statvfs(MEMORY)
        # Must permit execution, because root's PostgreSQL may run from a copy in this folder.
        if status.f_bavail * status.f_frsize > 2**30 and not status.f_flag & os.ST_NOEXEC and os.access(MEMORY, os.W_OK):
            parent = MEMORY
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
    if os.geteuid() == 0:
        folder.chmod(0o711)
    return folder


def sweep_up(discard: Callable[[Path], bool]) -> None:
    """Stop the servers and delete the folders of killed test runs."""
    for folder in [path for parent in (MEMORY, Path(tempfile.gettempdir())) for path in parent.glob(f"{PREFIX}*")]:
        try:
            status = folder.stat()
        except FileNotFoundError:
            continue
        # A run that has just started doesn't hold its lock yet.
        if status.st_uid == os.geteuid() and time.time() - status.st_mtime > 60:
            discard(folder)


def with_database(url: str, number: int) -> str:
    """Return a Redis URL with another database number."""
    parts = urlsplit(url)
    if parts.scheme == "unix":
        # geturl() would return unix:/… with a single slash.
        return f"{url.partition('?')[0]}?db={number}"
    return parts._replace(path=f"/{number}").geturl()
