"""Work samples: managed under My Company → Profile, and their pictures for visitors."""

from typing import Any, cast

from django.contrib import messages
from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from partnerportal.agencies.access import AgencyRequest, agency_view
from partnerportal.agencies.models import Role
from partnerportal.core.versions import EditConflict
from partnerportal.network.forms.work import WorkForm
from partnerportal.network.models import PartnerProfile, WorkPicture, WorkSample
from partnerportal.network.services.pictures import MEDIA_TYPE
from partnerportal.network.services.work import add_work, change_work, move_work, remove_work
from partnerportal.network.views.public import LOGO_MAX_AGE

#: Sizes in the addresses of pictures.
SIZES = ("small", "large")


@agency_view(role=Role.MANAGER)
def work_add(request: AgencyRequest) -> HttpResponse:
    """Add a work sample to the agency's profile."""
    profile = PartnerProfile.objects.select_related("agency").filter(agency=request.agency).first()
    if profile is None:
        messages.info(request, _("Save your profile first. Then you can add work samples."))
        return redirect("network:company")
    form = WorkForm(request.form_data, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        try:
            add_work(form.instance, profile=profile, picture=form.cleaned_data["picture"], by=request.user)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, _("Work sample “%(title)s” added.") % {"title": form.instance})
            return _back()
    return render(request, "network/work_form.html", {"form": form, "title": _("Add work sample"), "profile": profile})


@agency_view(role=Role.MANAGER)
def work_edit(request: AgencyRequest, pk: int) -> HttpResponse:
    """Edit a work sample."""
    sample = _get_sample(request, pk)
    form = WorkForm(request.form_data, request.FILES or None, instance=sample)
    while request.method == "POST" and form.is_valid():
        try:
            picture = form.cleaned_data["picture"]
            change_work(form.instance, changed=form.changed_here, loaded=form.loaded, picture=picture, by=request.user)
        except EditConflict as conflict:
            form = WorkForm(request.form_data, request.FILES or None, instance=conflict.saved)
        except ValidationError as error:
            form.add_error(None, error)
        except ObjectDoesNotExist as error:
            raise Http404 from error
        else:
            messages.success(request, _("Work sample “%(title)s” saved.") % {"title": form.instance})
            return _back()
    context = {"form": form, "title": _("Edit work sample"), "profile": sample.profile, "sample": sample}
    return render(request, "network/work_form.html", context)


@agency_view(role=Role.MANAGER, methods=("POST",))
def work_remove(request: AgencyRequest, pk: int) -> HttpResponse:
    """Remove a work sample."""
    sample = _get_sample(request, pk)
    if remove_work(sample, by=request.user):
        messages.success(request, _("Work sample “%(title)s” removed.") % {"title": sample})
    return _back()


@agency_view(role=Role.MANAGER, methods=("POST",))
def work_move(request: AgencyRequest, pk: int) -> HttpResponse:
    """Move a work sample one position up or down (`direction`)."""
    if move_work(_get_sample(request, pk), up=request.POST.get("direction") == "up", by=request.user):
        messages.success(request, _("Work samples reordered."))
    return _back()


@require_safe
def work_picture(request: HttpRequest, slug: str, digest: str, size: str) -> HttpResponse:
    """Return the picture of a work sample, if the profile is registered; otherwise only to the agency's members and admins."""
    if size not in SIZES:
        raise Http404
    samples = WorkSample.objects.filter(profile__slugs__slug=slug, digest=digest).select_related("profile__agency")
    sample = get_object_or_404(samples)
    visitor, profile = cast(Any, request), sample.profile
    if not (profile.is_registered or profile.agency == visitor.agency or visitor.user.is_staff):
        raise Http404
    content = WorkPicture.objects.filter(sample=sample).values_list(size, flat=True).first()
    if content is None:  # removed at this moment
        raise Http404
    response = HttpResponse(bytes(content), content_type=MEDIA_TYPE)
    response["Cache-Control"] = f"{'public' if profile.is_registered else 'private'}, max-age={LOGO_MAX_AGE}, immutable"
    return response


def _get_sample(request: AgencyRequest, pk: int) -> WorkSample:
    samples = WorkSample.objects.filter(profile__agency=request.agency).select_related("profile__agency")
    return get_object_or_404(samples, pk=pk)


def _back() -> HttpResponse:
    return redirect(f"{reverse('network:company')}#work")
