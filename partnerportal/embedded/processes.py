"""Finding and terminating processes."""

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil

#: A started or an existing process.
Process = subprocess.Popen[bytes] | psutil.Process

#: Seconds between checks of a process.
POLL_INTERVAL = 0.05


def is_alive(process: Process) -> bool:
    """Return whether a process is running. Zombies, which some init systems never reap, are not."""
    if isinstance(process, subprocess.Popen):
        return process.poll() is None
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@contextlib.contextmanager
def without_interruption() -> Iterator[None]:
    """Postpone signals while a process is created, because an interruption would leave it unrecorded."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    received: list[int] = []
    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    handlers = {sign: signal.signal(sign, lambda number, _frame: received.append(number)) for sign in signals}
    try:
        yield
    finally:
        for sign, handler in handlers.items():
            signal.signal(sign, handler)
    for number in received:
        signal.raise_signal(number)


def wait_until(done: Callable[[], bool], seconds: float) -> bool:
    """Wait until `done` returns True. Return False after a timeout."""
    end = time.monotonic() + seconds
    while not done():
        if time.monotonic() >= end:
            return False
        time.sleep(POLL_INTERVAL)
    return True


def terminate(process: Process, *steps: tuple[signal.Signals, float], hurry: Callable[[], bool] = lambda: False) -> None:
    """Send the signals in turn, each followed by its number of seconds, until the process has exited.

    SIGKILL is sent to the process group, if the process leads one. While `hurry` returns True, only
    the last step is executed.
    """
    for number, (sign, seconds) in enumerate(steps, start=1):
        last = number == len(steps)
        if not is_alive(process):
            return
        if hurry() and not last:
            continue
        with contextlib.suppress(ProcessLookupError, psutil.NoSuchProcess):
            if sign == signal.SIGKILL and os.getpgid(process.pid) == process.pid:
                os.killpg(process.pid, sign)
            else:
                process.send_signal(sign)
        wait_until(lambda last=last: not is_alive(process) or (hurry() and not last), seconds)  # type: ignore[misc]


def session_survivors(leader: int, **environment: str) -> list[psutil.Process]:
    """Return the processes of the session with this leader whose environment contains the variables.

    The variables exclude the session of an unrelated process that reuses the leader's PID.
    """
    survivors = []
    for process in psutil.process_iter():
        # The process may have exited or belong to another user.
        with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied, OSError):
            if os.getsid(process.pid) == leader and environment.items() <= process.environ().items():
                survivors.append(process)
    return survivors


def processes_in(name: str, folder: Path) -> list[psutil.Process]:
    """Return the processes with this name and working directory, oldest first."""
    processes = []
    for process in psutil.process_iter(["name", "create_time"]):
        if process.info["name"] != name:
            continue
        # The process may have exited or belong to another user.
        with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied, OSError):
            if folder.samefile(process.cwd()) and is_alive(process):
                processes.append(process)
    return sorted(processes, key=lambda process: process.info["create_time"])
