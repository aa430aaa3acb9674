"""The inbox and one request in it. Every object is fetched through `request.agency`; only a POST acts."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.db.models import Aggregate, Count, DurationField, F, Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from partnerportal.accounts.models import User
from partnerportal.agencies.access import AgencyRequest, agency_view
from partnerportal.audit.models import AuditEvent
from partnerportal.core.pagination import keyset_page
from partnerportal.core.pending import InvalidTransition
from requests_inbox.forms.requests import HandOverForm, InboxFilter, NoteForm, ReplyForm
from requests_inbox.models import ContactRequest, Sender
from requests_inbox.services.replies import ReplyConflict, add_note, reply
from requests_inbox.services.requests import (
    claim_request,
    close_request,
    mark_not_spam,
    mark_seen,
    mark_spam,
    reassign_request,
    reopen_request,
)

#: The typical first answer is that of so many days.
RESPONSE_TIME_DAYS = 90
#: A request's page shows this many events.
TIMELINE_LENGTH = 50

_NOT_POSSIBLE: dict[str, str | Promise] = {
    "new": gettext_lazy("This request is new. Nothing was changed."),
    "open": gettext_lazy("This request is open. Nothing was changed."),
    "assigned": gettext_lazy("This request has since been permanently assigned to %(customer)s. Nothing was changed."),
    "spam": gettext_lazy("This request has since been marked as spam. Nothing was changed."),
    "closed": gettext_lazy("This request has since been closed. Nothing was changed."),
}


class Median(Aggregate):
    """The middle one: a single request that lay over Christmas doesn't move it."""

    template = "percentile_cont(0.5) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = DurationField()


@agency_view(methods=("GET",))
def request_list(request: AgencyRequest) -> HttpResponse:
    """The inbox: tabs by state, searched, filtered; the address holds it all."""
    filters = InboxFilter(request.GET, agency=request.agency, user=request.user, team=request.team)
    found = filters.requests().with_unread(request.user).select_related("handler", "customer").defer("search_text")
    page = keyset_page(request, found, order_by=("-pk",))
    # What is searched for costs a query of its own, and has no use for the numbers of the whole inbox.
    figures = {} if filters.chosen["q"] else _stats(request)
    return render(
        request, "requests_inbox/list.html", {"page": page, "filters": filters, "figures": figures, "tabs": _tabs(filters, figures)}
    )


def _stats(request: AgencyRequest) -> dict[str, Any]:
    """How many requests wait (`new`, `open`), and how fast the first answer typically is (`typical`); one query."""
    lately = Q(created_at__gte=timezone.now() - timedelta(days=RESPONSE_TIME_DAYS), first_reply_at__isnull=False)
    waiting = Q(status__in=ContactRequest.UNSETTLED)
    return request.agency.contact_requests.filter(waiting | lately).aggregate(
        new=Count("pk", filter=Q(status="new")),
        open=Count("pk", filter=Q(status="open")),
        typical=Median(F("first_reply_at") - F("created_at"), filter=lately),
    )


def _tabs(filters: InboxFilter, figures: dict[str, Any]) -> list[dict[str, Any]]:
    tabs = [{"state": value, "label": label, "count": figures.get(value)} for value, label in ContactRequest.Status.choices]
    if filters.chosen["q"]:
        tabs.insert(0, {"state": "", "label": _("All requests"), "count": None})
    return tabs


@agency_view(methods=("GET",))
def detail(request: AgencyRequest, pk: int) -> HttpResponse:
    """One request with the whole conversation."""
    return _detail(request, _get(request, pk))


def _get(request: AgencyRequest, pk: int) -> ContactRequest:
    requests = request.agency.contact_requests.with_unread(request.user).select_related("handler", "customer")
    found: ContactRequest = get_object_or_404(requests, pk=pk)
    return found


def _detail(
    request: AgencyRequest, contact_request: ContactRequest, *, reply_form: ReplyForm | None = None, note_form: NoteForm | None = None
) -> HttpResponse:
    conversation = list(contact_request.messages.select_related("author", "mail").defer("mail__sealed_body").order_by("pk"))
    seen = conversation[-1].pk if conversation else 0
    context = {
        "contact_request": contact_request,
        "is_blocked": contact_request.status == "spam" and Sender.objects.of(contact_request).blocked().exists(),
        "conversation": conversation,
        "reply_form": reply_form or ReplyForm(None, request=contact_request, seen=seen),
        "note_form": note_form or NoteForm(None, request=contact_request, seen=seen),
        "hand_over_form": HandOverForm(None, team=_others(request, contact_request)),
        "timeline": _timeline(request, contact_request),
        "form": next((form for form in (reply_form, note_form) if form and form.errors), None),
    }
    return render(request, "requests_inbox/detail.html", context)


def _others(request: AgencyRequest, contact_request: ContactRequest) -> list[User]:
    """Whom it can be handed over to; oneself takes it."""
    return [person for person in request.team if person.pk not in (contact_request.handler_id, request.user.pk)]


