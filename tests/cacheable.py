"""Check of every response that shared caches may store, and a shared cache for tests."""

from collections.abc import Iterable
from typing import Any

from django.http import HttpResponse
from django.test import Client

#: Routes whose responses may be public, and whether they are the same for people who are signed in.
PUBLIC = {
    **dict.fromkeys(["directory", "profile", "public", "how", "legal"], False),
    **dict.fromkeys(
        ["directory_image", "profile_image", "logo", "operator_logo", "work_picture", "robots", "sitemap", "sitemap_section", "manifest"],
        True,
    ),
    **dict.fromkeys(["badge_svg", "badge_png", "feed_atom", "feed_json", "public_image"], True),
}


def directives(response: HttpResponse) -> dict[str, str]:
    """Return the directives of `Cache-Control` with their values."""
    parts = (part.strip().partition("=") for part in response.get("Cache-Control", "").split(","))
    return {name.lower(): value for name, _, value in parts if name}


def assert_private(response: Any, secrets: Iterable[str], *, signed_in: bool) -> None:
    """Check that a response is not for shared caches, or contains nothing that belongs to a person."""
    told = directives(response)
    path = response.request["PATH_INFO"]
    assert {"public", "private", "no-store"} & set(told), f"{path} leaves caching to the caches"
    if "public" not in told:
        assert "s-maxage" not in told
        return
    match = response.resolver_match
    name = match.url_name.removesuffix("_de").removesuffix("_en")
    assert match.namespaces in (["network"], ["desk"], ["reviews"]), path
    assert name in PUBLIC, f"{path} is public"
    assert PUBLIC[name] or not signed_in, f"{path} is public for someone who is signed in"
    assert not response.cookies, path
    assert "csrf" not in str(response.headers).lower(), path
    content = b"".join(response.streaming_content) if response.streaming else response.content
    for text in ("csrfmiddlewaretoken", *secrets):
        assert text.encode() not in content, f"{path} contains {text}"


class SharedCache:
    """A cache between browsers and the portal (RFC 9111, with `stale-while-revalidate` of RFC 5861)."""

    def __init__(self) -> None:
        self.now = 0.0
        #: Stored responses by path: request headers that the response varies on, when it was stored, and itself.
        self._stored: dict[str, list[tuple[dict[str, str], float, Any]]] = {}
        self.hits = self.forwarded = 0

    def get(self, path: str, **headers: str) -> Any:
        """Return a stored response, or the portal's."""
        entry = next((entry for entry in self._stored.get(path, []) if self._matches(entry[0], headers)), None)
        if entry is None:
            return self._forward(path, headers)
        told, age = directives(entry[2]), self.now - entry[1]
        if age < int(told["max-age"]):
            self.hits += 1
            return entry[2]
        fresh = self._forward(path, headers, entry[2])
        if age < int(told["max-age"]) + int(told.get("stale-while-revalidate", 0)):
            self.hits += 1
            return entry[2]
        return fresh

    def _forward(self, path: str, headers: dict[str, str], stored: Any = None) -> Any:
        self.forwarded += 1
        validator = {"If-None-Match": stored["ETag"]} if stored is not None and stored.has_header("ETag") else {}
        response: Any = Client().get(path, headers={name.replace("_", "-"): value for name, value in (headers | validator).items()})
        kept = stored if response.status_code == 304 else response
        if "public" in directives(response):
            varies = {name.strip().lower().replace("-", "_") for name in response.get("Vary", "").split(",")}
            key = {name: headers.get(name, "") for name in varies}
            others = [entry for entry in self._stored.get(path, []) if entry[0] != key]
            self._stored[path] = [*others, (key, self.now, kept)]
        return kept

    @staticmethod
    def _matches(varies: dict[str, str], headers: dict[str, str]) -> bool:
        return all(headers.get(name, "") == value for name, value in varies.items())
