"""The embedded servers of a data folder, shared by all commands that need them: the first one in starts, the last one out stops."""

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
    """The use of a data folder's servers by one process; `servers()` is the short way to it.

    Starting and stopping happen under one lock. Who uses the servers holds another one in common with the others, which
    the kernel takes from a killed process: the last user gets it alone, and only then stops the servers. What still runs
    when all users were killed is adopted by the next one.
    """

    def __init__(self, data_dir: Path, *, postgres: bool = True, valkey: bool = True, durable: bool = True) -> None:
        self.data_dir = open_data_dir(data_dir)
        self._all = (Postgres(self.data_dir, durable=durable), Valkey(self.data_dir, durable=durable))
        wanted: dict[Postgres | Valkey, bool] = dict(zip(self._all, (postgres, valkey), strict=True))
        self._used = [server for server, is_wanted in wanted.items() if is_wanted]
        self._use: IO[str] | None = None

    def start(self) -> dict[str, str]:
        """Start or join the servers; the variables that lead to them. Raises Trouble."""
        with locked(self.data_dir / "servers.lock"):
            self._use = (self.data_dir / "servers.users").open("a")
            fcntl.flock(self._use, fcntl.LOCK_SH)
            try:
                for server in self._used:
                    server.start()
            except BaseException:
                self._leave()
                raise
        return {server.variable: server.url for server in self._used}

    def stop(self) -> None:
        """Leave the servers, and stop them if nobody else uses them."""
        with locked(self.data_dir / "servers.lock"):
            self._leave()

    def exited(self) -> list[str]:
        """The names of those that have ended on their own."""
        return [type(server).__name__ for server in self._used if server.process and not is_alive(server.process)]

    def _leave(self) -> None:
        if self._use is None:
            return
        try:
            fcntl.flock(self._use, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pass  # Another one uses them, and will stop them.
        else:
            # All that run here, also what an earlier user started and we had no use for.
            for server in reversed(self._all):
                server.stop()
        self._use.close()
        self._use = None


@contextmanager
def servers(data_dir: Path, *, postgres: bool = True, valkey: bool = True, durable: bool = True) -> Iterator[dict[str, str]]:
    """Run a data folder's servers, or join them: `with servers(folder) as env:` gives DATABASE_URL and REDIS_URL.

    Without `durable` they are faster and forget, for tests. Raises Trouble, a line that says what to do.
    """
    own = Servers(data_dir, postgres=postgres, valkey=valkey, durable=durable)
    env = own.start()
    try:
        yield env
    finally:
        own.stop()


def destroy(data_dir: Path) -> bool:
    """Delete a data folder that no process uses, and end the servers that still run in it; False if it is in use."""
    try:
        with locked(data_dir / "servers.users", wait=False):
            Valkey(data_dir).stop()
            Postgres(data_dir).stop()
            remove_data_dir(data_dir)
    except LockHeld:
        return False
    return True
