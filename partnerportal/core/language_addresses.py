"""Addresses that fix the language: /de/partners/ is German for everyone, while /partners/ is in the reader's language.

See docs/decisions/0019-language-addresses.md.
"""

from collections.abc import Callable
from typing import Any, cast

from django.conf import settings
from django.http import HttpRequest, HttpResponsePermanentRedirect
from django.http.response import HttpResponseBase
from django.middleware.locale import LocaleMiddleware
from django.urls import URLPattern, path, reverse
from django.utils import translation

CODES = tuple(code for code, _name in settings.LANGUAGES)


def language_paths(route: str, view: Callable[..., HttpResponseBase], name: str) -> list[URLPattern]:
    """Return a route three times: as it is, named `name`, and below each language, named `name_de` and `name_en`."""
    return [path(route, view, name=name), *(path(f"{code}/{route}", view, name=f"{name}_{code}") for code in CODES)]


def language_url(name: str, *args: Any, language: str) -> str:
    """Return the address of a route made by `language_paths`; without a language, the one in the reader's own."""
    return reverse(f"{name}_{language}" if language else name, args=args)


def moved(request: HttpRequest, address: str) -> HttpResponsePermanentRedirect:
    """Redirect permanently to the current address of a page, with the query of the request."""
    query = request.META.get("QUERY_STRING", "")
    return HttpResponsePermanentRedirect(f"{address}?{query}" if query else address)


def alternates(name: str, *args: Any) -> dict[str, str]:
    """Return the addresses of one page by the value of their `hreflang`."""
    found = {code: language_url(name, *args, language=code) for code in CODES}
    return found | {"x-default": language_url(name, *args, language="")}


def fixed_language(request: HttpRequest | None) -> str:
    """Return the language that the request's address fixes, or an empty string."""
    return getattr(request, "fixed_language", "")


def in_other_language(address: str, language: str) -> str:
    """Return the same page's address in another language. An address that fixes no language stays as it is."""
    current = _language_of(address)
    return f"/{language}{address.removeprefix(f'/{current}')}" if current else address


def _language_of(address: str) -> str:
    return next((code for code in CODES if address.startswith(f"/{code}/")), "")


class LanguageMiddleware(LocaleMiddleware):
    """Django's choice of the reader's language, unless the address fixes it.

    A page at such an address is the same for all readers, so caches needn't tell them apart by `Accept-Language`.
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
