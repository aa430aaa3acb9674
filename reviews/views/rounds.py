"""Review rounds for managers: plan, preview, exclude by hand, start, pause, resume, stop."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.db.models import OuterRef, Subquery
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django_htmx.http import HttpResponseClientRefresh

from customers.models import Customer, Project, Tag
from customers.services.submissions import AlreadyAdded
from partnerportal.accounts.models import User
from partnerportal.agencies.access import AgencyRequest, agency_view
from partnerportal.agencies.models import Role
from partnerportal.core.pagination import is_first_page, keyset_page
from partnerportal.core.redirects import redirect_back
from reviews.forms.rounds import RoundForm
from reviews.mails import preview_review_request
from reviews.models import AutomaticRequests, ReviewRequest, ReviewRound
from reviews.rounds import runner, services
from reviews.rounds.models import LEFT_OUT, Outcome, RoundStatus
from reviews.rounds.queries import answers_so_far, rated_projects

#: Ends of rounds further away are not estimated, in working days.
MAX_ESTIMATE = 2_600
_WORKDAYS = 5


@agency_view(role=Role.MANAGER, methods=("GET",))
def round_list(request: AgencyRequest) -> HttpResponse:
    """List the agency's rounds, newest first, and whether requests are sent automatically."""
    page = keyset_page(request, answers_so_far(request.agency.review_rounds.all()), order_by=("-pk",))
    for review_round in page.items:
        review_round.asked = review_round.requested + review_round.waiting  # type: ignore[attr-defined]
    setting = AutomaticRequests.objects.filter(agency=request.agency).first()
    return render(request, "reviews/rounds/list.html", {"page": page, "setting": setting})


@agency_view(role=Role.MANAGER)
def round_add(request: AgencyRequest) -> HttpResponse:
    """Plan a round. Nothing is sent before it is started on its own page."""
    form = RoundForm(request.form_data, agency=request.agency)
    if request.method == "POST" and form.is_valid():
        try:
            review_round = services.plan_round(form.instance, by=request.user, form_number=form.number)
        except AlreadyAdded as error:
            added = request.agency.review_rounds.filter(pk=error.added_id or 0).first()
            if added and form.has_same_input(added):
                return redirect("reviews:round", added.pk)
            if added:
                form.offer_another(added, reverse("reviews:round", args=[added.pk]))
            else:
                form.offer_again()
        else:
            runner.prepare(review_round)
            return redirect("reviews:round", review_round.pk)
    return render(request, "reviews/rounds/form.html", {"form": form})


@agency_view(role=Role.MANAGER, methods=("GET",))
def round_detail(request: AgencyRequest, pk: int) -> HttpResponse:
    """Show the preview of a planned round, or the progress of a started one, and its customers by result."""
    tags = Tag.objects.filter(pk=OuterRef("tag_id"), agency=OuterRef("agency")).values("name")
    people = User.objects.filter(pk=OuterRef("responsible_id")).values("full_name")
    rounds = answers_so_far(request.agency.review_rounds.select_related("started_by"))
    rounds = rounds.annotate(tag_name=Subquery(tags[:1]), responsible_name=Subquery(people[:1]))
    review_round: Any = get_object_or_404(rounds, pk=pk)
    review_round.agency = request.agency
    is_busy = review_round.status == RoundStatus.PREPARING or (
        review_round.status == RoundStatus.RUNNING and review_round.resume_at is None
    )
    if request.htmx and not is_busy:  # type: ignore[attr-defined]  # set by django_htmx's middleware
        # The request comes from the progress bar, which this page no longer contains.
        return HttpResponseClientRefresh()
    tabs = _tabs(review_round)
    outcome = request.GET.get("outcome", "")
    if outcome not in Outcome.values:
        outcome = tabs[0][0] if tabs else Outcome.WAITING
    entries = review_round.entries.filter(outcome=outcome).select_related("customer")
    page = keyset_page(request, entries, order_by=("pk",))
    if not page and not is_first_page(request):
        return redirect(f"{request.path}?outcome={outcome}#customers")
    _add_subjects(review_round, page.items, outcome)
    context = {
        "review_round": review_round,
        "is_busy": is_busy,
        "asked": review_round.requested + review_round.waiting,
        "reasons": _reasons(review_round),
        "end": estimated_end(review_round),
        "tabs": tabs,
        "outcome": outcome,
        "mail": _mail_preview(request, review_round, page.items) if review_round.status == RoundStatus.DRAFT else None,
        "can_select": review_round.status == RoundStatus.DRAFT and outcome in {Outcome.WAITING, Outcome.EXCLUDED},
        "outcome_label": _label(review_round, Outcome(outcome)),
        "page": page,
    }
    return render(request, "reviews/rounds/detail.html", context)


