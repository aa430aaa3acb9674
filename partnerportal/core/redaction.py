"""Redaction of secrets in logs and error reports: tokens in paths, query parameters, signatures.

Routes with tokens are found in the URLconf by the names of their parameters.
"""

import re
from collections.abc import Iterator
from functools import cache
from threading import local
from typing import Any
from urllib.parse import unquote

from django.apps import apps
from django.conf import settings
from django.urls import URLResolver, get_resolver
from django.urls.resolvers import RoutePattern

#: Names of route parameters that grant access. tests/test_redaction.py lists all other ones.
SECRET_PARAMETERS = frozenset({"key", "token", "uidb36"})
#: Names of redacted query parameters.
SECRET_QUERY_PARAMETERS = SECRET_PARAMETERS | {"password", "secret", "sig", "signature", "stamp"}
#: Replacement for a secret.
ELLIPSIS = "…"
#: Minimum length of a known secret that is replaced everywhere, in characters.
MIN_KNOWN_LENGTH = 6

# Each character also matches its percent-encoded form, even if encoded repeatedly.
_SLASH = r"(?:/|%(?:25)*2f)"
# Also matches //, /./ and /../. Possessive, to avoid backtracking in long runs of slashes.
_SEPARATOR = rf"(?:{_SLASH}(?:(?:\.|%(?:25)*2e){{1,2}}(?={_SLASH}))?)++"
# Prevents matches from starting within such a run.
_NEW_RUN = "".join(f"(?<!{slash}{dots})" for slash in ("/", "%2f", "%252f") for dots in ("", r"\.", r"\.\."))
# Characters that usually end a link in a text.
_ENDS = r"\s?#&\"'<>,;)\]}"
# An escaped character, such as \n or \xe9. In JSON, the backslash is escaped again. An escaped quote is matched
# together with its backslash, so that JSON stays valid.
_CODE = r"x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8}"
_ESCAPE = rf"(?:(?:\\\\)++(?:{_CODE}|[a-z])?+|\\(?:{_CODE}|.))"
# End characters that are followed by a text as long as a secret, and therefore don't end the link.
_GAP = rf"[{_ENDS}](?:[{_ENDS}]|{_ESCAPE})*+(?=[^{_ENDS}\\/]{{20}})"
# All repetitions are possessive and begin with different characters, to avoid backtracking.
_WORDS = rf"(?:[^{_ENDS}\\]|{_ESCAPE})"
_VALUE = rf"(?:{_WORDS}|{_GAP})*+"
_SEGMENT = rf"(?:[^{_ENDS}\\/]|{_ESCAPE}){{1,200}}?"
_PARAMETER_OF_ROUTE = re.compile(r"<(?:[^>:]+:)?(\w+)>")
_PARAMETER_OF_REGEX = re.compile(r"\(\?P<(\w+)>")
_QUERY = re.compile(
    rf"((?:^|[?&;\s\"']|%(?:25)*(?:3f|26))(?:{'|'.join(sorted(SECRET_QUERY_PARAMETERS))})(?:=|%(?:25)*3d))"
    rf"((?:{_WORDS}{{0,19}}+{_GAP})*+{_WORDS}*+)",
    re.IGNORECASE,
)
# Suffix added by django.core.signing: an optional timestamp and a SHA-256 signature.
_SIGNATURE = re.compile(r"(?::[\w-]{6})?:[\w-]{43}(?![\w-])")
# Fallback while the URLconf isn't loaded. Tokens contain capital letters; file names in tracebacks don't.
_LONG_SEGMENT = re.compile(rf"((?:/|%(?:25)*2[fF])(?:[?#&\"'<>,;)]|{_ESCAPE})*+)(?=[\w.:~%-]*[A-Z])[\w.:~%-]{{20,}}")
# The replaced part of a value. Keeps quotes, which may delimit a JSON string.
_SECRET = re.compile(rf"{_WORDS}++")
# A text in a path that may be a complete secret.
_LONG_WORD = re.compile(r"[\w.:=-]{20,}", re.ASCII)
# gunicorn logs the text after a space in a malformed path as the HTTP version.
_INVALID_VERSION = re.compile(r"(Invalid HTTP Version: ).*", re.DOTALL)

_state = local()


def redact(text: str, *known: str) -> str:
    """Replace all secrets in the text, including every occurrence of the `known` ones."""
    for secret in sorted(known, key=len, reverse=True):
        if len(secret) >= MIN_KNOWN_LENGTH:
            text = text.replace(secret, ELLIPSIS)
    patterns = _patterns()
    text = _INVALID_VERSION.sub(rf"\1{ELLIPSIS}", text)
    text = patterns.redact(text) if patterns else _LONG_SEGMENT.sub(rf"\1{ELLIPSIS}", text)
    text = _QUERY.sub(lambda match: match[1] + (_SECRET.sub(ELLIPSIS, match[2]) or ELLIPSIS), text)
    return _SIGNATURE.sub(f":{ELLIPSIS}", text)


