"""The inbox, and the page and actions of a request."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from customers.models import Customer
from customers.queries.duplicates import find_exact_match
from customers.views.picker import picker_page
from customers.views.submissions import customer_create_page
from partnerportal.agencies.access import AgencyRequest, agency_view
from partnerportal.audit.models import AuditEvent
from partnerportal.core.pagination import Rows, keyset_page
from partnerportal.core.pending import InvalidTransition
from partnerportal.core.undo import success_with_undo
from requests_inbox.forms.requests import TABS, InboxFilter, NoteForm, ReassignForm, ReplyForm
from requests_inbox.models import ContactRequest, SavedReply
from requests_inbox.queries import inbox_numbers, listed_requests, recently
from requests_inbox.services import requests as services
from requests_inbox.services.saved_replies import fill_for

#: Maximum number of events on the page of a request.
TIMELINE_LENGTH = 50

#: Messages about an action that the request's current status doesn't allow.
_CONFLICTS: dict[str, str | Promise] = {
    "new": gettext_lazy("This request is new. Nothing was changed."),
    "open": gettext_lazy("This request is open. Nothing was changed."),
    "assigned": gettext_lazy("This request has since been permanently assigned to %(customer)s. Nothing was changed."),
    "spam": gettext_lazy("This request has since been marked as spam. Nothing was changed."),
    "closed": gettext_lazy("This request has since been closed. Nothing was changed."),
}


@agency_view(methods=("GET",))
def request_list(request: AgencyRequest) -> HttpResponse:
    """Show the inbox, with a tab for waiting requests and one for each status."""
    filters = InboxFilter(request.GET, agency=request.agency, user=request.user)
    values = {"agency": request.agency.pk, "user": request.user.pk}
    requests: Any = Rows(listed_requests, (filters.active_tab, filters.chosen["whose"]), values)
    if filters.chosen["q"]:
        requests = filters.requests().with_unread(request.user).select_related("assignee", "customer").defer("search_text")
    is_search = bool(filters.chosen["q"])
    # Searches don't show the statistics, which describe the whole inbox.
    stats = {} if is_search else _stats(request)
    tabs = [("", _("All requests"))] if is_search else []
    context = {
        "page": keyset_page(request, requests, order_by=("-pk",)),
        "filters": filters,
        "stats": stats,
        "tabs": [{"state": state, "label": label, "count": stats.get(state)} for state, label in [*tabs, *TABS]],
    }
    return render(request, "requests_inbox/list.html", context)


def _stats(request: AgencyRequest) -> Any:
    """Return the numbers of `waiting`, `new` and `open` requests and the `median` response time, with one query."""
    for numbers in inbox_numbers(agency=request.agency.pk, since=recently()):
        return numbers
    return {"waiting": 0, "new": 0, "open": 0, "median": None}


@agency_view(methods=("GET",))
def detail(request: AgencyRequest, pk: int) -> HttpResponse:
    """Show a request with its conversation."""
    return _detail_page(request, _get(request, pk))


def _get(request: AgencyRequest, pk: int) -> ContactRequest:
    requests = request.agency.contact_requests.with_unread(request.user).select_related("assignee", "customer")
    contact_request: ContactRequest = get_object_or_404(requests, pk=pk)
    return contact_request


def _detail_page(
    request: AgencyRequest, contact_request: ContactRequest, *, reply_form: ReplyForm | None = None, note_form: NoteForm | None = None
) -> HttpResponse:
    conversation = list(contact_request.messages.select_related("author", "mail").defer("mail__encrypted_body").order_by("pk"))
    seen = conversation[-1].pk if conversation else 0
    colleagues = [user for user in request.team if user.pk not in (contact_request.assignee_id, request.user.pk)]
    senders = request.agency.senders.filter(key=contact_request.sender_key)
    events = AuditEvent.objects.for_agency(request.agency).filter(
        object_type=ContactRequest._meta.label_lower, object_id=contact_request.pk
    )
    saved = _saved_replies(contact_request) if reply_form is None else ()
    context = {
        "contact_request": contact_request,
        "match": find_exact_match(request.agency, contact_request.customer_fields) if contact_request.is_undecided else None,
        "is_blocked": contact_request.status == "spam" and senders.blocked().exists(),
        "conversation": conversation,
        "reply_form": reply_form or ReplyForm(None, request=contact_request, saved=saved, seen=seen),
        "note_form": note_form or NoteForm(None, request=contact_request, seen=seen),
        "reassign_form": ReassignForm(None, team=colleagues),
        "timeline": list(events[:TIMELINE_LENGTH]),
        "form": next((form for form in (reply_form, note_form) if form and form.errors), None),
    }
    return render(request, "requests_inbox/detail.html", context)


@agency_view()
def reply(request: AgencyRequest, pk: int) -> HttpResponse:
    """Reply by e-mail, or insert a saved reply into the text. Shows other members' newer replies before sending."""
    contact_request = _get(request, pk)
    form = ReplyForm(request.form_data, request=contact_request, saved=_saved_replies(contact_request))
    if form.is_inserting:
        return _insert_saved_reply(request, contact_request, form)
    if request.method == "POST" and form.is_valid():
        try:
            services.reply(contact_request, text=form.cleaned_data["text"], seen=form.cleaned_data["seen"] or 0, by=request.user)
        except InvalidTransition as error:
            form.add_error(None, _conflict_message(error))
            contact_request = error.item
        except services.ReplyConflict as conflict:
            form.show_conflict(conflict.replies)
        else:
            messages.success(request, _("Reply sent to %(email)s.") % {"email": contact_request.email})
            return redirect("requests_inbox:detail", pk=pk)
    return _detail_page(request, contact_request, reply_form=form if form.is_bound else None)


