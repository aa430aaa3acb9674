"""The agency's reviews and the actions of their menu, which the agency's own public profile also shows.

All members can read them; managers and owners can act. Pages with a form also open in a dialog by htmx.
"""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _

from partnerportal.agencies.access import AgencyRequest, agency_view
from partnerportal.agencies.models import Role
from partnerportal.core.pagination import keyset_page
from partnerportal.core.redirects import get_next_path, redirect_back
from partnerportal.core.undo import success_with_undo
from reviews.forms.reviews import CommentForm, HideForm, ReportForm, ReviewActionForm, ReviewFilter
from reviews.models import Review
from reviews.queries.public import slug_of
from reviews.queries.stats import review_stats
from reviews.services.reviews import (
    PinLimitReached,
    comment_on_review,
    ensure_can_comment,
    ensure_can_report,
    hide_review,
    move_pin,
    pin_review,
    report_review,
    unhide_review,
    unpin_review,
)


@agency_view(methods=("GET",))
def review_list(request: AgencyRequest) -> HttpResponse:
    """List the agency's reviews with statistics and actions."""
    filters = ReviewFilter(request.GET, agency=request.agency, user=request.user, team=request.team)
    context = {
        "stats": review_stats(request.agency),
        "filters": filters,
        "page": keyset_page(request, filters.reviews(), order_by=filters.order_by()),
        "may_act": request.membership.has_role(Role.MANAGER),
        "public_slug": slug_of(request.agency),
    }
    return render(request, "reviews/list.html", context)


@agency_view(methods=("GET",))
def detail(request: AgencyRequest, pk: int) -> HttpResponse:
    """Show one review with its actions."""
    review = get_object_or_404(request.agency.reviews.for_staff(), pk=pk)
    context = {"review": review, "may_act": request.membership.has_role(Role.MANAGER), "public_slug": slug_of(request.agency)}
    return render(request, "reviews/detail.html", context)


@agency_view(role=Role.MANAGER, methods=("POST",))
def pin(request: AgencyRequest, pk: int) -> HttpResponse:
    """Pin a review to the top of the profile, or in place of the review `instead_of`."""
    review = _get_review(request, pk)
    other = request.POST.get("instead_of", "")
    instead_of = request.agency.reviews.filter(pk=other).first() if other.isdecimal() and len(other) < 19 else None
    try:
        pinned = pin_review(review, instead_of=instead_of, by=request.user)
    except PinLimitReached as error:
        context = {"review": review, "pinned": error.pinned, "next": get_next_path(request) or reverse("reviews:list")}
        return render(request, "reviews/pin_limit.html", context, status=409)
    except ValidationError as error:
        return _failed(request, review, error)
    # A pin that took another's place isn't undone by unpinning.
    return _done(request, review, pinned and _("Review pinned to the top of your profile."), undo="" if instead_of else "unpin")


@agency_view(role=Role.MANAGER, methods=("POST",))
def unpin(request: AgencyRequest, pk: int) -> HttpResponse:
    """Unpin a review."""
    review = _get_review(request, pk)
    return _done(request, review, unpin_review(review, by=request.user) and _("Review unpinned."), undo="pin")


@agency_view(role=Role.MANAGER, methods=("POST",))
def move(request: AgencyRequest, pk: int) -> HttpResponse:
    """Move a pinned review one position up or down (`direction`)."""
    review = _get_review(request, pk)
    direction = request.GET.get("direction") or request.POST.get("direction")
    moved = move_pin(review, up=direction == "up", by=request.user)
    return _done(request, review, moved and _("Pinned reviews reordered."))


@agency_view(role=Role.MANAGER)
def comment(request: AgencyRequest, pk: int) -> HttpResponse:
    """Publish the only comment on a review."""
    review = _get_review(request, pk)
    try:
        ensure_can_comment(review)
        form = CommentForm(request.form_data, next_address=get_next_path(request))
        if request.method == "POST" and form.is_valid():
            comment_on_review(review, text=form.cleaned_data["text"], by=request.user)
            return _done(request, review, _("Comment published."))
    except ValidationError as error:
        return _failed(request, review, error)
    return _form_page(request, review, form, "reviews/comment.html")


@agency_view(role=Role.MANAGER)
def hide(request: AgencyRequest, pk: int) -> HttpResponse:
    """Hide a review's text and author; its stars still count."""
    review = _get_review(request, pk)
    if not review.is_public:
        return _done(request, review, "")
    # “Undo” after a review was shown again names the former reason in the URL.
    data = request.GET if request.method == "POST" and "reason" in request.GET else request.form_data
    form = HideForm(data, next_address=get_next_path(request))
    if request.method == "POST" and form.is_valid():
        hidden = hide_review(review, reason=form.cleaned_data["reason"], by=request.user)
        return _done(request, review, hidden and _("Review hidden. Its stars still count, and your profile says so."), undo="unhide")
    return _form_page(request, review, form, "reviews/hide.html")


@agency_view(role=Role.MANAGER, methods=("POST",))
def unhide(request: AgencyRequest, pk: int) -> HttpResponse:
    """Show a hidden review again."""
    review = _get_review(request, pk)
    shown = unhide_review(review, by=request.user)
    return _done(request, review, shown and _("The review is visible again."), undo="hide", query=f"?reason={review.hidden_reason}")


@agency_view(role=Role.MANAGER)
def report(request: AgencyRequest, pk: int) -> HttpResponse:
    """Report a review to the portal administrators."""
    review = _get_review(request, pk)
    try:
        ensure_can_report(review)
        form = ReportForm(request.form_data, next_address=get_next_path(request))
        if request.method == "POST" and form.is_valid():
            report_review(review, **form.cleaned_data, by=request.user)
            return _done(request, review, _("Review reported. It stays public until a decision is made; we’ll notify you by e-mail."))
    except ValidationError as error:
        return _failed(request, review, error)
    return _form_page(request, review, form, "reviews/report.html")


def _get_review(request: AgencyRequest, pk: int) -> Review:
    return get_object_or_404(request.agency.reviews.select_related("request__project", "request__customer", "comment"), pk=pk)


def _form_page(request: AgencyRequest, review: Review, form: ReviewActionForm, template: str) -> HttpResponse:
    return render(request, template, {"form": form, "review": review, "next": get_next_path(request) or reverse("reviews:list")})


def _done(request: AgencyRequest, review: Review, message: str | bool, *, undo: str = "", query: str = "") -> HttpResponse:
    """Redirect back with a success message, or with a note that nothing was changed if it is empty.

    `undo` is the URL name of the action that reverts it, with the `query` it needs.
    """
    if message and undo:
        success_with_undo(request, str(message), f"{reverse(f'reviews:{undo}', args=[review.pk])}{query}")
    elif message:
        messages.success(request, str(message))
    else:
        messages.info(request, _("This was already done. Nothing was changed."))
    return _back(request, review)


def _failed(request: AgencyRequest, review: Review, error: ValidationError) -> HttpResponse:
    messages.error(request, " ".join(error.messages))
    return _back(request, review)


def _back(request: AgencyRequest, review: Review) -> HttpResponse:
    return redirect_back(request, f"{reverse('reviews:list')}#review-{review.pk}")
