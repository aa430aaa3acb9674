"""Pages behind personal links. GET changes nothing; changes need a form's POST with a CSRF token."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt

from partnerportal.audit.context import origin
from partnerportal.core.compiled import compiled
from partnerportal.core.pending import InvalidTransition
from partnerportal.core.personal_pages import (
    guess_limit,
    in_language,
    language_query,
    link_not_found,
    personal_page,
    selected_language,
    unsubscribe_page,
)
from partnerportal.core.rate_limits import RateLimit, RateLimitExceeded, check_rate_limits, network_prefix
from partnerportal.core.tokens import hash_token
from reviews.forms.personal import ReviewForm
from reviews.models import CATEGORIES, Review, ReviewRequest
from reviews.services.merging import joined_link
from reviews.services.opt_outs import opt_in, opt_out, read_opt_out
from reviews.services.reviews import NotEditable, edit_review, submit_review, withdraw_review

GUESS_LIMIT = guess_limit("review-guesses")
#: Submitted forms from one network, which can be a large company's.
SUBMIT_LIMIT = RateLimit("review-forms", 200, 10 * 60)
#: Tags of success messages that the next page displays in its own way.
JUST_SUBMITTED, JUST_CHANGED = "just-submitted", "just-changed"


def with_review_request(view: Callable[[HttpRequest, ReviewRequest], HttpResponse]) -> Callable[..., HttpResponse]:
    """Decorate a view to receive the token's review request and run in the recipient's language."""

    @personal_page
    @wraps(view)
    def behind_link(request: HttpRequest, token: str) -> HttpResponse:
        review_request = next(iter(_requests_of(token_digest=hash_token(token))), None)
        if review_request is None:
            return _not_found(request)
        if review_request.status == ReviewRequest.Status.ANSWERED:
            (review_request.review,) = _reviews_of(request=review_request.pk)
        return in_language(selected_language(request, review_request.recipient.language), lambda: view(request, review_request))

    return behind_link


@compiled
def _requests_of(*, token_digest: Any) -> QuerySet[ReviewRequest]:
    """Return the link's only request, if there is one."""
    # Without the review, which an open request doesn't have: planning takes longer with each join.
    return ReviewRequest.objects.select_related("agency__profile", "customer", "contact", "project").filter(token_digest=token_digest)


@compiled
def _reviews_of(*, request: Any) -> QuerySet[Review]:
    """Return the only review of an answered request."""
    return Review.objects.select_related("comment").filter(request=request)


@with_review_request
def review_form(request: HttpRequest, review_request: ReviewRequest) -> HttpResponse:
    """Show the review form or, after submission, the customer's review."""
    if review_request.current_status == ReviewRequest.Status.ANSWERED:
        return _my_review(request, review_request)
    if link := joined_link(review_request):
        return redirect(f"{link}{language_query(request)}")
    if review_request.current_status != ReviewRequest.Status.OPEN:
        context = {"agency": review_request.agency, "reason": review_request.current_status}
        return render(request, "reviews/link_expired.html", context, status=410)

    def save(**answers: Any) -> None:
        submit_review(review_request, **answers)
        messages.success(request, _("Thank you! Your review has been published."), extra_tags=JUST_SUBMITTED)

    # The stars in the e-mail only preselect ratings.
    stars = request.GET.get("stars", "")
    return _form_page(request, review_request, save, dict.fromkeys(CATEGORIES, stars) if stars in set("12345") else {})


@with_review_request
def edit(request: HttpRequest, review_request: ReviewRequest) -> HttpResponse:
    """Edit the customer's review within the editing period."""
    review: Review | None = getattr(review_request, "review", None)
    if review is None or not review.is_editable:
        return redirect(_page_url(request))

    def save(**answers: Any) -> None:
        edit_review(review, **answers)
        messages.success(request, _("Your changes have been saved."), extra_tags=JUST_CHANGED)

    return _form_page(request, review_request, save, {}, review=review)


