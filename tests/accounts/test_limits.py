"""Rate limits of sign-in: status 429 with Retry-After, keeping the input."""

from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from zeal import zeal_ignore

from partnerportal import settings as production
from partnerportal.outbox.models import OutgoingMail
from tests.cast import Cast
from tests.factories.accounts import PASSWORD
from tests.factories.second_factors import with_app

LOGIN, CODE, CONFIRM, RESET = "/accounts/login/", "/accounts/login/code/", "/accounts/login/code/confirm/", "/accounts/password/reset/"

pytestmark = pytest.mark.usefixtures("clean_cache")


@pytest.fixture(autouse=True)
def _limits_of_production(settings: Any) -> None:
    settings.ACCOUNT_RATE_LIMITS = production.ACCOUNT_RATE_LIMITS


def is_rejected(response: HttpResponse, seconds: int = 300) -> bool:
    if response.status_code != 429:
        return False
    assert 0 < int(response["Retry-After"]) <= seconds
    assert "Too many attempts" in response.content.decode()
    return True


def attempts(path: str, fields: dict[str, str], times: int = 40, **more: Any) -> int:
    """Return the number of accepted requests, each from a new browser, until one is rejected."""
    for number in range(times):
        response = Client().post(path, fields, **more)
        if is_rejected(response):
            email = fields.get("login") or fields.get("email")
            assert email is None or email in response.content.decode()
            return number
    return times


@pytest.mark.parametrize("login", ["stan@alder.example", "nobody@alder.example"])
def test_wrong_passwords_are_limited_per_account(cast: Cast, login: str) -> None:
    assert attempts(LOGIN, {"login": login, "password": "wrong"}) == 5
    # The correct password is rejected too, so that guessing can't continue.
    assert is_rejected(Client().post(LOGIN, {"login": login, "password": PASSWORD}))


@zeal_ignore()
@pytest.mark.parametrize("worked_here", ["Stan", "Max", "a forged cookie"])
def test_guessing_elsewhere_does_not_lock_out_known_browsers(cast: Cast, worked_here: str) -> None:
    browser = Client()
    if worked_here == "a forged cookie":
        browser.cookies["person"] = f"{cast.stan.pk}:forged"
    else:
        browser.force_login(cast.stan if worked_here == "Stan" else cast.max)
        browser.get("/dashboard/")
        browser.post("/accounts/logout/")
    for number in range(6):
        Client().post(LOGIN, {"login": cast.stan.email, "password": "wrong"}, REMOTE_ADDR=f"198.51.100.{number}")
    signed_in = browser.post(LOGIN, {"login": cast.stan.email.upper(), "password": PASSWORD}).status_code == 302
    assert signed_in == (worked_here == "Stan")
    browser.post("/accounts/logout/")
    # Guessing in the known browser is limited too.
    assert is_rejected([browser.post(LOGIN, {"login": cast.stan.email, "password": "wrong"}) for _ in range(6)][-1])


@zeal_ignore()  # allauth queries the user repeatedly while signing in.
def test_successful_sign_ins_are_not_limited(cast: Cast) -> None:
    for _ in range(7):
        assert Client().post(LOGIN, {"login": "stan@alder.example", "password": PASSWORD}).status_code == 302


def test_wrong_passwords_are_limited_per_network(cast: Cast) -> None:
    accepted = [not is_rejected(Client().post(LOGIN, {"login": f"p{n}@alder.example", "password": "x"})) for n in range(12)]
    assert accepted == [True] * 10 + [False] * 2
    assert Client().post(LOGIN, {"login": "stan@alder.example", "password": PASSWORD}, REMOTE_ADDR="203.0.113.9").status_code == 302


@pytest.mark.parametrize("email", ["kim@client.example", "nobody@client.example"])
@pytest.mark.parametrize("path", [CODE, RESET])
def test_emails_are_limited_per_address(cast: Cast, path: str, email: str) -> None:
    assert cast.kim
    assert attempts(path, {"email": email}) == 3
    assert OutgoingMail.objects.count() == (3 if email == cast.kim.email else 0)