def secrets_in(path: str) -> set[str]:
    """Return the secrets in the path of a request."""
    patterns = _patterns()
    return spellings(patterns.secrets_in(path)) if patterns else set()


def spellings(secrets: set[str]) -> set[str]:
    """Add variants of secrets: decoded, without surrounding characters, and escaped as in logs and `repr`."""
    variants = secrets | {unquote(secret) for secret in secrets}
    variants |= {word for secret in variants for word in _LONG_WORD.findall(secret)}
    return variants | {secret.encode("unicode_escape").decode() for secret in variants}


def secret_routes(resolver: URLResolver, before: tuple[str, ...] = ("",)) -> Iterator[tuple[str, ...]]:
    """Yield each route with a secret parameter as alternating literal texts and parameter names."""
    for entry in resolver.url_patterns:
        first, *rest = _split(entry.pattern)
        route = (*before[:-1], before[-1] + first, *rest)
        if isinstance(entry, URLResolver):
            yield from secret_routes(entry, route)
        elif SECRET_PARAMETERS & set(route[1::2]):
            yield route


class _Patterns:
    """Compiled patterns of one URLconf."""

    def __init__(self, urlconf: str) -> None:
        routes = list(secret_routes(get_resolver(urlconf)))
        heads = sorted({_head(route) for route in routes}, key=len, reverse=True)
        # (?!) never matches.
        alternatives = rf"{_NEW_RUN}{_SEPARATOR}(?:{'|'.join(heads) or '(?!)'})"
        self._head = re.compile(alternatives, re.IGNORECASE)
        self._link = re.compile(f"({alternatives})({_VALUE})", re.IGNORECASE)
        self._separator = re.compile(f"({_SEPARATOR})", re.IGNORECASE)
        #: Literal path segments, such as “edit” in /r/<token>/edit/.
        self._literals = {word for route in routes for text in route[::2] for word in text.lower().split("/")}

    def redact(self, text: str) -> str:
        return self._link.sub(lambda match: match[1] + self._without_secrets(match[2]), text)

    def _without_secrets(self, rest: str) -> str:
        parts = self._separator.split(rest)
        # Segments and separators alternate.
        parts[::2] = [part if part.lower() in self._literals else _SECRET.sub(ELLIPSIS, part) for part in parts[::2]]
        return "".join(parts)

    def secrets_in(self, path: str) -> set[str]:
        match = self._head.search(path)
        parts = self._separator.split(path[match.end() :])[::2] if match else []
        return {part for part in parts if part and part.lower() not in self._literals}


def _patterns() -> _Patterns | None:
    """Return the patterns, or None if the URLconf isn't or can't be loaded."""
    # Loading the URLconf may log messages, which calls this function again.
    if not apps.ready or getattr(_state, "loading", False):
        return None
    _state.loading = True
    try:
        return _patterns_of(settings.ROOT_URLCONF)
    except Exception:  # noqa: BLE001  # the log entry about a broken URLconf must still be written
        return None
    finally:
        _state.loading = False


@cache
def _patterns_of(urlconf: str) -> _Patterns:
    return _Patterns(urlconf)


def _split(pattern: Any) -> list[str]:
    """Return alternating literal texts and parameter names of a pattern."""
    if isinstance(pattern, RoutePattern):
        return _PARAMETER_OF_ROUTE.split(str(pattern))
    rest, parts = str(pattern).removeprefix("^").removesuffix("$"), []
    while match := _PARAMETER_OF_REGEX.search(rest):
        parts += [rest[: match.start()].replace("\\", ""), match[1]]
        rest = rest[_end_of_group(rest, match.start()) :]
    return [*parts, rest.replace("\\", "")]


def _end_of_group(regex: str, start: int) -> int:
    """Return the position after the regex group that starts at `start`."""
    depth, position = 0, start
    for match in re.finditer(r"\\.|\[\^?\]?(?:\\.|[^\]])*\]|[()]", regex[start:]):
        depth += {"(": 1, ")": -1}.get(match[0], 0)
        position = start + match.end()
        if depth == 0:
            break
    return position


def _head(route: tuple[str, ...]) -> str:
    """Return a regex for the part of a route before its first secret, in any encoding.

    Of a literal part, only the last segment has to match, because mistyped paths may be incomplete.
    """
    first = next(index for index, name in enumerate(route) if index % 2 and name in SECRET_PARAMETERS)
    head = list(route[:first])
    if len(head) == 1:
        head[0] = head[0][head[0].rstrip("/").rfind("/") + 1 :]
    return "".join(_SEGMENT if index % 2 else _literal(text) for index, text in enumerate(head))


def _literal(text: str) -> str:
    parts = ["".join(f"(?:{re.escape(c)}|%(?:25)*{ord(c):02x})" for c in part) for part in text.split("/")]
    return _SEPARATOR.join(parts)
