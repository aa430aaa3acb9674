"""URLs that fix the language: /de/partners/ is always German, /partners/ is in the user's language.

See docs/decisions/0019-language-addresses.md.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, cast

from django.conf import settings
from django.http import HttpRequest, HttpResponsePermanentRedirect
from django.http.response import HttpResponseBase
from django.middleware.locale import LocaleMiddleware
from django.urls import URLPattern, get_script_prefix, path, reverse
from django.utils import translation

CODES = tuple(code for code, _name in settings.LANGUAGES)


def language_paths(route: str, view: Callable[..., HttpResponseBase], name: str) -> list[URLPattern]:
    """Return a route named `name`, and its variants below each language prefix, such as `name_de`."""
    return [path(route, view, name=name), *(path(f"{code}/{route}", view, name=f"{name}_{code}") for code in CODES)]


def language_url(name: str, *args: Any, language: str) -> str:
    """Return the path of a route of `language_paths`; an empty `language` is the user's."""
    return _address(f"{name}_{language}" if language else name, args, get_script_prefix())


@lru_cache(maxsize=4096)
def _address(name: str, args: tuple[Any, ...], _prefix: str) -> str:
    return reverse(name, args=args)


def moved(request: HttpRequest, address: str) -> HttpResponsePermanentRedirect:
    """Redirect permanently to a page's current path, keeping the query string."""
    query = request.META.get("QUERY_STRING", "")
    return HttpResponsePermanentRedirect(f"{address}?{query}" if query else address)


def alternates(name: str, *args: Any) -> dict[str, str]:
    """Return the paths of one page by the value of their `hreflang`."""
    paths = {code: language_url(name, *args, language=code) for code in CODES}
    return paths | {"x-default": language_url(name, *args, language="")}


def page_addresses(name: str, *args: Any, language: str) -> dict[str, Any]:
    """Return the absolute addresses of a page: its canonical one, and its alternates by the value of their `hreflang`.

    `language` is the one fixed by the page's address, or empty.
    """
    return {
        "canonical": f"{settings.SITE_URL}{language_url(name, *args, language=language)}",
        "alternates": {code: f"{settings.SITE_URL}{path}" for code, path in alternates(name, *args).items()},
    }


def fixed_language(request: HttpRequest | None) -> str:
    """Return the language fixed by the request's path, or an empty string."""
    return getattr(request, "fixed_language", "")


def in_other_language(address: str, language: str) -> str:
    """Return the page's path in another language. Paths without a fixed language are unchanged."""
    current = _language_of(address)
    return f"/{language}{address.removeprefix(f'/{current}')}" if current else address


def _language_of(address: str) -> str:
    return next((code for code in CODES if address.startswith(f"/{code}/")), "")


class LanguageMiddleware(LocaleMiddleware):
    """Activates the language fixed by the path, or else the user's.

    Pages with a fixed language don't vary on Accept-Language, so that caches store them once.
    """

    def process_request(self, request: HttpRequest) -> None:
        if language := _language_of(request.path_info):
            translation.activate(language)
            cast(Any, request).fixed_language = cast(Any, request).LANGUAGE_CODE = language
        else:
            super().process_request(request)

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if language := fixed_language(request):
            response.headers.setdefault("Content-Language", language)
            return response
        return super().process_response(request, response)
