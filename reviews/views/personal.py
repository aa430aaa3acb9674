"""The pages behind a personal link. A GET changes nothing; what changes something is a form's POST with its CSRF token."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import translation
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt

from partnerportal.agencies.models import Agency
from partnerportal.audit.context import origin
from partnerportal.core.pending import InvalidTransition
from partnerportal.core.personal_pages import guess_limit, link_not_found, personal_page
from partnerportal.core.rate_limits import RateLimit, RateLimitExceeded, check_rate_limits, network_prefix
from reviews.forms.personal import ReviewForm
from reviews.models import CATEGORIES, Review, ReviewRequest
from reviews.services.opt_outs import opt_in, opt_out, read_opt_out
from reviews.services.reviews import NotEditable, edit_review, submit_review, withdraw_review

GUESS_LIMIT = guess_limit("review-guesses")
#: Submitted forms from one network, which may be a whole company's.
SUBMIT_LIMIT = RateLimit("review-forms", 200, 10 * 60)
#: Mark the message of what was just done: the page it leads to says so in its own way.
JUST_SUBMITTED, JUST_CHANGED = "just-submitted", "just-changed"


def _with_request(view: Callable[[HttpRequest, ReviewRequest], HttpResponse]) -> Callable[..., HttpResponse]:
    """Hand the view the request that the token belongs to, in the language that the person reads."""

    @personal_page
    @wraps(view)
    def behind_link(request: HttpRequest, token: str) -> HttpResponse:
        requests = ReviewRequest.objects.select_related("agency__profile", "customer", "project", "review__comment")
        review_request = requests.with_token(token).first()
        if review_request is None:
            return _not_found(request)
        return _in_language(_language(request, review_request.customer.language), lambda: view(request, review_request))

    return behind_link


def _in_language(language: str, answer: Callable[[], HttpResponse]) -> HttpResponse:
    """What `answer` says, in this language and marked with it: the middleware knows only the browser's."""
    with translation.override(language):
        response = answer()
    response["Content-Language"] = language
    return response


@_with_request
def review_form(request: HttpRequest, review_request: ReviewRequest) -> HttpResponse:
    """The personal review page: the form, and once it was sent, the own review."""
    if review_request.current_status == ReviewRequest.Status.ANSWERED:
        return _own_review(request, review_request)
    if review_request.current_status != ReviewRequest.Status.OPEN:
        context = {"agency": review_request.agency, "reason": review_request.current_status}
        return render(request, "reviews/link_expired.html", context, status=410)

    def save(**answers: Any) -> None:
        submit_review(review_request, **answers)
        messages.success(request, _("Thank you! Your review has been published."), extra_tags=JUST_SUBMITTED)

    # A star in the mail chooses beforehand; nothing is saved by it.
    stars = request.GET.get("stars", "")
    return _form_page(request, review_request, save, dict.fromkeys(CATEGORIES, stars) if stars in set("12345") else {})


@_with_request
def edit(request: HttpRequest, review_request: ReviewRequest) -> HttpResponse:
    """Change the own review, while there is time."""
    review: Review | None = getattr(review_request, "review", None)
    if review is None or not review.is_editable:
        return redirect(_address(request))

    def save(**answers: Any) -> None:
        edit_review(review, **answers)
        messages.success(request, _("Your changes have been saved."), extra_tags=JUST_CHANGED)

    return _form_page(request, review_request, save, {}, review=review)


@_with_request
def withdraw(request: HttpRequest, review_request: ReviewRequest) -> HttpResponse:
    """Take the own review back, for good, after a page that asks."""
    review: Review | None = getattr(review_request, "review", None)
    if review is None or review.withdrawn_at:
        return redirect(_address(request))
    if request.method == "POST":
        withdraw_review(review)
        return redirect(_address(request))
    return render(request, "reviews/withdraw.html", {"agency": review_request.agency, "review": review, "back": _address(request)})


