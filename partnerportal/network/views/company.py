"""My Company → Profile: the agency edits its profile and submits it for registration."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from partnerportal.agencies.access import AgencyRequest, agency_view
from partnerportal.agencies.models import Role
from partnerportal.audit.models import AuditEvent
from partnerportal.core.versions import EditConflict
from partnerportal.network.forms.profiles import ProfileForm
from partnerportal.network.models import MAX_SAMPLES, PartnerProfile
from partnerportal.network.queries import checklist, is_complete
from partnerportal.network.services.profiles import SlugTaken, new_profile, save_profile, submit_profile
from partnerportal.network.views.public import profile_context, with_names

#: Number of audit events on the page.
HISTORY_LENGTH = 5


@agency_view()
def company(request: AgencyRequest) -> HttpResponse:
    """Edit the agency's profile. All members can read it; managers and owners can edit it."""
    may_edit = request.membership.has_role(Role.MANAGER)
    if request.method == "POST" and not may_edit:
        raise PermissionDenied
    profile = _profile_of(request)
    form = ProfileForm(request.form_data, request.FILES or None, instance=profile, may_edit=may_edit)
    while request.method == "POST" and form.is_valid():
        try:
            saved = save_profile(request.agency, values=form.values, version=form.instance.version, by=request.user)
        except EditConflict as conflict:
            form = ProfileForm(request.form_data, request.FILES or None, instance=conflict.saved, may_edit=may_edit)
        except SlugTaken:
            form.reject_slug()
        else:
            messages.success(request, _("Saved. Visitors see it within a minute.") if saved.is_registered else _("Profile saved."))
            return redirect("network:company")
    # A bound form has changed its instance, but status and checklist show the saved profile.
    profile = _profile_of(request) if form.is_bound else profile
    items = checklist(profile)
    context = {
        "form": form,
        "profile": profile,
        "may_edit": may_edit,
        "missing": [item for item in items if not item.done],
        "may_submit": may_edit and profile.can_be_submitted and is_complete(profile),
        "work": profile.work_samples.all() if profile.pk else [],
        "max_work": MAX_SAMPLES,
        "done": sum(item.done for item in items),
        "points": len(items),
        "history": AuditEvent.objects.for_agency(request.agency).filter(object_type=profile._meta.label_lower)[:HISTORY_LENGTH],
    }
    return render(request, "network/company.html", context)


@agency_view(methods=("GET",))
def preview(request: AgencyRequest) -> HttpResponse:
    """Show the profile as visitors see it once it is registered."""
    profile = with_names(PartnerProfile.objects.all()).filter(agency=request.agency).first()
    if profile is None:
        messages.info(request, _("There is nothing to preview yet. Fill in your profile and save it first."))
        return redirect("network:company")
    return render(request, "network/profile.html", {**profile_context(request, profile, is_own=False), "is_preview": True})


@agency_view(role=Role.MANAGER, methods=("POST",))
def submit(request: AgencyRequest) -> HttpResponse:
    """Submit the profile for registration."""
    profile = get_object_or_404(PartnerProfile.objects.select_related("agency"), agency=request.agency)
    try:
        submitted = submit_profile(profile, by=request.user)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        if submitted:
            messages.success(request, _("Profile submitted. We’ll e-mail you when it has been reviewed."))
        else:
            messages.info(request, _("Your profile has already been submitted. Nothing was changed."))
    return redirect("network:company")


def _profile_of(request: AgencyRequest) -> PartnerProfile:
    profiles = PartnerProfile.objects.select_related("agency").prefetch_related("services", "languages")
    return profiles.filter(agency=request.agency).first() or new_profile(request.agency)
