"""The proxy's configuration. Most tests run Caddy, and are skipped where it isn't installed (Debian: apt install caddy)."""

import base64
import hashlib
import re
import runpy
import shutil
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.conf import settings
from django.utils.translation import gettext, override
from gunicorn.workers.gthread import STOP_KEEPALIVE_LINGER

from partnerportal.core import uploads
from tests.deploy.proxy import FOLDER, Proxy, replaced, running_proxy, setting
from tests.polling import eventually

SECRET = "S3cr3tT0kenOfThisLink"
needs_caddy = pytest.mark.skipif(not shutil.which("caddy"), reason="Caddy isn't installed")


@pytest.fixture
def proxy(tmp_path: Path) -> Iterator[Proxy]:
    with running_proxy(tmp_path) as proxy:
        yield proxy


def test_upload_limit_exceeds_that_of_the_portal() -> None:
    limit = int(setting("max_size").removesuffix("MB")) * 1_000_000
    # Besides the files, a request contains a form.
    assert limit >= uploads.MAX_BYTES + 8 * 1024 * 1024
    assert limit > settings.DATA_UPLOAD_MAX_MEMORY_SIZE


def test_idle_connections_are_closed_by_the_proxy() -> None:
    # A form that arrives while gunicorn closes the connection would be lost, because it can't be sent a second time.
    idle = int(setting("keepalive").removesuffix("s"))
    assert idle + 1 <= runpy.run_path(str(settings.BASE_DIR / "gunicorn.conf.py"))["keepalive"]
    # In a process that stops.
    assert idle + 1 <= STOP_KEEPALIVE_LINGER


def test_page_may_use_its_style() -> None:
    (style,) = re.findall("<style>(.*?)</style>", (FOLDER / "pages" / "unavailable.html").read_text(), re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in (FOLDER / "Caddyfile").read_text()


def test_page_says_what_the_portal_says() -> None:
    page = (FOLDER / "pages" / "unavailable.html").read_text()
    (sentence,) = re.findall(r"trimmed %}\s*(.*?)\s*{% endblocktranslate", (settings.BASE_DIR / "templates" / "503.html").read_text())
    for language in ("en", "de"):
        with override(language):
            assert gettext(sentence) in page
            assert gettext("We’ll be right back") in page
    assert "://" not in page


@needs_caddy
def test_requests_are_held_while_no_replica_runs(proxy: Proxy) -> None:
    proxy.stop_web("127.0.0.2")
    # The address of the stopped one is still known for a second.
    for seconds in (0.0, 1.5):
        time.sleep(seconds)
        with ThreadPoolExecutor(2) as pool:
            held = [pool.submit(proxy.request, "/"), pool.submit(proxy.request, "/", b"form")]
            time.sleep(1)
            assert not any(request.done() for request in held)
            proxy.start_web("127.0.0.3")
            assert [request.result().body for request in held] == ["127.0.0.3 0", "127.0.0.3 4"]
        proxy.stop_web("127.0.0.3")


@needs_caddy
def test_friendly_page_while_no_replica_starts(tmp_path: Path) -> None:
    """The waiting time is shortened, to save half a minute."""
    with running_proxy(tmp_path) as proxy:
        proxy.caddyfile.write_text(replaced(proxy.caddyfile.read_text(), "lb_try_duration 30s", "lb_try_duration 1s"))
        proxy.reload()
        proxy.stop_web("127.0.0.2")
        for body in (None, b"name=Kim"):
            response = proxy.request(f"/join/{SECRET}/", body)
            assert response.status in {502, 503}
            assert response.headers["Retry-After"] == "30"
            assert response.headers["Cache-Control"] == "no-store"
            assert response.headers["Content-Type"].startswith("text/html")
            assert "Server" not in response.headers
            assert "We’ll be right back" in response.body
            assert "Wir sind gleich wieder da" in response.body
        assert SECRET not in proxy.log


@needs_caddy
def test_every_replica_is_found_and_stopped_ones_are_dropped(proxy: Proxy) -> None:
    proxy.start_web("127.0.0.3", "127.0.0.4")
    eventually(lambda: proxy.answering() == {"127.0.0.2", "127.0.0.3", "127.0.0.4"}, "all three answer", seconds=4)
    proxy.stop_web("127.0.0.2", "127.0.0.4")
    # No request is lost in the second until the proxy reads the addresses again.
    assert {proxy.request("/").status for _ in range(30)} == {200}
    eventually(lambda: proxy.answering() == {"127.0.0.3"}, "only one answers", seconds=4)


@needs_caddy
def test_changed_file_is_reloaded_without_losing_requests(proxy: Proxy) -> None:
    statuses, end = [], threading.Event()

    def load() -> None:
        while not end.is_set():
            statuses.append(proxy.request("/").status)

    with ThreadPoolExecutor(3) as pool:
        for _ in range(3):
            pool.submit(load)
        try:
            for number in range(3):
                text = proxy.caddyfile.read_text()
                # As git does: a new file with the same name.
                changed = proxy.caddyfile.with_suffix(".new")
                changed.write_text(replaced(text, "header -Server", f"header -Server\nheader X-Version-{number} new"))
                changed.replace(proxy.caddyfile)
                proxy.reload()
                assert proxy.request("/").headers[f"X-Version-{number}"] == "new"
        finally:
            end.set()
    assert len(statuses) > 20
    assert set(statuses) == {200}


@needs_caddy
def test_no_secret_is_logged(proxy: Proxy) -> None:
    page = f"http://127.0.0.1:{proxy.port}/r/{SECRET}/"
    for path in (f"/r/{SECRET}/", f"/join/{SECRET}/moved/", f"/a/{SECRET}/?token={SECRET}", f"/%6Aoin/{SECRET}/"):
        proxy.request(path, Referer=page, **{"HX-Current-URL": page, "Cookie": f"sessionid={SECRET}"})
    entries = eventually(lambda: len(found := proxy.log_entries("http.log.access")) == 4 and found, "all are logged")
    assert [entry["request"]["uri"] for entry in entries][:3] == ["/r/…", "/join/…", "/a/…?token=…"]
    assert SECRET not in proxy.log


@needs_caddy
def test_uploads_of_the_portals_limit_pass_and_larger_ones_do_not(proxy: Proxy) -> None:
    form = uploads.MAX_BYTES + 8 * 1024 * 1024
    assert proxy.request("/", b"x" * form).body == f"127.0.0.2 {form}"
    for size in (68_000_000, 99_999_999, 100_000_000, 10_000_000_000):
        response = proxy.request("/", b"", **{"Content-Length": str(size)})
        assert (response.status, response.body) == (413, "413 Request Entity Too Large")


@needs_caddy
def test_additions_of_an_installation_are_read(proxy: Proxy) -> None:
    (proxy.folder / "caddy" / "local" / "site-header.caddy").write_text("header X-Added here\n")
    (proxy.folder / "caddy" / "local" / "global-ports.caddy").write_text("servers {\n\tprotocols h1\n}\n")
    proxy.reload()
    assert proxy.request("/").headers["X-Added"] == "here"


def test_documented_blocks_have_their_own_lines() -> None:
    # Caddy refuses to start with `servers { trusted_proxies … }` in one line. Not run: Caddy 2.6.2 doesn't know this option.
    manual = (settings.BASE_DIR / "docs" / "operations.md").read_text()
    assert re.search(r"^ +servers \{\n +trusted_proxies static private_ranges\n +\}$", manual, re.MULTILINE)