@with_review_request
def withdraw(request: HttpRequest, review_request: ReviewRequest) -> HttpResponse:
    """Withdraw the customer's review permanently, after a confirmation page."""
    review: Review | None = getattr(review_request, "review", None)
    if review is None or review.withdrawn_at:
        return redirect(_page_url(request))
    if request.method == "POST":
        withdraw_review(review)
        return redirect(_page_url(request))
    return render(request, "reviews/withdraw.html", {"agency": review_request.agency, "review": review, "back": _page_url(request)})


@csrf_exempt
@personal_page
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """Opt out of the agency's review e-mails."""
    target = read_opt_out(token)
    if target is None:
        return _not_found(request)
    return unsubscribe_page(
        request,
        "reviews/unsubscribe.html",
        agency=target.customer.agency,
        language=target.customer.language,
        undo=reverse("reviews:resubscribe", args=[token]),
        opt_out=lambda: opt_out(target),
        is_opted_out=lambda: target.is_opted_out,
    )


@personal_page
def resubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """Undo an opt-out."""
    target = read_opt_out(token)
    if target is None:
        return _not_found(request)
    if request.method == "POST":
        opt_in(target)
    return redirect(f"{reverse('reviews:unsubscribe', args=[token])}{language_query(request)}")


def _form_page(
    request: HttpRequest,
    review_request: ReviewRequest,
    save: Callable[..., None],
    preselected: dict[str, str],
    review: Review | None = None,
) -> HttpResponse:
    """Show the form with `preselected` ratings or an existing `review`, and pass valid input to `save`."""
    submitted = request.method == "POST" and "language" not in request.POST
    # Changing the language posts the form, so that its input is kept.
    initial = preselected if submitted or request.method != "POST" else request.POST.dict()
    form = ReviewForm(request.POST if submitted else None, instance=review, initial=initial, review_request=review_request)
    limit_error = None
    if submitted and form.is_valid():
        try:
            check_rate_limits((SUBMIT_LIMIT, network_prefix(_client_address())))
            save(**form.cleaned_data)
        except (InvalidTransition, NotEditable):
            pass  # The page behind the link explains the current state.
        except RateLimitExceeded as error:
            limit_error = error
            form.add_error(None, str(error))
        except ValidationError as error:
            form.add_error(None, error)
        if not form.errors:
            return redirect(_page_url(request))
    context = {
        "form": form,
        "agency": review_request.agency,
        "review": review,
        "subject_label": review_request.subject_label,
        "is_project": review_request.is_project,
        "action": f"{request.path}{language_query(request)}",
        "back": _page_url(request),
        "edit_days": settings.REVIEW_EDIT_DAYS,
    }
    response = render(request, "reviews/review_form.html", context)
    return limit_error.apply_to(response) if limit_error else response


def _my_review(request: HttpRequest, review_request: ReviewRequest) -> HttpResponse:
    """Show the customer's review with links to edit and withdraw it."""
    review, tags = review_request.review, {message.extra_tags for message in messages.get_messages(request)}
    profile = getattr(review_request.agency, "profile", None)
    public = profile if profile and profile.is_registered else None
    context = {
        "agency": review_request.agency,
        "review": review,
        "profile_url": public.get_absolute_url() if public else None,
        "review_url": review.get_absolute_url() if public else None,
        "just_submitted": JUST_SUBMITTED in tags,
        "just_changed": JUST_CHANGED in tags,
        "edit": f"{request.path}edit/{language_query(request)}",
        "withdraw": f"{request.path}withdraw/{language_query(request)}",
    }
    return render(request, "reviews/withdrawn.html" if review.withdrawn_at else "reviews/my_review.html", context)


def _page_url(request: HttpRequest) -> str:
    """Return the URL of the personal link, in the selected language."""
    assert request.resolver_match  # noqa: S101  # set for every view
    return f"{reverse('reviews:review_form', kwargs=request.resolver_match.kwargs)}{language_query(request)}"


def _not_found(request: HttpRequest) -> HttpResponse:
    return link_not_found(request, "reviews/link_not_found.html", limit=GUESS_LIMIT, address=_client_address())


def _client_address() -> str | None:
    here = origin.get()
    return here.ip_address if here else None
