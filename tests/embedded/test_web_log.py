"""Logs of gunicorn with production settings, and responses to HEAD."""

import http.client
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from partnerportal.embedded.environment import BASE_DIR
from partnerportal.embedded.processes import wait_until
from tests.embedded.portal import Site
from tests.embedded.test_run import free_port

SECRET = "S3cr3tT0kenOfThisLink"
ACCESS_LOG = "--access-logfile=- --access-logformat='%(r)s|%(U)s|%(q)s|%(f)s|%({location}o)s|%({raw_uri}e)s'"


class Web:
    """Another web process of the site with captured output."""

    def __init__(self, site: Site, log: Path) -> None:
        self.site, self.log, self.port = site, log, free_port()

    def head(self, path: str, **headers: str) -> http.client.HTTPResponse:
        return self.request("HEAD", path, **headers)

    def request(self, method: str, path: str, **headers: str) -> http.client.HTTPResponse:
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)) as connection:
            connection.request(method, path, headers={"Host": f"127.0.0.1:{self.site.port}", **headers})
            response = connection.getresponse()
            response.read()
            return response

    def lines_with(self, word: str) -> list[str]:
        return [line for line in self.log.read_text().splitlines() if word in line]


@pytest.fixture(scope="module")
def web(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    web = Web(site, tmp_path_factory.mktemp("web") / "web.log")
    env = site.env | {"PORT": str(web.port), "GUNICORN_CMD_ARGS": ACCESS_LOG, "LOG_FORMAT": "json"}
    with web.log.open("wb") as log:
        process = subprocess.Popen([sys.executable, "-m", "gunicorn"], cwd=BASE_DIR, env=env, stdout=log, stderr=log)
    try:
        assert wait_until(lambda: site.is_up(web.port), 90), web.log.read_text()
        yield web
    finally:
        process.terminate()
        process.wait(30)


PATHS = ["/partners/", "/partners/alder/", "/accounts/login/", "/healthz", "/nothing/", "/r/mistyped/", "/robots.txt", "/favicon.ico"]


@pytest.mark.parametrize("path", [*PATHS, "/", "/customers/", "/sitemap.xml", "/admin/", "/site.webmanifest"])
def test_head_returns_the_headers_of_get_without_body(web: Web, path: str) -> None:
    got = web.request("GET", path)
    answer = web.head(path)
    assert answer.status == got.status
    assert answer.headers["Content-Type"] == got.headers["Content-Type"]
    if "csrftoken" not in got.headers.get("Set-Cookie", ""):
        # CSRF tokens differ, but have the same length.
        assert answer.headers["ETag"] == got.headers["ETag"]
    assert answer.headers["Content-Length"] == got.headers["Content-Length"]
    # A later entry shows that a warning would have been logged.
    web.head("/nothing/last/")
    assert wait_until(lambda: bool(web.lines_with("/nothing/last/")), 60)
    assert web.lines_with("no-body") == []


def test_connection_is_reusable_after_head(web: Web) -> None:
    with closing(http.client.HTTPConnection("127.0.0.1", web.port, timeout=30)) as connection:
        for method in ("HEAD", "GET", "HEAD", "GET"):
            connection.request(method, "/healthz", headers={"Host": f"127.0.0.1:{web.site.port}"})
            response = connection.getresponse()
            assert response.status == 200
            assert bool(response.read()) == (method == "GET")


def test_web_logs_contain_no_secret_links(web: Web) -> None:
    for number, path in enumerate([f"/join/{SECRET}/", f"//join//{SECRET}/", f"/%6Aoin/{SECRET}/", f"/%2Fr%2F{SECRET}%2F", f"/a/{SECRET}"]):
        web.request("POST", f"{path}?token={SECRET}&next=%2Fjoin%2F{SECRET}%2F&n={number}", Referer=f"http://portal.example/r/{SECRET}/")
    assert wait_until(lambda: len(web.lines_with("POST /")) >= 5, 60), web.log.read_text()
    assert [line for line in web.lines_with("POST /") if "/r/…/" in line]
    assert web.lines_with("django")
    assert web.lines_with(SECRET) == []


@pytest.mark.parametrize("odd", ["", "'", '"', "<", ";", ",", ")", "&", " ", "\\", "\xe9", "'\""])
def test_invalid_request_line_is_logged_without_the_secret(web: Web, odd: str) -> None:
    before = len(web.lines_with("Invalid"))
    with socket.create_connection(("127.0.0.1", web.port), timeout=30) as connection:
        connection.sendall(f"GET /r/stop/{odd}{SECRET}/ no-http\r\n\r\n".encode("latin-1"))
        assert b" 400 " in connection.recv(4096)
    assert wait_until(lambda: len(web.lines_with("Invalid")) > before, 60), web.log.read_text()
    assert web.lines_with(SECRET) == []