@pytest.mark.parametrize("path", [CODE, RESET])
def test_emails_are_limited_per_network(cast: Cast, path: str) -> None:
    accepted = [not is_rejected(Client().post(path, {"email": f"p{n}@client.example"})) for n in range(22)]
    assert accepted == [True] * 20 + [False] * 2


def test_codes_are_limited_per_network(cast: Cast) -> None:
    accepted = []
    for number in range(22):
        client = Client()
        # Requested from another network, whose limit would otherwise be reached first.
        client.post(CODE, {"email": f"p{number}@client.example"}, REMOTE_ADDR=f"203.0.113.{number}")
        accepted += [not is_rejected(client.post(CONFIRM, {"code": "BBBB-BBBB"})) for _ in range(3)]
    assert accepted == [True] * 60 + [False] * 6
    # Rejected attempts don't count as one of the code's three attempts.
    assert client.get(CONFIRM).status_code == 200


def test_wrong_second_factors_are_limited(cast: Cast) -> None:
    with_app(cast.stan)
    client = Client()
    client.post(LOGIN, {"login": cast.stan.email, "password": PASSWORD})
    accepted = [not is_rejected(client.post("/accounts/2fa/authenticate/", {"code": "000000"})) for _ in range(8)]
    assert accepted == [True] * 5 + [False] * 3


def test_trusted_proxy_determines_the_network(cast: Cast, settings: Any) -> None:
    wrong = {"login": "stan@alder.example", "password": "wrong"}
    for number in range(12):  # Without a trusted proxy, the header is ignored, because any client can send it.
        Client().post(LOGIN, {**wrong, "login": f"p{number}@alder.example"}, headers={"X-Forwarded-For": f"198.51.100.{number}"})
    assert is_rejected(Client().post(LOGIN, {**wrong, "login": "q@alder.example"}, headers={"X-Forwarded-For": "198.51.100.99"}))
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    for number in range(12):
        login = {**wrong, "login": f"r{number}@alder.example"}
        assert not is_rejected(Client().post(LOGIN, login, headers={"X-Forwarded-For": f"6.6.6.6, 198.51.100.{number}"}))


@zeal_ignore()
def test_wrong_proxy_settings_do_not_lock_out_users(cast: Cast, settings: Any) -> None:
    right = {"login": "stan@alder.example", "password": PASSWORD}
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 3
    assert Client().post(LOGIN, right, headers={"X-Forwarded-For": "198.51.100.1"}).status_code == 302
    assert Client().post(LOGIN, right, REMOTE_ADDR="").status_code == 302


def test_sign_in_works_without_redis(cast: Cast, settings: Any) -> None:
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:9/0"}}
    for _ in range(7):
        assert Client().post(LOGIN, {"login": "stan@alder.example", "password": "wrong"}).status_code == 200
    assert Client().post(LOGIN, {"login": "stan@alder.example", "password": PASSWORD}).status_code == 302
    assert Client().post(CODE, {"email": cast.kim.email}).status_code == 302
    assert Client().post(RESET, {"email": cast.kim.email}).status_code == 302


def test_requesting_another_code_keeps_the_next_page(cast: Cast) -> None:
    client, target = Client(), "/partners/alder/access/"
    client.post(CODE, {"email": cast.kim.email, "next": target})
    for _ in range(3):
        response = client.post(CONFIRM, {"code": "BBBB-BBBB", "next": target})
    assert response.url == f"{CODE}?next=%2Fpartners%2Falder%2Faccess%2F"
    assert f'name="next" value="{target}"' in client.get(response.url).content.decode()
    # The code has expired, or was requested in another browser.
    assert Client().get(f"{CONFIRM}?next={target}").url == response.url
    assert Client().get(f"{CONFIRM}?next=https://evil.example/").url == CODE