def _saved_replies(contact_request: ContactRequest) -> list[SavedReply]:
    """Return the agency's saved replies without their texts, those in the language of the request first."""
    saved = SavedReply.objects.for_agency(contact_request.agency)
    return list(saved.in_order(contact_request.language).only("title", "language"))


def _insert_saved_reply(request: AgencyRequest, contact_request: ContactRequest, form: ReplyForm) -> HttpResponse:
    """Show the page with the saved reply after the text that was typed."""
    if "saved" not in form.errors:
        saved = request.agency.saved_replies.filter(pk=form.cleaned_data["saved"]).first()
        form.insert(fill_for(saved, contact_request, by=request.user) if saved else "")
    if not contact_request.can_be_answered:
        form.add_error(None, _conflict_message(InvalidTransition(contact_request.status, contact_request)))
    return _detail_page(request, contact_request, reply_form=form)


@agency_view()
def note(request: AgencyRequest, pk: int) -> HttpResponse:
    """Add an internal note."""
    contact_request = _get(request, pk)
    form = NoteForm(request.form_data, request=contact_request)
    if request.method == "POST" and form.is_valid():
        try:
            services.add_note(contact_request, by=request.user, **form.cleaned_data)
        except InvalidTransition as error:
            form.add_error(None, _conflict_message(error))
        else:
            messages.success(request, _("Note saved. Only your team can see it."))
            return redirect("requests_inbox:detail", pk=pk)
    return _detail_page(request, contact_request, note_form=form if form.is_bound else None)


@agency_view(methods=("POST",))
def mark_seen(request: AgencyRequest, pk: int) -> HttpResponse:
    """Mark a request as read. Its page posts this, because a GET request must not change anything."""
    services.mark_seen(_get(request, pk), by=request.user)
    return redirect("requests_inbox:detail", pk=pk) if not getattr(request, "htmx", False) else HttpResponse(status=204)


@agency_view(methods=("POST",))
def assign_to_me(request: AgencyRequest, pk: int) -> HttpResponse:
    """Assign a request to the current user."""
    return _apply_action(request, pk, services.reassign_request, _("Request assigned to you."), undo=_former_assignee, to=request.user)


@agency_view(methods=("POST",))
def reassign(request: AgencyRequest, pk: int) -> HttpResponse:
    """Assign a request to another member. “Undo” names the former one in the URL."""
    form = ReassignForm(request.POST if "to" in request.POST else request.GET, team=request.team)
    if not form.is_valid():
        messages.error(request, _("Select a member of your team."))
        return redirect(_get(request, pk))
    text = _("Request assigned to %(name)s.") % {"name": form.assignee}
    return _apply_action(request, pk, services.reassign_request, text, undo=_former_assignee, to=form.assignee)


@agency_view(methods=("POST",))
def unassign(request: AgencyRequest, pk: int) -> HttpResponse:
    """Take a request from its assignee."""
    return _apply_action(request, pk, services.unassign_request, _("Request unassigned."), undo=_former_assignee)


@agency_view(methods=("POST",))
def mark_spam(request: AgencyRequest, pk: int) -> HttpResponse:
    """Mark a request and future messages from its sender as spam."""
    text = _("Marked as spam. Future messages from this sender will go to spam too.")
    return _apply_action(request, pk, services.mark_spam, text, undo=_path("mark_not_spam"))


@agency_view(methods=("POST",))
def mark_not_spam(request: AgencyRequest, pk: int) -> HttpResponse:
    """Reopen all spam from a sender."""

    def undo(former: ContactRequest) -> str:
        is_blocked = request.agency.senders.filter(key=former.sender_key).blocked().exists()
        return _path("block_sender" if is_blocked else "mark_spam")(former)

    text = _("Moved back to open requests, along with this sender’s other messages.")
    return _apply_action(request, pk, services.mark_not_spam, text, undo=undo)


@agency_view(methods=("POST",))
def block_sender(request: AgencyRequest, pk: int) -> HttpResponse:
    """Mark a request as spam and discard future messages from its sender."""
    text = _("Sender blocked. Their messages will no longer be saved, and they won’t be told.")
    return _apply_action(request, pk, services.mark_spam, text, block=True)


