"""Pages of saved replies."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from partnerportal.agencies.access import AgencyRequest, agency_view
from partnerportal.agencies.models import Role
from partnerportal.core.versions import EditConflict
from requests_inbox.forms.saved_replies import SavedReplyForm
from requests_inbox.models import SavedReply
from requests_inbox.models.placeholders import PLACEHOLDERS, fill
from requests_inbox.models.saved_replies import MAX_SAVED_REPLIES
from requests_inbox.services import saved_replies as services


@agency_view(role=Role.MANAGER, methods=("GET",))
def saved_replies(request: AgencyRequest) -> HttpResponse:
    """List the agency's saved replies."""
    replies = list(SavedReply.objects.for_agency(request.agency).in_order(request.membership.language))
    context = {"replies": replies, "limit": MAX_SAVED_REPLIES, "is_full": len(replies) >= MAX_SAVED_REPLIES}
    return render(request, "requests_inbox/saved_replies/list.html", context)


@agency_view(role=Role.MANAGER)
def saved_reply_add(request: AgencyRequest) -> HttpResponse:
    """Add a saved reply."""
    form = SavedReplyForm(request.form_data, instance=SavedReply(agency=request.agency, language=request.agency.language))
    if request.method == "POST" and not form.is_previewing and form.is_valid():
        try:
            services.add_saved_reply(form.instance, by=request.user)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, _("Saved reply “%(title)s” added.") % {"title": form.instance})
            return redirect("requests_inbox:saved_replies")
    return _form_page(request, form, _("Add saved reply"))


@agency_view(role=Role.MANAGER)
def saved_reply_edit(request: AgencyRequest, pk: int) -> HttpResponse:
    """Edit a saved reply."""
    saved = get_object_or_404(request.agency.saved_replies, pk=pk)
    form = SavedReplyForm(request.form_data, instance=saved)
    while request.method == "POST" and not form.is_previewing and form.is_valid():
        try:
            services.change_saved_reply(form.instance, changed=form.changed_here, loaded=form.loaded, by=request.user)
        except EditConflict as conflict:
            form = SavedReplyForm(request.form_data, instance=conflict.saved)
        except ValidationError as error:
            form.add_error(None, error)
        except SavedReply.DoesNotExist as error:
            raise Http404 from error
        else:
            messages.success(request, _("Saved reply “%(title)s” saved.") % {"title": form.instance})
            return redirect("requests_inbox:saved_replies")
    return _form_page(request, form, _("Edit saved reply"))


@agency_view(role=Role.MANAGER)
def saved_reply_delete(request: AgencyRequest, pk: int) -> HttpResponse:
    """Delete a saved reply after a confirmation."""
    saved = get_object_or_404(request.agency.saved_replies, pk=pk)
    if request.method == "POST":
        try:
            services.delete_saved_reply(saved, by=request.user)
        except SavedReply.DoesNotExist as error:
            raise Http404 from error
        messages.success(request, _("Saved reply “%(title)s” deleted.") % {"title": saved})
        return redirect("requests_inbox:saved_replies")
    return render(request, "requests_inbox/saved_replies/delete.html", {"saved": saved})


def _form_page(request: AgencyRequest, form: SavedReplyForm, title: str) -> HttpResponse:
    context = {"form": form, "title": title, "placeholders": PLACEHOLDERS, "previews": _previews(request, form)}
    return render(request, "requests_inbox/saved_replies/form.html", context)


def _previews(request: AgencyRequest, form: SavedReplyForm) -> list[dict[str, Any]]:
    """Return the text for a person with all details, and for one without any."""
    text, language = form.text_shown, form.language_shown
    if not text:
        return []
    person, agency = services.sample_values(language), services.agency_values(request.agency, language, by=request.user)
    return [
        {"title": _("With all details"), "text": fill(text, person | agency)},
        {"title": _("Without a name and a company"), "text": fill(text, dict.fromkeys(person, "") | agency)},
    ]
