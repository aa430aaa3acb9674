"""Embedded servers, shared by all processes with the same data folder."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from .paths import LockHeld, locked, open_data_dir, remove_data_dir
from .postgres import Postgres
from .processes import is_alive
from .valkey import Valkey


class Servers:
    """One process's use of a data folder's servers; see `servers()`.

    Starting and stopping happen under an exclusive lock. Each user holds a second, shared lock, which
    the kernel releases if the process is killed. The last user gets it exclusively and stops the
    servers. Servers whose users were all killed are adopted by the next one.
    """

    def __init__(self, data_dir: Path, *, postgres: bool = True, valkey: bool = True, durable: bool = True) -> None:
        self.data_dir = open_data_dir(data_dir)
        self._all = (Postgres(self.data_dir, durable=durable), Valkey(self.data_dir, durable=durable))
        wanted: dict[Postgres | Valkey, bool] = dict(zip(self._all, (postgres, valkey), strict=True))
        self._servers = [server for server, is_wanted in wanted.items() if is_wanted]
        self._users_lock: IO[str] | None = None

    def start(self) -> dict[str, str]:
        """Start or join the servers, and return the variables with their URLs."""
        with locked(self.data_dir / "servers.lock"):
            self._users_lock = (self.data_dir / "servers.users").open("a")
            fcntl.flock(self._users_lock, fcntl.LOCK_SH)
            try:
                for server in self._servers:
                    server.start()
            except BaseException:
                self._release()
                raise
        return {server.variable: server.url for server in self._servers}

    def stop(self) -> None:
        """Release the servers, and stop them if no other process uses them."""
        with locked(self.data_dir / "servers.lock"):
            self._release()

    def exited(self) -> list[str]:
        """Return the names of servers that have exited unexpectedly."""
        return [type(server).__name__ for server in self._servers if server.process and not is_alive(server.process)]

    def _release(self) -> None:
        if self._users_lock is None:
            return
        try:
            fcntl.flock(self._users_lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pass  # Another process still uses the servers.
        else:
            # Includes servers that only an earlier process used.
            for server in reversed(self._all):
                server.stop()
        self._users_lock.close()
        self._users_lock = None


@contextmanager
def servers(data_dir: Path, *, postgres: bool = True, valkey: bool = True, durable: bool = True) -> Iterator[dict[str, str]]:
    """Start or join a data folder's servers, and yield the variables with their URLs.

    Servers that aren't `durable` are faster, for tests.

    Raises:
        StartupError: A server can't be started.
    """
    shared = Servers(data_dir, postgres=postgres, valkey=valkey, durable=durable)
    env = shared.start()
    try:
        yield env
    finally:
        shared.stop()


def destroy(data_dir: Path) -> bool:
    """Stop the servers of an unused data folder and delete it. Return False if it is in use."""
    try:
        with locked(data_dir / "servers.users", wait=False):
            Valkey(data_dir).stop()
            Postgres(data_dir).stop()
            remove_data_dir(data_dir)
    except LockHeld:
        return False
    return True
