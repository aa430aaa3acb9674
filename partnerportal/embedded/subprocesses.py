"""Child processes of the supervisor.

Each runs in its own session, so that only the supervisor receives Ctrl-C. They are recorded in a
file, so that the next start can terminate children of a killed supervisor.
"""

import contextlib
import json
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from .console import StartupError, echo
from .environment import BASE_DIR, LaunchConfig
from .paths import open_log
from .processes import POLL_INTERVAL, is_alive, session_survivors, terminate

#: Seconds in which further signals are ignored, because `make` forwards those that the terminal sends anyway.
SIGNAL_DEBOUNCE = 1.0


class StopRequested(Exception):
    """Raised when the process receives SIGINT, SIGTERM or SIGHUP."""


class Signals:
    """Records SIGINT, SIGTERM and SIGHUP instead of raising, so that they don't interrupt a step."""

    def __init__(self) -> None:
        self.requested = False
        #: Whether processes are being terminated. A further signal then sets `insistent`.
        self.stopping = False
        self.insistent = False
        self._first = 0.0
        for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(sign, self._receive)

    def _receive(self, *_: object) -> None:
        if not self.requested:
            self.requested = True
            self._first = time.monotonic()
        elif self.stopping and time.monotonic() - self._first > SIGNAL_DEBOUNCE:
            self.insistent = True


@dataclass
class Log:
    """The part of a log that a child process has written since its start."""

    path: Path
    position: int = field(init=False)
    _shown: bool = field(default=False, init=False)

    #: Matches the time and level at the beginning of a line, for both Django and gunicorn.
    LEVEL = re.compile(r"\[?\d{4}-\d\d-\d\d .{0,40}?[ \[](DEBUG|INFO|WARNING|ERROR|CRITICAL)[ \]]")

    def __post_init__(self) -> None:
        self.position = self.start = self.path.stat().st_size

    def new_lines(self, *, everything: bool) -> Iterator[str]:
        """Yield lines added since the last call: `everything`, or warnings, errors and tracebacks."""
        with self.path.open("rb") as file:
            file.seek(self.position)
            for line in file:
                if not line.endswith(b"\n"):
                    break
                self.position += len(line)
                text = line.decode(errors="replace").rstrip()
                if level := self.LEVEL.match(text):
                    self._shown = level[1] not in {"DEBUG", "INFO"}
                elif text.startswith("Traceback"):
                    self._shown = True
                if everything or self._shown:
                    yield text

    def tail(self, lines: int = 20) -> str:
        """Return the last lines."""
        with self.path.open("rb") as file:
            file.seek(self.start)
            return "\n".join(file.read().decode(errors="replace").splitlines()[-lines:])


@dataclass
class ManagedProcess:
    """A child process. Lower ranks are terminated first. `grace` is the delay before SIGKILL in seconds."""

    name: str
    process: "subprocess.Popen[bytes]"
    log: Log
    rank: int
    grace: float


class ProcessGroup:
    """All child processes of one supervisor."""

    def __init__(self, config: LaunchConfig, signals: Signals) -> None:
        self.config = config
        self.signals = signals
        self.running: list[ManagedProcess] = []
        self._record = config.data_dir / "children.json"

    def spawn(self, name: str, command: list[str], *, rank: int, grace: float) -> ManagedProcess:
        """Start a child process in the project folder."""
        with open_log(self.config.data_dir, name) as file:
            log = Log(Path(file.name))
            process = subprocess.Popen(  # noqa: S603
                command,
                cwd=BASE_DIR,
                env=self.config.env,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                start_new_session=True,
            )
        child = ManagedProcess(name, process, log, rank, grace)
        self.running.append(child)
        self._write_record()
        return child

    def run_step(self, name: str, command: list[str]) -> None:
        """Run a command and wait for its end.

        Raises:
            StartupError: The command failed. The message contains its last output.
            StopRequested: The process received a signal.
        """
        self.finish_step(self.start_step(name, command))

    def start_step(self, name: str, command: list[str]) -> ManagedProcess:
        """Run a command that ends, beside other steps."""
        return self.spawn(name, command, rank=0, grace=10)

    def finish_step(self, child: ManagedProcess) -> None:
        """Wait for the end of a command, and raise like `run_step`."""
        while is_alive(child.process) and not self.signals.requested:
            time.sleep(POLL_INTERVAL)
        if self.signals.requested:
            raise StopRequested
        self.running.remove(child)
        if child.process.returncode:
            raise StartupError(
                f"{child.log.tail()}\n{child.name} failed, {_exit_reason(child.process.returncode)}. Full log: {child.log.path}"
            )

    def check(self) -> None:
        """Raise StartupError if a child process has exited."""
        for child in self.running:
            if not is_alive(child.process):
                raise StartupError(
                    f"{child.log.tail()}\n{child.name} exited unexpectedly, {_exit_reason(child.process.returncode)}. See {child.log.path}"
                )

    def print_new_lines(self, *, everything: bool) -> None:
        """Print log lines added since the last call."""
        for child in self.running:
            for line in child.log.new_lines(everything=everything):
                echo(f"{child.name:6} │ {line}")

    def terminate_all(self) -> None:
        """Terminate all children by rank. Only main processes receive SIGTERM, so that tasks are completed."""
        for child in sorted(self.running, key=lambda child: child.rank):
            terminate(child.process, (signal.SIGTERM, child.grace), (signal.SIGKILL, 5), hurry=lambda: self.signals.insistent)
            self._end_session(child.process.pid)
        self.running.clear()
        self._write_record()

    def terminate_orphans(self) -> None:
        """Terminate recorded children of a killed supervisor, but no processes that reuse a PID."""
        try:
            records = json.loads(self._record.read_text())
        except (OSError, ValueError):
            return
        for record in records:
            with contextlib.suppress(psutil.NoSuchProcess):
                process = psutil.Process(record["pid"])
                # Tolerates adjustments of the clock.
                if abs(process.create_time() - record["created"]) < 1:
                    echo(f"Stopping “{record['name']}”, left over from an earlier run …")
                    terminate(process, (signal.SIGTERM, 10), (signal.SIGKILL, 5), hurry=lambda: self.signals.requested)
            self._end_session(record["pid"])
        self._record.unlink()

    def _end_session(self, leader: int) -> None:
        """Kill descendants that a killed child has left in its session."""
        for process in session_survivors(leader, PORTAL_DATA_DIR=str(self.config.data_dir)):
            terminate(process, (signal.SIGKILL, 5))

    def _write_record(self) -> None:
        records = []
        for child in self.running:
            try:
                created = psutil.Process(child.process.pid).create_time()
            except psutil.NoSuchProcess:
                continue
            records.append({"name": child.name, "pid": child.process.pid, "created": created})
        temporary = self._record.with_suffix(".new")
        temporary.write_text(json.dumps(records))
        temporary.replace(self._record)


def _exit_reason(returncode: int) -> str:
    if returncode < 0:
        return f"killed by {signal.Signals(-returncode).name}"
    return f"exit code {returncode}"
