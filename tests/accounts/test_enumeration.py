"""Responses don't reveal whether an account exists, neither by text, status nor hashing time."""

import re
from collections.abc import Iterator

import pytest
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.test import Client

from tests.cast import Cast
from tests.factories.accounts import PASSWORD, UserFactory

KNOWN, UNKNOWN, OFF = "kim@client.example", "nobody@client.example", "off@client.example"
FORMS = {
    "/accounts/login/": {"login": "", "password": "wrong-password"},
    "/accounts/login/code/": {"email": ""},
    "/accounts/password/reset/": {"email": ""},
}

pytestmark = pytest.mark.usefixtures("clean_cache")


@pytest.fixture
def hashings(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Record each use of Argon2, which takes most of the response time."""
    done: list[str] = []
    encode, verify = Argon2PasswordHasher.encode, Argon2PasswordHasher.verify
    monkeypatch.setattr(Argon2PasswordHasher, "encode", lambda self, *args: done.append("encode") or encode(self, *args))
    monkeypatch.setattr(Argon2PasswordHasher, "verify", lambda self, *args: done.append("verify") or verify(self, *args))
    return done


@pytest.mark.parametrize("path", FORMS)
def test_responses_and_hashing_are_the_same_for_all_addresses(cast: Cast, hashings: list[str], path: str) -> None:
    assert cast.kim
    UserFactory(email=OFF, is_active=False)
    answers = {}
    for email in (KNOWN, UNKNOWN, OFF):
        client = Client()
        hashings.clear()
        response = client.post(path, {name: value or email for name, value in FORMS[path].items()})
        page = response if response.status_code == 200 else client.get(response.url)
        text = re.sub(r'csrfmiddlewaretoken" value="\w+"', "", page.content.decode().replace(email, "…"))
        answers[email] = response.status_code, response.get("Location"), text, len(hashings)
    assert answers[KNOWN] == answers[UNKNOWN] == answers[OFF]
    assert answers[KNOWN][3] == (1 if "login/" in path and "code" not in path else 0)


def test_deactivated_account_is_explained_only_with_its_password(cast: Cast) -> None:
    UserFactory(email=OFF, is_active=False)
    client = Client()
    assert client.post("/accounts/login/", {"login": OFF, "password": PASSWORD}).url == "/accounts/inactive/"
    assert client.get("/dashboard/").status_code == 302


def test_sign_in_creates_a_new_session(cast: Cast) -> None:
    client = Client()
    client.post("/dashboard/")  # doesn't create a session
    client.get("/accounts/login/code/")
    session = client.session
    session["planted"] = "by an attacker"
    session.save()
    before = client.cookies["sessionid"].value
    client.post("/accounts/login/", {"login": cast.stan.email, "password": PASSWORD})
    after = client.cookies["sessionid"].value
    assert after != before
    stranger = Client()
    stranger.cookies["sessionid"] = before
    assert stranger.get("/dashboard/").status_code == 302
