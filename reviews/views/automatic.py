"""Automatic requests for managers: the setting, the upcoming requests, cancel and restore."""

from datetime import timedelta

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from customers.models import Project
from partnerportal.agencies.access import AgencyRequest, agency_view
from partnerportal.agencies.models import Role
from partnerportal.core.pagination import keyset_page
from partnerportal.core.redirects import redirect_back
from partnerportal.core.undo import success_with_undo
from reviews.forms.rounds import AutomaticForm
from reviews.models import AutomaticRequests
from reviews.rounds import automatic as services
from reviews.rounds.models import Outcome
from reviews.rounds.queries import automatic_projects


@agency_view(role=Role.MANAGER)
def automatic(request: AgencyRequest) -> HttpResponse:
    """Show and save the setting, and list the upcoming or cancelled requests."""
    setting = AutomaticRequests.objects.filter(agency=request.agency).first() or AutomaticRequests(agency=request.agency)
    form = AutomaticForm(request.form_data, setting=setting)
    if request.method == "POST" and form.is_valid():
        is_on = form.cleaned_data["is_on"]
        services.switch(request.agency, is_on=is_on, days=form.cleaned_data["days"], by=request.user)
        messages.success(request, _("Saved. Reviews are requested automatically.") if is_on else _("Automatic requests are off."))
        return redirect("reviews:automatic")
    request.agency.automatic_requests = setting
    shows_cancelled = request.GET.get("show") == "cancelled"
    projects = automatic_projects(request.agency).select_related("customer")
    if shows_cancelled:
        page = keyset_page(request, projects.filter(automatic_request__outcome=Outcome.EXCLUDED), order_by=("-completed_at", "-pk"))
    else:
        page = keyset_page(request, projects.filter(automatic_request=None), order_by=("completed_at", "pk"))
    for project in page.items:
        project.due_at = project.completed_at + timedelta(days=setting.days)  # type: ignore[attr-defined, operator]
    context = {"form": form, "setting": setting, "page": page, "shows_cancelled": shows_cancelled}
    return render(request, "reviews/rounds/automatic.html", context)


@agency_view(role=Role.MANAGER, methods=("POST",))
def automatic_cancel(request: AgencyRequest, pk: int) -> HttpResponse:
    """Cancel the upcoming request for a project."""
    project = _get_project(request, pk)
    if _has_setting(request) and services.cancel(project, by=request.user):
        text = _("Request for “%(project)s” cancelled.") % {"project": project.title}
        success_with_undo(request, text, reverse("reviews:automatic_restore", args=[pk]))
    else:
        messages.info(request, _("No request for “%(project)s” is upcoming. Nothing was changed.") % {"project": project.title})
    return redirect_back(request, reverse("reviews:automatic"))


@agency_view(role=Role.MANAGER, methods=("POST",))
def automatic_restore(request: AgencyRequest, pk: int) -> HttpResponse:
    """Let a cancelled request be sent after all."""
    project = _get_project(request, pk)
    if _has_setting(request) and services.restore(project, by=request.user):
        messages.success(request, _("The review of “%(project)s” is requested after all.") % {"project": project.title})
    else:
        messages.info(request, _("The request for “%(project)s” isn’t cancelled. Nothing was changed.") % {"project": project.title})
    return redirect_back(request, reverse("reviews:automatic"))


def _get_project(request: AgencyRequest, pk: int) -> Project:
    project: Project = get_object_or_404(request.agency.projects, pk=pk)
    return project


def _has_setting(request: AgencyRequest) -> bool:
    return AutomaticRequests.objects.filter(agency=request.agency).exists()
