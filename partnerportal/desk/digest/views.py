"""Page behind the digest's unsubscribe link. GET changes nothing."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt

from partnerportal.agencies.models import Membership
from partnerportal.agencies.services.notifications import resubscribe_to_digest, unsubscribe_from_digest
from partnerportal.audit.context import origin
from partnerportal.core.personal_pages import guess_limit, language_query, link_not_found, personal_page, unsubscribe_page
from partnerportal.desk.digest.tokens import read_token

GUESS_LIMIT = guess_limit("digest-guesses")


@csrf_exempt
@personal_page
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """Turn off a member's digest."""
    member = _member(token)
    if member is None:
        return _not_found(request)
    return unsubscribe_page(
        request,
        "desk/digest_unsubscribe.html",
        agency=member.agency,
        language=member.language,
        undo=reverse("desk:digest_resubscribe", args=[token]),
        opt_out=lambda: unsubscribe_from_digest(member),
        is_opted_out=lambda: not member.wants_digest,
    )


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