def _tabs(review_round: ReviewRound) -> list[tuple[str, str, int]]:
    """Return the results that the round's customers have, with their labels and numbers."""
    counts = {**review_round.counts, Outcome.WAITING: review_round.waiting}
    return [
        (one.value, _label(review_round, one), counts[one]) for one in (Outcome.REQUESTED, Outcome.WAITING, *LEFT_OUT) if counts.get(one)
    ]


def _label(review_round: ReviewRound, outcome: Outcome) -> str:
    """Return the name of a result, which for waiting customers depends on the round's status."""
    if outcome == Outcome.WAITING and review_round.has_ended:
        return _("Not asked")
    if outcome == Outcome.WAITING and review_round.is_planned:
        return _("Will be asked")
    return str(outcome.label)


def _reasons(review_round: ReviewRound) -> list[tuple[str, int]]:
    """Return why customers are left out, with their numbers."""
    return [(str(reason.label), review_round.counts[reason]) for reason in LEFT_OUT if review_round.counts.get(reason)]


def _add_subjects(review_round: ReviewRound, entries: list[Any], outcome: str) -> None:
    """Give entries their request if they have one, or else the title of the project to be rated."""
    customers = [entry.customer_id for entry in entries]
    sent, titles = {}, {}
    if outcome == Outcome.REQUESTED and customers:
        found = ReviewRequest.objects.filter(agency=review_round.agency, round=review_round, customer__in=customers)
        sent = {one.customer_id: one for one in found.select_related("project")}
    elif outcome in {Outcome.WAITING, Outcome.EXCLUDED} and customers:
        titles = rated_projects(review_round, customers)
    for entry in entries:
        entry.request, entry.project_title = sent.get(entry.customer_id), titles.get(entry.customer_id, "")
        entry.has_page = entry.customer.status in {Customer.Status.ACTIVE, Customer.Status.ARCHIVED}


def _mail_preview(request: AgencyRequest, review_round: ReviewRound, entries: list[Any]) -> dict[str, str] | None:
    """Return the e-mail to the first of the customers listed, if they will be asked."""
    entry = next((entry for entry in entries if entry.outcome == Outcome.WAITING), None)
    if entry is None:
        return None
    entry.customer.agency = request.agency
    # Only the title is displayed.
    project = Project(pk=0, title=entry.project_title) if entry.project_title else None
    draft = ReviewRequest(agency=request.agency, customer=entry.customer, project=project)
    draft.greeting, draft.closing = review_round.greeting, review_round.closing
    return {**preview_review_request(draft, by=request.user), "to": entry.customer.display_name}


