"""Responses that files and approvals have in common."""

from collections.abc import Callable
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.utils.http import content_disposition_header

from invitations.files.content import served_type
from invitations.files.models.files import FileVersion
from invitations.files.services.files import Download


def download_response(request: HttpRequest, version: FileVersion, start: Callable[[], Download]) -> HttpResponseBase:
    """Return a version as an attachment that no browser displays or executes (docs/decisions/0048).

    Requests for the headers alone don't `start` a download, and aren't recorded.
    """
    headers = {
        "Content-Disposition": str(content_disposition_header(as_attachment=True, filename=version.name)),
        "Content-Length": str(version.size),
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, no-store",
        # A range would need a second record of the same download.
        "Accept-Ranges": "none",
    }
    content_type = served_type(version.content_type)
    if request.method == "HEAD":
        return HttpResponse(content_type=content_type, headers=headers)
    return StreamingHttpResponse(start().content, content_type=content_type, headers=headers)


def form_page(request: HttpRequest, template: str, form: Any, **context: Any) -> HttpResponse:
    """Render a page with a form, with status 413 if its file was too large."""
    status = 413 if form.errors and getattr(form, "is_too_large", False) else 200
    return render(request, template, {"form": form, **context}, status=status)


def request_size(request: HttpRequest) -> int:
    """Return the size of the request's body, in bytes."""
    try:
        return int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        return 0


def newest_version(versions: list[FileVersion]) -> FileVersion:
    """Return the first of the versions, or answer 404 if the file was deleted in the meantime."""
    if not versions:
        raise Http404
    return versions[0]
