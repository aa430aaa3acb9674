"""Pages of messages: the client's thread, the thread as staff see it, and the list of an agency's threads."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages as notices
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from customers.services.submissions import AlreadyAdded
from invitations.messages import services
from invitations.messages.forms import MessageForm
from invitations.messages.models import Message
from invitations.messages.queries import thread, thread_for_client, threads_of_member
from invitations.space.access import SpaceRequest, shared_view, space_view
from invitations.space.addresses import space_address
from invitations.space.queries import clients_of
from invitations.space.views import shared_customer
from partnerportal.agencies.access import AgencyRequest, ClientRequest, agency_view
from partnerportal.core.pagination import Page, is_first_page, keyset_page
from partnerportal.core.rate_limits import RateLimit, RateLimitExceeded, check_rate_limits

#: Maximum number of messages by one client. Each can send e-mails.
PER_CLIENT = RateLimit("messages-client", times=30, seconds=60 * 60)
#: The same in a day.
PER_DAY = RateLimit("messages-client-day", times=100, seconds=24 * 60 * 60)


@space_view()
def space_messages(request: SpaceRequest) -> HttpResponse:
    """Show a client the thread; a POST sends a message."""
    space = request.space
    page = _thread_page(request, thread_for_client(space))
    form = None
    if space.writable:
        hint = _("The team of %(agency)s can read your message, and so can everyone else who has given access for the same customer.")
        form = MessageForm(request.form_data, hint=hint % {"agency": space.agency})
    if request.method == "POST" and form is not None and form.is_valid():
        try:
            check_rate_limits((PER_CLIENT, str(space.client.pk)), (PER_DAY, str(space.client.pk)))
        except RateLimitExceeded as error:
            form.add_error(None, str(error))
            return error.apply_to(render(request, "invitations/space/messages.html", {"page": page, "form": form}))
        if _send(request, form, lambda **values: services.send_as_client(space=space, **values)):
            return redirect(space_address(space, "invitations:space_messages"))
    elif space.preview is None:
        _mark_read(request, page, thread_for_client(space), space.customer)
    return render(request, "invitations/space/messages.html", {"page": page, "form": form})


@shared_view()
def shared_messages(request: AgencyRequest, pk: int) -> HttpResponse:
    """Show staff a customer's thread; a POST sends a message to all clients with connected access."""
    customer = shared_customer(request, pk)
    page = _thread_page(request, thread(customer))
    clients = clients_of(customer)
    form = None
    if clients and not customer.is_archived:
        names = ", ".join(dict.fromkeys(invitation.person_name for invitation in clients))
        form = MessageForm(request.form_data, hint=_("Goes to: %(names)s. Don’t send passwords in a message.") % {"names": names})
    if request.method == "POST" and form is not None and form.is_valid():
        if _send(request, form, lambda **values: services.send_as_member(customer=customer, by=request.user, **values)):
            return redirect("invitations:shared_messages", pk)
    else:
        _mark_read(request, page, thread(customer), customer)
    return render(request, "invitations/shared/messages.html", {"customer": customer, "page": page, "form": form, "clients": clients})


@agency_view(methods=("GET",))
def message_list(request: AgencyRequest) -> HttpResponse:
    """List the agency's threads, those with the latest messages first."""
    only_unread = request.GET.get("show") != "all"
    threads = threads_of_member(request.user, agency=request.agency.pk, only_unread=only_unread)
    page = keyset_page(request, threads, order_by=("-last_message",))
    return render(request, "invitations/messages.html", {"page": page, "only_unread": only_unread})


def _thread_page(request: Any, rows: QuerySet[Message]) -> Page[Message]:
    """Return a page of a thread. The first page contains the newest messages, and each page shows them oldest first."""
    page = keyset_page(request, rows, order_by=("-pk",))
    page.items.reverse()
    return page


def _mark_read(request: Any, page: Page[Message], rows: QuerySet[Message], customer: Any) -> None:
    """Mark the newest messages as read once they are displayed. A HEAD request displays nothing."""
    if request.method == "GET" and page.items and is_first_page(request):
        services.mark_read(customer, user=request.user, messages=rows, upto=page.items[-1].pk)


def _send(request: ClientRequest, form: MessageForm, send: Callable[..., Message]) -> bool:
    """Send the form's message. Return False if the form shows why it wasn't sent."""
    try:
        send(text=form.cleaned_data["text"], number=form.number)
    except AlreadyAdded as error:
        if not error.is_same:
            form.offer_second()
            return False
    except services.NoReader:
        form.add_error(None, _("No client has connected access any more, so no one could read this message."))
        return False
    except ValidationError as error:
        form.add_error(None, error)
        return False
    notices.success(request, _("Message sent."))
    return True
