"""Pages of clients: what the agency needs, and handing over and deleting credentials."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables

from invitations.credentials.forms.credentials import CredentialForm
from invitations.credentials.models import AccessNeed, Credential
from invitations.credentials.queries import deleted_in, needs_in
from invitations.credentials.services import credentials as services
from invitations.credentials.services.needs import mark_invited
from invitations.credentials.views.feedback import errors_as_messages
from invitations.space.access import SpaceRequest, space_view
from invitations.space.addresses import space_address
from invitations.space.gates import shared_with
from invitations.views.feedback import conflict_messages
from partnerportal.agencies.form_recovery import without_form_recovery
from partnerportal.core.rate_limits import RateLimit, RateLimitExceeded, check_rate_limits

#: Maximum number of credentials that a client hands over and invitations that they confirm. Each sends an e-mail.
PER_CLIENT = RateLimit("credentials-client", times=60, seconds=60 * 60)


@space_view(methods=("GET",))
def space_credentials(request: SpaceRequest) -> HttpResponse:
    """List what the agency needs, with the client's credentials and who revealed them."""
    space = request.space
    context = {"needs": needs_in(space), "deleted": deleted_in(space)}
    return render(request, "invitations/space/credentials.html", context)


@sensitive_post_parameters()
@sensitive_variables()
@without_form_recovery
@space_view()
def space_hand_over(request: SpaceRequest, need: int) -> HttpResponse:
    """Hand over a credential, or replace it."""
    space, page = request.space, space_address(request.space, "invitations:space_credentials")
    stored = _need(request, need)
    if not space.writable:
        return redirect(page)
    form = CredentialForm(request.POST or None, cancel=page)
    context = {"form": form, "need": stored, "page": page}
    if request.method == "POST" and form.is_valid():
        try:
            check_rate_limits((PER_CLIENT, str(request.user.pk)))
        except RateLimitExceeded as error:
            form.add_error(None, str(error))
            return error.apply_to(render(request, "invitations/space/hand_over.html", context))
        with errors_as_messages(request):
            try:
                services.hand_over(stored, content=form.content, space=space)
            except AccessNeed.DoesNotExist as error:
                raise Http404 from error
            text = _("Credential for “%(need)s” shared. %(agency)s has been notified.")
            messages.success(request, text % {"need": stored, "agency": space.agency})
        return redirect(page)
    return render(request, "invitations/space/hand_over.html", context)


@space_view(methods=("POST",))
def space_invited(request: SpaceRequest, need: int) -> HttpResponse:
    """Store that the client has invited the agency as a user."""
    space, stored = request.space, _need(request, need)
    try:
        check_rate_limits((PER_CLIENT, str(request.user.pk)))
        with errors_as_messages(request):
            if mark_invited(stored, space=space):
                text = _("“%(need)s” marked as done. %(agency)s has been notified.")
                messages.success(request, text % {"need": stored, "agency": space.agency})
    except RateLimitExceeded as error:
        messages.error(request, str(error))
    except AccessNeed.DoesNotExist as error:
        raise Http404 from error
    return redirect(space_address(space, "invitations:space_credentials"))


@space_view(methods=("POST",))
def space_credential_delete(request: SpaceRequest, credential: int) -> HttpResponse:
    """Delete a credential that the client handed over."""
    space = request.space
    rows = shared_with(space, Credential).defer("sealed").select_related("invitation", "need")
    stored = get_object_or_404(rows, pk=credential)
    with conflict_messages(request), errors_as_messages(request):
        services.delete_credential(stored, space=space)
        messages.success(request, _("Credential for “%(need)s” deleted.") % {"need": stored.need})
    return redirect(space_address(space, "invitations:space_credentials"))


def _need(request: SpaceRequest, pk: int) -> AccessNeed:
    need: AccessNeed = get_object_or_404(shared_with(request.space, AccessNeed), pk=pk)
    return need