@agency_view(methods=("POST",))
def close(request: AgencyRequest, pk: int) -> HttpResponse:
    """Close a request."""
    return _apply_action(request, pk, services.close_request, _("Request closed."), undo=_path("reopen"))


@agency_view(methods=("POST",))
def reopen(request: AgencyRequest, pk: int) -> HttpResponse:
    """Reopen a closed request."""
    return _apply_action(request, pk, services.reopen_request, _("Request reopened."), undo=_path("close"))


@agency_view(methods=("POST",))
def mark_no_reply_needed(request: AgencyRequest, pk: int) -> HttpResponse:
    """Mark an unanswered request as needing no reply."""
    return _apply_action(request, pk, services.mark_no_reply_needed, _("Marked as needing no reply."), undo=_path("mark_reply_needed"))


@agency_view(methods=("POST",))
def mark_reply_needed(request: AgencyRequest, pk: int) -> HttpResponse:
    """Make a request that was marked as needing no reply wait again."""
    text = _("The request is waiting for a reply again.")
    return _apply_action(request, pk, services.mark_reply_needed, text, undo=_path("mark_no_reply_needed"))


@agency_view()
def add_customer(request: AgencyRequest, pk: int) -> HttpResponse:
    """Add a customer from a request, to which the request is assigned."""
    contact_request = _get(request, pk)
    if not contact_request.is_undecided:
        return _redirect_settled(request, contact_request)

    def save(fields: dict[str, Any]) -> HttpResponse:
        try:
            customer = services.add_customer(contact_request, by=request.user, fields=fields)
        except InvalidTransition as error:
            return _redirect_settled(request, error.item)
        messages.success(
            request, _("%(customer)s added, and the request has been assigned to them.") % {"customer": customer.numbered_name}
        )
        return redirect(customer)

    return customer_create_page(
        request,
        save=save,
        initial=contact_request.customer_fields,
        cancel=contact_request.get_absolute_url(),
        picker_url=reverse("requests_inbox:assign", args=[pk]),
        template="requests_inbox/add_customer.html",
        context={"contact_request": contact_request},
    )


@agency_view()
def assign(request: AgencyRequest, pk: int) -> HttpResponse:
    """Assign a request to an existing customer."""
    contact_request = _get(request, pk)
    if not contact_request.is_undecided:
        return _redirect_settled(request, contact_request)

    def select(customer: Customer) -> HttpResponse:
        try:
            services.assign_request(contact_request, customer, by=request.user)
        except InvalidTransition as error:
            return _redirect_settled(request, error.item)
        except services.CustomerUnavailable:
            text = _("%(customer)s has since been archived or erased. Choose another customer.")
            messages.warning(request, text % {"customer": customer.numbered_name})
            return redirect("requests_inbox:assign", pk=pk)
        messages.success(request, _("Request permanently assigned to %(customer)s.") % {"customer": customer.numbered_name})
        return redirect(customer)

    return picker_page(
        request,
        select=select,
        fields=contact_request.customer_fields,
        template="requests_inbox/assign.html",
        context={"contact_request": contact_request},
    )


# --- Conflicts with other members ----------------------------------------------------------------------------------------


def _apply_action(
    request: AgencyRequest,
    pk: int,
    action: Callable[..., object],
    success: str,
    *,
    undo: Callable[[ContactRequest], str] | None = None,
    **options: Any,
) -> HttpResponse:
    """Apply an action to a request and return to its page, with a message about the outcome.

    `undo` returns the path that reverts it, from the request as it was before.
    """
    contact_request = _get(request, pk)
    undo_path = undo(contact_request) if undo else ""
    try:
        action(contact_request, by=request.user, **options)
    except InvalidTransition as error:
        messages.info(request, _conflict_message(error))
    except services.AlreadyAnswered:
        messages.info(request, _("This request has since been answered. Nothing was changed."))
    else:
        if undo_path:
            success_with_undo(request, success, undo_path)
        else:
            messages.success(request, success)
    return redirect(contact_request)


def _path(action: str) -> Callable[[ContactRequest], str]:
    return lambda former: reverse(f"requests_inbox:{action}", args=[former.pk])


def _former_assignee(former: ContactRequest) -> str:
    if former.assignee_id is None:
        return _path("unassign")(former)
    return f"{_path('reassign')(former)}?to={former.assignee_id}"


def _conflict_message(error: InvalidTransition) -> str:
    customer = error.item.customer
    return str(_CONFLICTS[error.item.status]) % {"customer": customer.numbered_name if customer else ""}


def _redirect_settled(request: AgencyRequest, contact_request: ContactRequest) -> HttpResponse:
    """Redirect from the assignment of a settled request to its customer, or else to the request."""
    customer = contact_request.customer
    if customer is None:
        messages.info(request, _("This request has since been closed or marked as spam. Reopen it first."))
        return redirect(contact_request)
    if contact_request.is_erased:
        return redirect(contact_request)
    text = _("This request already belongs to %(customer)s. No other customer was added.")
    messages.info(request, text % {"customer": customer.numbered_name})
    return redirect(customer)
