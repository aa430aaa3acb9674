"""PostgreSQL and the broker go away for a while: the portal says so, and goes on by itself when they are back."""

import http.client
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from urllib.parse import urlencode

import pytest

from partnerportal.embedded.environment import BASE_DIR
from partnerportal.embedded.places import open_data_dir
from partnerportal.embedded.postgres import Postgres
from partnerportal.embedded.processes import wait_until
from partnerportal.embedded.valkey import Valkey
from tests.embedded.test_run import free_port


@dataclass
class Answer:
    status: int
    headers: Message
    text: str


class Site:
    """A web process, and the two servers it needs."""

    def __init__(self, data_dir: Path) -> None:
        self.postgres, self.valkey = Postgres(data_dir, durable=False), Valkey(data_dir, durable=False)
        self.postgres.start()
        self.valkey.start()
        self.port = free_port()
        env = {
            "PATH": os.environ["PATH"],
            "SECRET_KEY": "x" * 50,
            "SITE_URL": f"http://127.0.0.1:{self.port}",
            "DATABASE_URL": self.postgres.url,
            "REDIS_URL": self.valkey.url,
            "EMAIL_URL": "smtp://127.0.0.1:9",
            "PORTAL_DATA_DIR": str(data_dir),
            "PORT": str(self.port),
            "WEB_CONCURRENCY": "1",
            # Not the hashed names: there is nothing collected.
            "DJANGO_SETTINGS_MODULE": "tests.embedded.settings",
        }
        subprocess.run([sys.executable, "manage.py", "migrate", "--verbosity", "0"], cwd=BASE_DIR, env=env, check=True)
        self.web = subprocess.Popen([sys.executable, "-m", "gunicorn"], cwd=BASE_DIR, env=env, stderr=subprocess.DEVNULL)
        assert wait_until(lambda: self.web.poll() is None and self.is_up(), 30)

    def is_up(self) -> bool:
        try:
            return self.ask("/healthz").status == 200
        except OSError:
            return False

    def ask(self, path: str, body: dict[str, str] | None = None, **headers: str) -> Answer:
        form = {"Content-Type": "application/x-www-form-urlencoded"} if body else {}
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)) as connection:
            connection.request("POST" if body else "GET", path, body=urlencode(body or {}), headers={**form, **headers})
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read().decode())

    def sign_in(self) -> int:
        """Somebody tries to sign in, which is counted in the broker's cache; the answer's status."""
        page = self.ask("/accounts/login/")
        cookie = page.headers["Set-Cookie"].split(";")[0]
        (token,) = re.findall(r'csrfmiddlewaretoken" value="(\w+)"', page.text)[:1]
        fields = {"csrfmiddlewaretoken": token, "login": "anna@people.example", "password": "not-hers"}
        return self.ask("/accounts/login/", fields, Cookie=cookie).status

    def stop(self) -> None:
        self.web.terminate()
        self.web.wait(30)
        self.valkey.stop()
        self.postgres.stop()


@pytest.fixture
def site(data_dir: Path) -> Iterator[Site]:
    site = Site(open_data_dir(data_dir))
    yield site
    site.stop()


def test_while_a_server_is_away_the_portal_says_so_and_then_goes_on(site: Site) -> None:
    assert site.ask("/partners/").status == 200
    assert site.sign_in() == 200

    site.postgres.stop()
    for _ in range(2):
        answer = site.ask("/partners/")
        assert (answer.status, answer.headers["Retry-After"]) == (503, "30")
        assert "moment" in answer.text
    assert site.ask("/healthz").status == 200
    ready = site.ask("/readyz")
    assert (ready.status, ready.text) == (503, '{"database": false, "broker": true}')
    site.postgres.start()
    assert site.ask("/partners/").status == 200
    assert site.ask("/readyz").status == 200

    site.valkey.stop()
    assert site.ask("/partners/").status == 200
    assert site.sign_in() == 503
    assert site.ask("/readyz").text == '{"database": true, "broker": false}'
    site.valkey.start()
    assert site.sign_in() == 200
