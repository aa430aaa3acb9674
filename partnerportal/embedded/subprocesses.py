"""Child processes: each in a session of its own, so that Ctrl-C reaches the supervisor alone; recorded, so that the next start
finds those that a killed supervisor left; their logs in files, their warnings and errors on the terminal."""

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

#: A second signal within these seconds is the same wish twice (`make` passes on what the terminal sends, too).
SIGNAL_DEBOUNCE = 1.0


class StopRequested(Exception):
    """Somebody asked us to stop."""


class Signals:
    """Ctrl-C, SIGTERM and SIGHUP as a question to ask, so that they never interrupt a step halfway."""

    def __init__(self) -> None:
        self.requested = False
        #: Set while everything is being ended: from then on a further signal means “now”.
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
    """A child's log, read on from where it stood when the child was started."""

    path: Path
    position: int = field(init=False)
    _shown: bool = field(default=False, init=False)

    #: Django's lines and gunicorn's alike begin with the time, and have the level next or a little later.
    LEVEL = re.compile(r"\[?\d{4}-\d\d-\d\d .{0,40}?[ \[](DEBUG|INFO|WARNING|ERROR|CRITICAL)[ \]]")

    def __post_init__(self) -> None:
        self.position = self.start = self.path.stat().st_size

    def new_lines(self, *, everything: bool) -> Iterator[str]:
        """The lines that were added; warnings and errors only, with what belongs to them, unless `everything`."""
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
        """The last lines since the child was started."""
        with self.path.open("rb") as file:
            file.seek(self.start)
            return "\n".join(file.read().decode(errors="replace").splitlines()[-lines:])


@dataclass
class ManagedProcess:
    """A running child. Those of lower rank are ended first; `grace` is the number of seconds between SIGTERM and SIGKILL."""

    name: str
    process: "subprocess.Popen[bytes]"
    log: Log
    rank: int
    grace: float


class ProcessGroup:
    """All child processes of one supervisor."""

    def __init__(self, here: LaunchConfig, signals: Signals) -> None:
        self.here = here
        self.signals = signals
        self.running: list[ManagedProcess] = []
        self._record = here.data_dir / "children.json"

    def spawn(self, name: str, command: list[str], *, rank: int, grace: float) -> ManagedProcess:
        """Start a child in the project's folder."""
        with open_log(self.here.data_dir, name) as file:
            log = Log(Path(file.name))
            process = subprocess.Popen(  # noqa: S603
                command,
                cwd=BASE_DIR,
                env=self.here.env,
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
        """Run a child to its end. Raises Trouble with its last lines if it fails, Stopped if we are asked to stop meanwhile."""
        child = self.spawn(name, command, rank=0, grace=10)
        while is_alive(child.process) and not self.signals.requested:
            time.sleep(POLL_INTERVAL)
        if self.signals.requested:
            raise StopRequested
        self.running.remove(child)
        if child.process.returncode:
            raise StartupError(f"{child.log.tail()}\n{name} failed, {_how(child.process.returncode)}. Full log: {child.log.path}")

    def check(self) -> None:
        """Raise Trouble if a child has ended by itself."""
        for child in self.running:
            if not is_alive(child.process):
                raise StartupError(
                    f"{child.log.tail()}\n{child.name} exited unexpectedly, {_how(child.process.returncode)}. See {child.log.path}"
                )

    def print_new_lines(self, *, everything: bool) -> None:
        """Print what the children logged since the last time."""
        for child in self.running:
            for line in child.log.new_lines(everything=everything):
                echo(f"{child.name:6} │ {line}")

    def terminate_all(self) -> None:
        """SIGTERM to each child's main process (to its group it would kill running jobs), in order; by force if that takes too long."""
        for child in sorted(self.running, key=lambda child: child.rank):
            terminate(child.process, (signal.SIGTERM, child.grace), (signal.SIGKILL, 5), hurry=lambda: self.signals.insistent)
            self._end_session(child.process.pid)
        self.running.clear()
        self._write_record()

    def terminate_orphans(self) -> None:
        """End the children of a supervisor that was killed. A process that merely got the number of one is left alone."""
        try:
            records = json.loads(self._record.read_text())
        except (OSError, ValueError):
            return
        for record in records:
            with contextlib.suppress(psutil.NoSuchProcess):
                process = psutil.Process(record["pid"])
                # The clock may have been put right meanwhile, but not by as much as it takes for a number to come round.
                if abs(process.create_time() - record["created"]) < 1:
                    echo(f"Stopping “{record['name']}”, left over from an earlier run …")
                    terminate(process, (signal.SIGTERM, 10), (signal.SIGKILL, 5), hurry=lambda: self.signals.requested)
            self._end_session(record["pid"])
        self._record.unlink()

    def _end_session(self, leader: int) -> None:
        """End what a child started and did not take with it, because it was killed itself."""
        for process in session_survivors(leader, PORTAL_DATA_DIR=str(self.here.data_dir)):
            terminate(process, (signal.SIGKILL, 5))

    def _write_record(self) -> None:
        records = []
        for child in self.running:
            try:
                created = psutil.Process(child.process.pid).create_time()
            except psutil.NoSuchProcess:
                continue
            records.append({"name": child.name, "pid": child.process.pid, "created": created})
        half = self._record.with_suffix(".new")
        half.write_text(json.dumps(records))
        half.replace(self._record)


def _how(returncode: int) -> str:
    if returncode < 0:
        return f"killed by {signal.Signals(-returncode).name}"
    return f"exit code {returncode}"
