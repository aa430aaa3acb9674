"""Redirects to `next` stay within the portal."""

from typing import Any

import pytest
from django.test import Client
from django.utils.html import escape

from partnerportal.outbox.models import OutgoingMail
from tests.cast import Cast
from tests.factories.accounts import PASSWORD
from tests.factories.customers import TaskFactory
from tests.factories.reviews import ReviewFactory

ELSEWHERE = [
    "https://evil.example/", "//evil.example", "///evil.example", "/\\evil.example", "\\\\evil.example", "https:evil.example",
    "https:/evil.example", "http:///evil.example", "javascript:alert(1)", "data:text/html,x", "\x08//evil.example", "\t//evil.example",
    "/\t/evil.example", "/\n/evil.example", "https://testserver@evil.example/", "https://evil.example\\@testserver/", "//[::1",
    "customers:list", "ftp://testserver/",
]  # fmt: skip


def stays_here(address: str) -> bool:
    """Return whether every browser interprets this `Location` as a path on the same host."""
    return address.startswith("/") and not address.startswith(("//", "/\\")) and not set(address) & set("\t\r\n\\")


@pytest.mark.parametrize("target", ELSEWHERE)
def test_actions_do_not_redirect_to_other_hosts(cast: Cast, alice: Client, target: str) -> None:
    task = TaskFactory(customer__agency=cast.alder)
    review = ReviewFactory(review_request__customer__agency=cast.alder)
    for path in (f"/tasks/{task.pk}/done/", f"/company/reviews/{review.pk}/pin/", f"/company/reviews/{review.pk}/unpin/", "/i18n/setlang/"):
        for headers in ({}, {"HX-Request": "true"}):
            response = alice.post(path, {"next": target, "language": "en"}, headers=headers)
            assert stays_here(response.headers.get("HX-Redirect") or response.headers.get("Location") or "/"), (path, response.headers)
    form = alice.get(f"/company/reviews/{review.pk}/comment/", {"next": target}).content.decode()
    assert f'name="next" value="{escape(target)}"' not in form
    assert f'href="{escape(target)}"' not in form


@pytest.mark.parametrize("target", ELSEWHERE)
def test_sign_in_does_not_redirect_to_other_hosts(cast: Cast, target: str) -> None:
    signs_in = {"login": cast.stan.email, "password": PASSWORD}
    assert stays_here(Client().post("/accounts/login/", {**signs_in, "next": target}).url)
    client = Client()
    client.force_login(cast.stan)
    assert stays_here(client.get("/accounts/login/", {"next": target}).url)
    assert stays_here(client.post("/accounts/reauthenticate/", {"password": PASSWORD, "next": target}).url)
    assert stays_here(client.post("/accounts/logout/", {"next": target}).url)
    assert stays_here(Client().post("/accounts/login/code/", {"email": cast.stan.email, "next": target}).url)
    assert stays_here(Client().get("/admin/login/", {"next": target}).url)


@pytest.mark.parametrize("target", ["evil.example", "..", "?next=//evil.example"])
def test_next_must_be_an_absolute_path(cast: Cast, alice: Client, target: str) -> None:
    task = TaskFactory(customer__agency=cast.alder)
    assert stays_here(alice.post(f"/tasks/{task.pk}/done/", {"next": target}).url)
    assert Client().post("/accounts/login/", {"login": cast.stan.email, "password": PASSWORD, "next": target}).url == "/"


def test_other_hosts_are_rejected_or_ignored(cast: Cast, client: Client) -> None:
    for headers in ({"Host": "evil.example"}, {"Host": "localhost:80@evil.example"}):
        assert client.get("/partners/alder/", headers=headers).status_code == 400
    forged = {"X-Forwarded-Host": "evil.example", "X-Forwarded-Port": "99", "Forwarded": "host=evil.example"}
    page = client.get("/partners/alder/", headers=forged)
    assert page.status_code == 200
    assert "evil.example" not in page.content.decode()
    client.post("/accounts/password/reset/", {"email": cast.stan.email}, headers=forged)
    assert "evil.example" not in OutgoingMail.objects.get().text


@pytest.mark.usefixtures("clean_cache")
@pytest.mark.parametrize("host", ["localhost:4711", "internal.example"])
def test_links_in_emails_use_site_url(cast: Cast, client: Client, settings: Any, host: str) -> None:
    settings.ALLOWED_HOSTS = ["localhost", "internal.example"]
    client.post("/accounts/password/reset/", {"email": cast.charlie.email}, headers={"Host": host})
    signed_in = Client()
    signed_in.force_login(cast.max)
    signed_in.post("/accounts/email/", {"email": "max@new.example", "action_add": ""}, headers={"Host": host})
    texts = [mail.text for mail in OutgoingMail.objects.order_by("pk")]
    for text, path in zip(texts, ["/accounts/password/reset/key/", "/accounts/confirm-email/"], strict=True):
        assert f"{settings.SITE_URL}{path}" in text
        assert host not in text
