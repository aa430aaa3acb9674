"""The benchmark's table, its comparison with a saved run, and its addresses."""

from collections import deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from bench.drive import Page, drive
from bench.pages import _address
from bench.report import Row, comparison, read_ratios, table
from partnerportal.embedded.console import StartupError

ROWS = [
    Row("bare: list of 25", 200, 5, 9, 4, 1),
    Row("customers", 40, 25, 30, 6, 0.2),
    Row("dashboard", 20, 50, 60, 12, 0.1),
    Row("e-mails by one worker", 100, ratio=0.5),
]


def saved(folder: Path, rows: list[Row]) -> dict[str, float]:
    file = folder / "before.md"
    file.write_text(f"{table(rows, {'customers': 0.3})}\n\n3 rounds of 1 s a page | on 2 CPUs\n")
    return read_ratios(file)


def test_a_saved_table_is_read_again(tmp_path: Path) -> None:
    assert saved(tmp_path, ROWS) == {row.name: row.ratio for row in ROWS}


def test_only_what_is_more_than_ten_percent_slower_is_named(tmp_path: Path) -> None:
    before = saved(tmp_path, ROWS)
    now = [Row("bare: list of 25", 100), Row("customers", 40, ratio=0.179), Row("dashboard", 20, ratio=0.091), Row("new", 1)]
    text = comparison(now, before)
    assert "- customers: 0.200 → 0.179 (-11%)" in text
    assert "dashboard:" not in text
    assert "Only in one of the runs: e-mails by one worker; new." in text
    assert comparison(ROWS, before) == "Nothing became more than 10 % slower."


def test_another_file_is_no_baseline(tmp_path: Path) -> None:
    (tmp_path / "other.md").write_text("# Notes\n")
    for name in ("other.md", "missing.md"):
        with pytest.raises(StartupError, match="BASELINE"):
            read_ratios(tmp_path / name)


def test_each_submission_has_its_own_address() -> None:
    assert len({_address(number) for number in range(70_000)}) == 70_000


class Changing(BaseHTTPRequestHandler):
    """A page whose ETag has changed since the last measurement."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.send_response(304 if self.headers["If-None-Match"] == '"new"' else 200)
        self.send_header("ETag", '"new"')
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args: object) -> None:
        """Print nothing."""


def test_revalidated_pages_are_requested_with_their_current_etag() -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Changing) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        page = Page("public profile, 304", "/", status=304, revalidated=True)
        assert drive(page, [server.server_address[1]], seconds=0.1, posts=deque()).latencies
        server.shutdown()
