"""Child processes of the supervisor."""

import json
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import psutil
import pytest

from partnerportal.embedded.console import StartupError
from partnerportal.embedded.environment import load_config
from partnerportal.embedded.processes import is_alive, wait_until
from partnerportal.embedded.subprocesses import ProcessGroup, Signals, StopRequested

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]


class Quiet(Signals):
    """Signals that aren't connected to the process."""

    def __init__(self) -> None:
        self.requested = self.stopping = self.insistent = False


@pytest.fixture
def children(data_dir: Path) -> ProcessGroup:
    return ProcessGroup(load_config({"PORTAL_DATA_DIR": str(data_dir)}), Quiet())


def python(code: str) -> list[str]:
    return [sys.executable, "-c", textwrap.dedent(code)]


def has_said(children: ProcessGroup, word: str) -> bool:
    return word in children.running[-1].log.tail()


def test_exited_child_is_named_with_exit_code_and_output(children: ProcessGroup) -> None:
    children.spawn("web", python("import sys; print('no such table'); sys.exit(3)"), rank=1, grace=5)
    assert wait_until(lambda: not is_alive(children.running[0].process), 60)
    with pytest.raises(StartupError, match=r"(?s)no such table.*web exited unexpectedly, exit code 3"):
        children.check()


def test_killed_child_is_named_with_the_signal(children: ProcessGroup) -> None:
    child = children.spawn("worker", SLEEP, rank=1, grace=5)
    children.check()
    child.process.kill()
    child.process.wait()
    with pytest.raises(StartupError, match="worker exited unexpectedly, killed by SIGKILL"):
        children.check()


def test_children_are_terminated_by_rank(children: ProcessGroup, data_dir: Path) -> None:
    code = """
        import signal, sys, time
        def end(*_):
            open(sys.argv[1], "a").write(sys.argv[2])
            sys.exit()
        signal.signal(signal.SIGTERM, end)
        print("ready", flush=True)
        time.sleep(60)
    """
    for rank in (2, 3, 1):
        children.spawn(f"child{rank}", [*python(code), str(data_dir / "order"), str(rank)], rank=rank, grace=20)
        assert wait_until(lambda: has_said(children, "ready"), 60)
    children.terminate_all()
    assert (data_dir / "order").read_text() == "123"
    assert json.loads((data_dir / "children.json").read_text()) == []


def test_only_the_main_process_receives_sigterm(children: ProcessGroup) -> None:
    code = """
        import signal, subprocess, sys
        job = subprocess.Popen([sys.executable, "-c", "import time; print('begun', flush=True); time.sleep(1.5); print('finished')"])
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(job.wait()))
        signal.pause()
    """
    child = children.spawn("worker", python(code), rank=1, grace=20)
    assert wait_until(lambda: has_said(children, "begun"), 60)
    children.terminate_all()
    assert child.process.returncode == 0
    assert "finished" in child.log.tail()


def test_unresponsive_child_is_killed_with_its_descendants(children: ProcessGroup) -> None:
    code = """
        import signal, subprocess, sys, time
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        print(subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]).pid, flush=True)
        time.sleep(60)
    """
    child = children.spawn("web", python(code), rank=1, grace=0.3)
    assert wait_until(lambda: child.log.tail().isdigit(), 60)
    grandchild = psutil.Process(int(child.log.tail()))
    children.terminate_all()
    assert child.process.returncode == -signal.SIGKILL
    assert wait_until(lambda: not is_alive(grandchild), 10)


def test_descendants_of_a_killed_child_are_terminated(children: ProcessGroup) -> None:
    code = """
        import subprocess, sys, time
        print(subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]).pid, flush=True)
        time.sleep(60)
    """
    child = children.spawn("web", python(code), rank=1, grace=5)
    assert wait_until(lambda: child.log.tail().isdigit(), 60)
    grandchild = psutil.Process(int(child.log.tail()))
    child.process.kill()
    child.process.wait()
    children.terminate_all()
    assert not is_alive(grandchild)


def test_second_signal_kills_immediately(children: ProcessGroup) -> None:
    code = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True); time.sleep(60)"
    child = children.spawn("web", python(code), rank=1, grace=3600)
    assert wait_until(lambda: has_said(children, "ready"), 60)
    children.signals.insistent = True
    children.terminate_all()
    assert child.process.returncode == -signal.SIGKILL


def test_orphans_are_terminated_but_not_processes_with_reused_pids(children: ProcessGroup, data_dir: Path) -> None:
    left, stranger = subprocess.Popen(SLEEP), subprocess.Popen(SLEEP)
    try:
        created = {process: psutil.Process(process.pid).create_time() for process in (left, stranger)}
        record = [
            {"name": "web", "pid": left.pid, "created": created[left]},
            {"name": "worker", "pid": stranger.pid, "created": created[stranger] - 100},
        ]
        (data_dir / "children.json").write_text(json.dumps(record))
        children.terminate_orphans()
        assert left.wait(10) == -signal.SIGTERM
        assert stranger.poll() is None
        assert not (data_dir / "children.json").exists()
    finally:
        for process in (left, stranger):
            process.kill()
            process.wait()


@pytest.mark.parametrize("record", ["", "[", "nonsense"])
def test_truncated_record_is_ignored(children: ProcessGroup, data_dir: Path, record: str) -> None:
    (data_dir / "children.json").write_text(record)
    children.terminate_orphans()


def test_running_children_are_recorded(children: ProcessGroup, data_dir: Path) -> None:
    child = children.spawn("web", SLEEP, rank=1, grace=5)
    (record,) = json.loads((data_dir / "children.json").read_text())
    assert (record["name"], record["pid"]) == ("web", child.process.pid)
    children.terminate_all()


def test_failed_step_shows_its_output(children: ProcessGroup) -> None:
    with pytest.raises(StartupError, match=r"(?s)could not connect.*migrate failed, exit code 1"):
        children.run_step("migrate", python("import sys; sys.exit('could not connect')"))


def test_step_is_aborted_by_a_signal(children: ProcessGroup) -> None:
    children.signals.requested = True
    with pytest.raises(StopRequested):
        children.run_step("migrate", SLEEP)
    children.terminate_all()


def test_warnings_and_errors_reach_the_terminal_with_their_tracebacks(children: ProcessGroup, capsys: pytest.CaptureFixture[str]) -> None:
    log = """
        2026-01-01 10:00:00,000 INFO celery: ready
        more about it
        [2026-01-01 10:00:00 +0000] [12] [INFO] Booting worker
        2026-01-01 10:00:00,000 ERROR django.request: Internal Server Error: /
        Traceback (most recent call last):
          File "x.py", line 1
        ValueError: an INFO that is none
        2026-01-01 10:00:00,000 INFO celery: and on
        Traceback (most recent call last):
    """
    children.spawn("web", ["echo", textwrap.dedent(log).strip()], rank=1, grace=5)
    assert wait_until(lambda: not is_alive(children.running[0].process), 60)
    children.print_new_lines(everything=False)
    shown = [line.partition("│ ")[2] for line in capsys.readouterr().out.splitlines()]
    assert shown[0].endswith("Internal Server Error: /")
    assert len(shown) == 5
    assert shown[-1].startswith("Traceback")

    children.print_new_lines(everything=True)
    assert capsys.readouterr().out == ""
