"""Redirects to the page on which an action started."""

from typing import Any, cast

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.encoding import iri_to_uri
from django.utils.http import url_has_allowed_host_and_scheme


def get_next_path(request: HttpRequest) -> str:
    """Return the path in the parameter `next`, or an empty string if it is missing or unsafe."""
    # The input of a recovered form also contains it.
    data = getattr(request, "form_data", None) or request.POST
    target = data.get("next") or request.GET.get("next") or ""
    return iri_to_uri(target) if is_safe_path(target) else ""


def is_safe_path(target: str) -> bool:
    """Return whether `target` is a path that browsers don't interpret as another host."""
    return target.startswith("/") and url_has_allowed_host_and_scheme(target, allowed_hosts=None)


def redirect_back(request: HttpRequest, default: str) -> HttpResponse:
    """Redirect to `next` or else to `default`. Dialogs reload their whole page."""
    target = get_next_path(request) or default
    htmx = cast(Any, request).htmx
    if not htmx:
        return HttpResponseRedirect(target)
    # Without the fragment, because a browser would only scroll within the current page.
    page, _, _ = target.partition("#")
    current_page, _, _ = (htmx.current_url_abs_path or "").partition("#")
    return HttpResponse(status=204, headers={"HX-Redirect": page if page == current_page else target})
