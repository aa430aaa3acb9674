"""Processes: ending them for certain, and recognising the ones that a killed parent left behind."""

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil

#: One that we started, or one that we found.
Process = subprocess.Popen[bytes] | psutil.Process

POLL_INTERVAL = 0.05


def is_alive(process: Process) -> bool:
    """Whether it still runs. A zombie, which nobody may ever collect (a killed postmaster under some inits), does not."""
    if isinstance(process, subprocess.Popen):
        return process.poll() is None
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@contextlib.contextmanager
def without_interruption() -> Iterator[None]:
    """Hold Ctrl-C and its like back for the moment in which a process is born: interrupted there, nobody would know of it."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    arrived: list[int] = []
    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    former = {sign: signal.signal(sign, lambda number, _frame: arrived.append(number)) for sign in signals}
    try:
        yield
    finally:
        for sign, handler in former.items():
            signal.signal(sign, handler)
    for number in arrived:
        signal.raise_signal(number)


def wait_until(done: Callable[[], bool], seconds: float) -> bool:
    """Ask again and again until it is so, or the time is up; whether it is so."""
    end = time.monotonic() + seconds
    while not done():
        if time.monotonic() >= end:
            return False
        time.sleep(POLL_INTERVAL)
    return True


def terminate(process: Process, *steps: tuple[signal.Signals, float], hurry: Callable[[], bool] = lambda: False) -> None:
    """Send each signal in turn, to this process only, and give it its seconds, until the process is gone.

    A SIGKILL goes to its process group if it leads one, so that no grandchild stays. `hurry` skips to the last step.
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
    """What still runs of the session that a process of that number began, and has these variables: if the number is another
    process's by now, its session doesn't have them."""
    found = []
    for process in psutil.process_iter():
        # Gone in this moment, or somebody else's.
        with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied, OSError):
            if os.getsid(process.pid) == leader and environment.items() <= process.environ().items():
                found.append(process)
    return found


def processes_in(name: str, folder: Path) -> list[psutil.Process]:
    """The processes of that name whose working directory is the folder, oldest first."""
    found = []
    for process in psutil.process_iter(["name", "create_time"]):
        if process.info["name"] != name:
            continue
        # Gone in this moment, a zombie, or somebody else's.
        with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied, OSError):
            if folder.samefile(process.cwd()) and is_alive(process):
                found.append(process)
    return sorted(found, key=lambda process: process.info["create_time"])
