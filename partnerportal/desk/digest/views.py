"""Page behind the digest's unsubscribe link. GET changes nothing."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt

from partnerportal.agencies.models import Membership
from partnerportal.agencies.services.notifications import resubscribe_to_digest, unsubscribe_from_digest
from partnerportal.audit.context import origin
from partnerportal.core.personal_pages import guess_limit, in_language, language_query, link_not_found, personal_page, selected_language
from partnerportal.desk.digest.tokens import read_token

GUESS_LIMIT = guess_limit("digest-guesses")


@csrf_exempt
@personal_page
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """Turn off a member's digest, by the page's button or an e-mail program's one-click request (RFC 8058).

    RFC 8058 requires a POST without cookie or CSRF token. Other POST requests, such as those of
    scanners, only display the page.
    """
    member = _member(token)
    if member is None:
        return _not_found(request)
    if request.POST.get("List-Unsubscribe") == "One-Click":
        unsubscribe_from_digest(member)
        if "page" in request.POST:
            return redirect(request.get_full_path())
    undo = f"{reverse('desk:digest_resubscribe', args=[token])}{language_query(request)}"
    context = {"agency": member.agency, "opted_out": not member.wants_digest, "undo": undo}
    language = selected_language(request, member.language)
    return in_language(language, lambda: render(request, "desk/digest_unsubscribe.html", context))


@personal_page
def resubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """Turn the digest on again."""
    member = _member(token)
    if member is None:
        return _not_found(request)
    if request.method == "POST":
        resubscribe_to_digest(member)
    return redirect(f"{reverse('desk:digest_unsubscribe', args=[token])}{language_query(request)}")


def _member(token: str) -> Membership | None:
    pk = read_token(token)
    return Membership.objects.select_related("user", "agency__profile").filter(pk=pk).first() if pk else None


def _not_found(request: HttpRequest) -> HttpResponse:
    here = origin.get()
    return link_not_found(request, "reviews/link_not_found.html", limit=GUESS_LIMIT, address=here.ip_address if here else None)
