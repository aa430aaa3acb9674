"""Public pages of the operator: imprint, privacy policy and terms, and its logo."""

from typing import Any, cast

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from partnerportal.core.language_addresses import fixed_language, page_addresses
from partnerportal.network.legal_text import legal_html
from partnerportal.network.models import LegalPage, Operator
from partnerportal.network.services.pictures import MEDIA_TYPE
from partnerportal.network.views.caching import etag_of, public_page

#: Seconds for which caches can store the logo at an address that contains its hash.
LOGO_MAX_AGE = 60 * 60 * 24 * 365


class _Version:
    """Version of a legal page: the texts that exist of it, the one of the active language first."""

    def __init__(self, pages: list[LegalPage]) -> None:
        self.pages = pages

    def etag(self) -> str:
        return etag_of(*(int(page.updated_at.timestamp() * 1_000_000) for page in self.pages))


def _version(kind: str) -> _Version | None:
    pages = LegalPage.objects.filter(kind=kind).exclude(text="")
    return _Version(sorted(pages, key=lambda page: (page.language != (get_language() or "")[:2], page.language))) if pages else None


@public_page(_version)
def legal(request: HttpRequest, kind: str) -> HttpResponse:
    """Show a legal page in the active language, or in the other one if it has only that."""
    version = cast(Any, request).public_version
    if version is None:
        raise Http404
    page = version.pages[0]
    context = {
        "page": page,
        "text": legal_html(page.text),
        "is_translated": page.language == (get_language() or "")[:2],
        **page_addresses("network:legal", kind, language=fixed_language(request)),
    }
    return render(request, "network/legal.html", context)


@require_safe
def operator_logo(_request: HttpRequest, digest: str) -> HttpResponse:
    """Return the operator's logo."""
    operator = get_object_or_404(Operator.objects.exclude(logo_digest=""), logo_digest=digest)
    response = HttpResponse(bytes(cast(Any, operator.logo_content)), content_type=MEDIA_TYPE)
    response["Cache-Control"] = f"public, max-age={LOGO_MAX_AGE}, immutable"
    return response
