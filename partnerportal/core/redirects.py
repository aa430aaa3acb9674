"""Back to where an action was begun."""

from typing import Any, cast

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.encoding import iri_to_uri
from django.utils.http import url_has_allowed_host_and_scheme


def get_next_path(request: HttpRequest) -> str:
    """Where the person came from, as the form or the link to it says (`next`): a path; empty if that is none of our pages."""
    # What was typed before the session ended knows it, too.
    sent = getattr(request, "input", None) or request.POST
    target = sent.get("next") or request.GET.get("next") or ""
    return iri_to_uri(target) if is_safe_path(target) else ""


def is_safe_path(target: str) -> bool:
    """Whether it is a path of this portal's: no other host, in no spelling that a browser would take for one."""
    return target.startswith("/") and url_has_allowed_host_and_scheme(target, allowed_hosts=None)


def redirect_back(request: HttpRequest, default: str) -> HttpResponse:
    """Redirect to `next_address`, or else to `default`; a dialog's page is reloaded as a whole."""
    target = get_next_path(request) or default
    htmx = cast(Any, request).htmx
    if not htmx:
        return HttpResponseRedirect(target)
    # A browser that is sent to a fragment of the page it shows only scrolls, and the dialog would stay open.
    page, _, _ = target.partition("#")
    shown, _, _ = (htmx.current_url_abs_path or "").partition("#")
    return HttpResponse(status=204, headers={"HX-Redirect": page if page == shown else target})
