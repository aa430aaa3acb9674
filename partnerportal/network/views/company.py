"""My Company → Profile: what the agency says about itself, and its way into the network."""

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
from partnerportal.network.models import PartnerProfile
from partnerportal.network.queries import checklist
from partnerportal.network.services.profiles import SlugTaken, new_profile, save_profile, submit_profile
from partnerportal.network.views.public import profile_context, with_names

#: The page shows this many events; older ones stay in the audit.
HISTORY_LENGTH = 5


@agency_view()
def company(request: AgencyRequest) -> HttpResponse:
    """The agency's profile: managers and owners edit it, everybody may read it."""
    may_edit = request.membership.has_role(Role.MANAGER)
    if request.method == "POST" and not may_edit:
        raise PermissionDenied
    profile = _profile_of(request)
    form = ProfileForm(request.form_data, request.FILES or None, instance=profile, may_edit=may_edit)
    while request.method == "POST" and form.is_valid():
        try:
            saved = save_profile(request.agency, values=form.values, version=form.instance.version, by=request.user)
        except EditConflict as meanwhile:
            form = ProfileForm(request.form_data, request.FILES or None, instance=meanwhile.saved, may_edit=may_edit)
        except SlugTaken:
            form.refuse_slug()
        else:
            messages.success(request, _("Saved. Visitors see it within a minute.") if saved.is_registered else _("Profile saved."))
            return redirect("network:company")
    # Beside the form stands what is saved, not what is being typed.
    profile = _profile_of(request) if form.is_bound else profile
    points = checklist(profile)
    context = {
        "form": form,
        "profile": profile,
        "may_edit": may_edit,
        "missing": [point for point in points if not point.done],
        "may_submit": may_edit and profile.may_submit and all(point.done for point in points if point.needed),
        "done": sum(point.done for point in points),
        "points": len(points),
        "history": AuditEvent.objects.for_agency(request.agency).filter(object_type=profile._meta.label_lower)[:HISTORY_LENGTH],
    }
    return render(request, "network/company.html", context)


@agency_view(methods=("GET",))
def preview(request: AgencyRequest) -> HttpResponse:
    """Show the profile as the public sees it, or will see it once it is registered."""
    profile = with_names(PartnerProfile.objects.all()).filter(agency=request.agency).first()
    if profile is None:
        messages.info(request, _("There is nothing to preview yet. Fill in your profile and save it first."))
        return redirect("network:company")
    return render(request, "network/profile.html", {**profile_context(request, profile, is_own=False), "is_preview": True})


@agency_view(role=Role.MANAGER, methods=("POST",))
def submit(request: AgencyRequest) -> HttpResponse:
    """“Submit for registration”."""
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