@csrf_exempt
@personal_page
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """No more review mails from this agency. A mail program says so by itself (RFC 8058), a person by the button.

    Without cookie and CSRF token, as RFC 8058 wants it: whoever has the address can stop mails by it, and do nothing else. What
    else a scanner may post here counts as a look at the page.
    """
    found = read_opt_out(token)
    if found is None:
        return _not_found(request)
    if request.POST.get("List-Unsubscribe") == "One-Click":
        opt_out(found)
        if "page" in request.POST:
            return redirect(request.get_full_path())
    undo = f"{reverse('reviews:resubscribe', args=[token])}{_query(request)}"
    context = {"agency": found.customer.agency, "stopped": found.is_set, "undo": undo}
    return _in_language(_language(request, found.customer.language), lambda: render(request, "reviews/unsubscribe.html", context))


@personal_page
def resubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """They may come again."""
    found = read_opt_out(token)
    if found is None:
        return _not_found(request)
    if request.method == "POST":
        opt_in(found)
    return redirect(f"{reverse('reviews:unsubscribe', args=[token])}{_query(request)}")


def _form_page(
    request: HttpRequest,
    review_request: ReviewRequest,
    save: Callable[..., None],
    chosen: dict[str, str],
    review: Review | None = None,
) -> HttpResponse:
    """The form, with some ratings `chosen` or filled with a `review`; once it is sent and right, `save` gets the answers."""
    sent = request.method == "POST" and "language" not in request.POST
    # Another language is no reason to lose what was typed.
    initial = chosen if sent or request.method != "POST" else request.POST.dict()
    form = ReviewForm(request.POST if sent else None, instance=review, initial=initial, customer=review_request.customer)
    too_often = None
    if sent and form.is_valid():
        try:
            check_rate_limits((SUBMIT_LIMIT, network_prefix(_client_address())))
            save(**form.cleaned_data)
        except (InvalidTransition, NotEditable):
            pass  # somebody was faster with the same link, or time was: the page says what became of it
        except RateLimitExceeded as error:
            too_often = error
            form.add_error(None, str(error))
        except ValidationError as error:
            form.add_error(None, error)
        if not form.errors:
            return redirect(_address(request))
    context = {
        "form": form,
        "agency": review_request.agency,
        "review": review,
        "subject_label": review_request.subject_label,
        "is_project": review_request.is_project,
        "action": f"{request.path}{_query(request)}",
        "back": _address(request),
        "edit_days": settings.REVIEW_EDIT_DAYS,
    }
    response = render(request, "reviews/review_form.html", context)
    return too_often.apply_to(response) if too_often else response


def _own_review(request: HttpRequest, review_request: ReviewRequest) -> HttpResponse:
    """What one wrote, as others see it, and what can still be done with it."""
    review, said = review_request.review, {message.extra_tags for message in messages.get_messages(request)}
    context = {
        "agency": review_request.agency,
        "review": review,
        "profile_url": _profile_url(review_request.agency),
        "just_submitted": JUST_SUBMITTED in said,
        "just_changed": JUST_CHANGED in said,
        "edit": f"{request.path}edit/{_query(request)}",
        "withdraw": f"{request.path}withdraw/{_query(request)}",
    }
    return render(request, "reviews/withdrawn.html" if review.withdrawn_at else "reviews/my_review.html", context)


def _profile_url(agency: Agency) -> str | None:
    profile = getattr(agency, "profile", None)
    return profile.get_absolute_url() if profile and profile.is_registered else None


def _language(request: HttpRequest, usual: str) -> str:
    """What the person chose on the page, at first the language that the customer is written to in."""
    chosen = request.POST.get("language") or request.GET.get("language")
    return chosen if chosen in dict(settings.LANGUAGES) else usual


def _query(request: HttpRequest) -> str:
    """What keeps the chosen language."""
    chosen = request.POST.get("language") or request.GET.get("language")
    return f"?{urlencode({'language': chosen})}" if chosen in dict(settings.LANGUAGES) else ""


def _address(request: HttpRequest) -> str:
    """Where the personal link leads, in the language chosen."""
    assert request.resolver_match  # noqa: S101  # a view runs
    return f"{reverse('reviews:review_form', kwargs=request.resolver_match.kwargs)}{_query(request)}"


def _not_found(request: HttpRequest) -> HttpResponse:
    return link_not_found(request, "reviews/link_not_found.html", limit=GUESS_LIMIT, address=_client_address())


def _client_address() -> str | None:
    here = origin.get()
    return here.ip_address if here else None