def _timeline(request: AgencyRequest, contact_request: ContactRequest) -> list[AuditEvent]:
    events = AuditEvent.objects.for_agency(request.agency)
    return list(events.filter(object_type=ContactRequest._meta.label_lower, object_id=contact_request.pk)[:TIMELINE_LENGTH])


@agency_view(methods=("POST",))
def seen(request: AgencyRequest, pk: int) -> HttpResponse:
    """This member has seen all there is. (The page says so by itself; opening it alone changes nothing.)"""
    mark_seen(_get(request, pk), by=request.user)
    return redirect("requests_inbox:detail", pk=pk) if not getattr(request, "htmx", False) else HttpResponse(status=204)


@agency_view()
def reply_to(request: AgencyRequest, pk: int) -> HttpResponse:
    """Answer by mail; if a colleague was faster, their answer is shown first."""
    contact_request = _get(request, pk)
    form = ReplyForm(request.form_data, request=contact_request)
    if request.method == "POST" and form.is_valid():
        try:
            reply(contact_request, text=form.cleaned_data["text"], by=request.user, seen=form.cleaned_data["seen"])
        except InvalidTransition as error:
            form.add_error(None, _conflict_message(error))
            contact_request = error.item
        except ReplyConflict as meanwhile:
            names = ", ".join(sorted({str(message.author or "–") for message in meanwhile.replies}))
            form.add_error(
                None,
                _("%(names)s replied while you were typing. Read it below, then select Send reply again to send yours as well.")
                % {"names": names},
            )
            form.show_meanwhile(meanwhile.replies[-1].pk)
        else:
            messages.success(request, _("Reply sent to %(email)s.") % {"email": contact_request.email})
            return redirect("requests_inbox:detail", pk=pk)
    return _detail(request, contact_request, reply_form=form if form.is_bound else None)


@agency_view()
def note(request: AgencyRequest, pk: int) -> HttpResponse:
    """Write something down for the team."""
    contact_request = _get(request, pk)
    form = NoteForm(request.form_data, request=contact_request)
    if request.method == "POST" and form.is_valid():
        try:
            add_note(contact_request, text=form.cleaned_data["text"], by=request.user, seen=form.cleaned_data["seen"])
        except InvalidTransition as error:
            form.add_error(None, _conflict_message(error))
        else:
            messages.success(request, _("Note saved. Only your team can see it."))
            return redirect("requests_inbox:detail", pk=pk)
    return _detail(request, contact_request, note_form=form if form.is_bound else None)


@agency_view(methods=("POST",))
def take(request: AgencyRequest, pk: int) -> HttpResponse:
    """“I'm on it.”"""
    return _apply_action(request, pk, claim_request, _("Request assigned to you."))


@agency_view(methods=("POST",))
def hand_over(request: AgencyRequest, pk: int) -> HttpResponse:
    """Somebody else of the team is to be on it."""
    form = HandOverForm(request.POST, team=request.team)
    if not form.is_valid():
        messages.error(request, _("Select a member of your team."))
        return redirect(_get(request, pk))
    return _apply_action(request, pk, reassign_request, _("Request assigned to %(name)s.") % {"name": form.person}, to=form.person)


@agency_view(methods=("POST",))
def spam(request: AgencyRequest, pk: int) -> HttpResponse:
    """This is spam, and so is whatever the sender writes from now on."""
    return _apply_action(request, pk, mark_spam, _("Marked as spam. Future messages from this sender will go to spam too."))


@agency_view(methods=("POST",))
def not_spam(request: AgencyRequest, pk: int) -> HttpResponse:
    """This is no spam."""
    return _apply_action(request, pk, mark_not_spam, _("Moved back to open requests, along with this sender’s other messages."))


@agency_view(methods=("POST",))
def block(request: AgencyRequest, pk: int) -> HttpResponse:
    """Nothing of this sender is to be kept any more."""
    text = _("Sender blocked. Their messages will no longer be saved, and they won’t be told.")
    return _apply_action(request, pk, mark_spam, text, block=True)


@agency_view(methods=("POST",))
def close(request: AgencyRequest, pk: int) -> HttpResponse:
    """Nothing more is to be done."""
    return _apply_action(request, pk, close_request, _("Request closed. You can reopen it here."))


@agency_view(methods=("POST",))
def reopen(request: AgencyRequest, pk: int) -> HttpResponse:
    """There is something to be done after all."""
    return _apply_action(request, pk, reopen_request, _("Request reopened."))


def _apply_action(request: AgencyRequest, pk: int, action: Callable[..., object], done: str, **options: Any) -> HttpResponse:
    """Do it, say so, and show the request again; if it can't be done any more, say why."""
    contact_request = _get(request, pk)
    try:
        action(contact_request, by=request.user, **options)
    except InvalidTransition as error:
        messages.info(request, _conflict_message(error))
    else:
        messages.success(request, done)
    return redirect(contact_request)


def _conflict_message(error: InvalidTransition) -> str:
    customer = error.item.customer
    return str(_NOT_POSSIBLE[error.item.status]) % {"customer": customer.numbered_name if customer else ""}
