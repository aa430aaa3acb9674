"""Compression of pages by the portal (docs/decisions/0021)."""

import gzip
from typing import Any

import pytest
from django.test import Client

from tests.cast import Cast
from tests.factories.agencies import LogoFactory
from tests.factories.customers import CustomerFactory

GZIP = {"Accept-Encoding": "gzip, deflate, br"}


@pytest.mark.parametrize("path", ["/partners/", "/partners/alder/", "/customers/", "/dashboard/", "/nothing/", "/sitemap.xml"])
def test_pages_are_compressed(alice: Client, path: str) -> None:
    answer = alice.get(path, headers=GZIP)
    assert answer["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in answer["Vary"]
    assert int(answer["Content-Length"]) == len(answer.content) < len(gzip.decompress(answer.content))
    plain = alice.get(path)
    assert "Content-Encoding" not in plain
    assert "Accept-Encoding" in plain["Vary"]


def test_lengths_vary_at_random(alice: Client) -> None:
    """An attacker who measures lengths can't tell a character of a secret from another (BREACH)."""
    assert len({len(Client().get("/partners/", headers=GZIP).content) for _ in range(12)}) > 3


def test_what_has_not_changed_is_not_sent_again(cast: Cast) -> None:
    first = Client().get("/partners/alder/", headers=GZIP)
    assert first["ETag"].startswith('W/"')
    for browser in ({**GZIP}, {}):
        answer = Client().get("/partners/alder/", headers={**browser, "If-None-Match": first["ETag"]})
        assert (answer.status_code, answer.content) == (304, b"")
        assert "Content-Encoding" not in answer


def test_exports_are_compressed_while_they_are_sent(alice: Client, cast: Cast) -> None:
    CustomerFactory.create_batch(3, agency=cast.alder, city="Görlitz")
    answer: Any = alice.post("/customers/export/", headers=GZIP)
    assert (answer["Content-Encoding"], answer.streaming) == ("gzip", True)
    assert "Content-Length" not in answer
    assert gzip.decompress(b"".join(answer.streaming_content)).decode("utf-8-sig").count("Görlitz") == 3


def test_images_and_static_files_are_left_alone(cast: Cast, settings: Any) -> None:
    LogoFactory(profile=cast.alder.profile)
    settings.WHITENOISE_USE_FINDERS = True
    for path in (cast.alder.profile.logo_url, "/static/fonts/portal-sans.woff2", "/static/css/base.css", "/apple-touch-icon.png"):
        answer = Client().get(path, headers=GZIP)
        assert answer.status_code == 200
        assert "Content-Encoding" not in answer
        answer.close()