def estimated_end(review_round: ReviewRound) -> date | None:
    """Return the day of the last request if the round is running or started now; None if it has none, or only in years."""
    waiting, per_day = review_round.waiting, review_round.per_day
    if waiting <= 0 or review_round.has_ended:
        return None
    local = timezone.localtime(timezone.now(), ZoneInfo(review_round.agency.time_zone))
    end, first = local.date(), per_day
    if review_round.sent_on == end:
        first -= review_round.sent_count
    if first <= 0 or local.hour >= review_round.until_hour or end.weekday() >= _WORKDAYS:
        end, first = _next_workday(end), per_day
    days = max(0, -(-(waiting - first) // per_day))
    if days > MAX_ESTIMATE:
        return None
    weeks, rest = divmod(days, _WORKDAYS)
    end += timedelta(weeks=weeks)
    for _day in range(rest):
        end = _next_workday(end)
    return end


def _next_workday(day: date) -> date:
    day += timedelta(days=1)
    return day + timedelta(days=max(0, 7 - day.weekday())) if day.weekday() >= _WORKDAYS else day


@agency_view(role=Role.MANAGER, methods=("POST",))
def round_exclude(request: AgencyRequest, pk: int) -> HttpResponse:
    """Exclude the selected customers of a draft by hand, or with `include`, ask them after all."""
    review_round = _get_round(request, pk)
    page = reverse("reviews:round", args=[pk])
    listed = [int(key) for key in request.POST.getlist("entry")[:200] if key.isdecimal() and len(key) < 19]
    before = review_round.excluded
    if not listed:
        messages.warning(request, _("Select at least one customer."))
        return redirect_back(request, page)
    with _missing_as_404():
        is_draft = services.exclude_customers(review_round, listed=listed, excluded=[] if "include" in request.POST else listed)
        review_round.refresh_from_db()
    if not is_draft:
        messages.warning(request, _("This round has already been started. Nothing was changed."))
    elif (number := review_round.excluded - before) > 0:
        text = ngettext("%(count)d customer excluded.", "%(count)d customers excluded.", number)
        messages.success(request, text % {"count": number})
    elif number < 0:
        text = ngettext("%(count)d customer included again.", "%(count)d customers included again.", -number)
        messages.success(request, text % {"count": -number})
    return redirect_back(request, page)


@agency_view(role=Role.MANAGER, methods=("POST",))
def round_start(request: AgencyRequest, pk: int) -> HttpResponse:
    """Start a draft, once."""
    review_round = _get_round(request, pk)
    if review_round.status == RoundStatus.DRAFT and not review_round.waiting:
        messages.warning(request, _("No customer of this round can be asked."))
        return redirect("reviews:round", pk)
    return _act(request, review_round, services.start_round, _("Round started."), _("This round has already been started."))


@agency_view(role=Role.MANAGER, methods=("POST",))
def round_pause(request: AgencyRequest, pk: int) -> HttpResponse:
    done, refused = _("Round paused. No requests are sent until you resume it."), _("This round isn’t running. Nothing was changed.")
    return _act(request, _get_round(request, pk), services.pause_round, done, refused)


@agency_view(role=Role.MANAGER, methods=("POST",))
def round_resume(request: AgencyRequest, pk: int) -> HttpResponse:
    return _act(
        request, _get_round(request, pk), services.resume_round, _("Round resumed."), _("This round isn’t paused. Nothing was changed.")
    )


def _act(request: AgencyRequest, review_round: ReviewRound, action: Callable[..., bool], done: str, refused: str) -> HttpResponse:
    """Do an action, say what was done, or that the round's status didn't allow it, and return to the round."""
    with _missing_as_404():
        if action(review_round, by=request.user):
            messages.success(request, done)
        else:
            messages.info(request, refused)
    return redirect("reviews:round", review_round.pk)


@agency_view(role=Role.MANAGER)
def round_stop(request: AgencyRequest, pk: int) -> HttpResponse:
    """Ask whether to stop a round, and stop it."""
    review_round = _get_round(request, pk)
    if review_round.is_planned:
        raise Http404
    if request.method == "POST":
        return _act(
            request, review_round, services.stop_round, _("Round stopped."), _("This round has already ended. Nothing was changed.")
        )
    if review_round.has_ended:
        return redirect("reviews:round", pk)
    return render(request, "reviews/rounds/stop.html", {"review_round": review_round})


@agency_view(role=Role.MANAGER, methods=("POST",))
def round_discard(request: AgencyRequest, pk: int) -> HttpResponse:
    """Delete a round that wasn't started."""
    with _missing_as_404():
        is_discarded = services.discard_round(_get_round(request, pk))
    if is_discarded:
        messages.success(request, _("Draft discarded. No requests were sent."))
        return redirect("reviews:rounds")
    messages.warning(request, _("This round has already been started. Nothing was changed."))
    return redirect("reviews:round", pk)


def _get_round(request: AgencyRequest, pk: int) -> ReviewRound:
    review_round: ReviewRound = get_object_or_404(request.agency.review_rounds, pk=pk)
    return review_round


@contextmanager
def _missing_as_404() -> Iterator[None]:
    """Report a round that was discarded in the meantime as missing."""
    try:
        yield
    except ReviewRound.DoesNotExist as error:
        raise Http404 from error
