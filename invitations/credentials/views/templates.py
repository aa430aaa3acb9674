"""Pages of the agency's list of needs."""

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from invitations.credentials.forms.templates import NeedTemplateForm
from invitations.credentials.models import MAX_TEMPLATES, NeedTemplate
from invitations.credentials.services import templates as services
from partnerportal.agencies.access import AgencyRequest, agency_view
from partnerportal.agencies.models import Role
from partnerportal.core.versions import EditConflict


@agency_view(role=Role.MANAGER, methods=("GET",))
def need_templates(request: AgencyRequest) -> HttpResponse:
    """List what the agency usually needs."""
    entries = list(NeedTemplate.objects.for_agency(request.agency).in_order())
    context = {"entries": entries, "limit": MAX_TEMPLATES, "is_full": len(entries) >= MAX_TEMPLATES, "languages": settings.LANGUAGES}
    return render(request, "invitations/need_templates/list.html", context)


@agency_view(role=Role.MANAGER)
def need_template_add(request: AgencyRequest) -> HttpResponse:
    """Add an entry."""
    form = NeedTemplateForm(request.form_data, instance=NeedTemplate(agency=request.agency))
    if request.method == "POST" and form.is_valid():
        try:
            services.add_template(form.instance, by=request.user)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, _("“%(name)s” added.") % {"name": form.instance})
            return redirect("invitations:need_templates")
    return render(request, "invitations/need_templates/form.html", {"form": form, "title": _("Add entry")})


@agency_view(role=Role.MANAGER)
def need_template_edit(request: AgencyRequest, pk: int) -> HttpResponse:
    """Edit an entry."""
    entry = get_object_or_404(request.agency.need_templates, pk=pk)
    form = NeedTemplateForm(request.form_data, instance=entry)
    while request.method == "POST" and form.is_valid():
        try:
            services.change_template(form.instance, changed=form.changed_here, loaded=form.loaded, by=request.user)
        except EditConflict as conflict:
            form = NeedTemplateForm(request.form_data, instance=conflict.saved)
        except ValidationError as error:
            form.add_error(None, error)
        except NeedTemplate.DoesNotExist as error:
            raise Http404 from error
        else:
            messages.success(request, _("“%(name)s” saved.") % {"name": form.instance})
            return redirect("invitations:need_templates")
    return render(request, "invitations/need_templates/form.html", {"form": form, "title": _("Edit entry")})


@agency_view(role=Role.MANAGER)
def need_template_delete(request: AgencyRequest, pk: int) -> HttpResponse:
    """Delete an entry after a confirmation."""
    entry = get_object_or_404(request.agency.need_templates, pk=pk)
    if request.method == "POST":
        try:
            services.delete_template(entry, by=request.user)
        except NeedTemplate.DoesNotExist as error:
            raise Http404 from error
        messages.success(request, _("“%(name)s” deleted.") % {"name": entry})
        return redirect("invitations:need_templates")
    return render(request, "invitations/need_templates/delete.html", {"entry": entry})


@agency_view(role=Role.MANAGER, methods=("POST",))
def need_template_suggestions(request: AgencyRequest) -> HttpResponse:
    """Add the suggested entries in the selected language, with the address of the member who adds them."""
    language = request.POST.get("language", "")
    if language not in dict(settings.LANGUAGES):
        language = request.agency.language
    try:
        added = services.add_suggestions(request.agency, language=language, address=request.user.email, by=request.user)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        text = ngettext("%(count)d suggestion added.", "%(count)d suggestions added.", added)
        hint = _("Check the addresses that clients can invite.")
        messages.success(request, f"{text % {'count': added}} {hint}")
    return redirect("invitations:need_templates")
