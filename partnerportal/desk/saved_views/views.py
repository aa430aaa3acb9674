"""Pages and actions of saved views. Forms also open in a dialog by htmx."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from partnerportal.agencies.access import AgencyRequest, agency_view
from partnerportal.core.redirects import redirect_back
from partnerportal.core.undo import success_with_undo
from partnerportal.desk.saved_views import services
from partnerportal.desk.saved_views.forms import NewViewForm, SavedViewForm
from partnerportal.desk.saved_views.lists import LISTS, normalized, view_url
from partnerportal.desk.saved_views.models import MAX_QUERY, ListName, SavedView


@agency_view()
def add(request: AgencyRequest) -> HttpResponse:
    """Save the filters in the parameter `query` of a list as a view."""
    list_name = request.GET.get("list", "")
    listed = LISTS.get(list_name, LISTS[ListName.CUSTOMERS])
    query = normalized(listed.name, request.GET.get("query", ""), member=request.membership, team=request.team)
    form = NewViewForm(
        request.form_data,
        initial={"list_name": listed.name, "query": query},
        cancel=f"{listed.url}?{query}",
        member=request.membership,
        team=request.team,
    )
    if request.method == "POST" and form.is_valid():
        try:
            view = services.save_view(request.membership, **form.values)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, _("View “%(view)s” saved.") % {"view": view})
            return _open(request, view_url(view))
    return render(request, "desk/view_form.html", {"form": form, "title": _("Save view")})


@agency_view()
def edit(request: AgencyRequest, pk: int) -> HttpResponse:
    """Rename, share and pin a view."""
    view = _get(request, pk)
    if not view.may_be_edited_by(request.membership):
        return _refused(request, view)
    form = SavedViewForm(
        request.form_data,
        instance=view,
        initial={"is_pinned": view.pins.filter(member=request.membership).exists()},
        cancel=view_url(view),
        is_own=view.owner_id == request.membership.pk,
    )
    if request.method == "POST" and form.is_valid():
        try:
            with _gone_is_404():
                view = services.update_view(view, **form.values, by=request.membership)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, _("View “%(view)s” saved.") % {"view": view})
            return redirect_back(request, view_url(view))
    return render(request, "desk/view_form.html", {"form": form, "view": view, "title": _("Edit view")})


@agency_view(methods=("POST",))
def save(request: AgencyRequest, pk: int) -> HttpResponse:
    """Store the filters in the address in a view."""
    view = _get(request, pk)
    if not view.may_be_edited_by(request.membership):
        return _refused(request, view)
    query = normalized(view.list_name, request.GET.urlencode(), member=request.membership, team=request.team)
    if len(query) > MAX_QUERY:
        messages.error(request, _("These filters are too long to be saved."))
        return redirect(view_url(view))
    with _gone_is_404():
        former = services.replace_query(view, query, by=request.membership)
    view.query = query
    undo_path = f"{reverse('desk:view_save', args=[pk])}?{former}"
    success_with_undo(request, _("View “%(view)s” changed.") % {"view": view}, undo_path)
    return redirect(view_url(view))


@agency_view(methods=("POST",))
def delete(request: AgencyRequest, pk: int) -> HttpResponse:
    """Delete a view, and show its list without filters."""
    view = _get(request, pk)
    if not view.may_be_edited_by(request.membership):
        return _refused(request, view)
    with _gone_is_404():
        services.delete_view(view, by=request.membership)
    success_with_undo(request, _("View “%(view)s” deleted.") % {"view": view}, reverse("desk:view_restore", args=[pk]))
    return redirect(LISTS[view.list_name].url)


@agency_view(methods=("POST",))
def restore(request: AgencyRequest, pk: int) -> HttpResponse:
    """Restore a view that was just deleted."""
    view = get_object_or_404(SavedView.objects.for_agency(request.agency), pk=pk)
    if not view.is_shared and view.owner_id != request.membership.pk:
        raise Http404
    if not view.may_be_edited_by(request.membership):
        return _refused(request, view)
    with _gone_is_404():
        view = services.restore_view(view, by=request.membership)
    messages.success(request, _("View “%(view)s” restored.") % {"view": view})
    return redirect(view_url(view))


@agency_view(methods=("POST",))
def pin(request: AgencyRequest, pk: int) -> HttpResponse:
    """Pin a view to the member's own menu."""
    view = _get(request, pk)
    try:
        with _gone_is_404():
            is_new = services.pin_view(view, request.membership)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        if is_new:
            text = _("“%(view)s” is pinned to your menu.") % {"view": view}
            success_with_undo(request, text, reverse("desk:view_unpin", args=[pk]))
    return redirect_back(request, view_url(view))


@agency_view(methods=("POST",))
def unpin(request: AgencyRequest, pk: int) -> HttpResponse:
    """Remove a view from the member's own menu."""
    view = _get(request, pk)
    if services.unpin_view(view, request.membership):
        text = _("“%(view)s” is no longer in your menu.") % {"view": view}
        success_with_undo(request, text, reverse("desk:view_pin", args=[pk]))
    return redirect_back(request, view_url(view))


@agency_view(methods=("POST",))
def move(request: AgencyRequest, pk: int) -> HttpResponse:
    """Move a pinned view up (`direction=up`) or down in the member's own menu."""
    view = _get(request, pk)
    services.move_pin(view, request.membership, up=request.POST.get("direction") == "up")
    return redirect_back(request, view_url(view))


@contextmanager
def _gone_is_404() -> Iterator[None]:
    """Show that a view no longer exists if it was deleted or made private at the same time."""
    try:
        yield
    except SavedView.DoesNotExist as error:
        raise Http404 from error


def _get(request: AgencyRequest, pk: int) -> SavedView:
    views = SavedView.objects.for_agency(request.agency).visible_to(request.membership)
    view: SavedView = get_object_or_404(views.select_related("owner__user"), pk=pk)
    return view


def _open(request: AgencyRequest, url: str) -> HttpResponse:
    """Show another page, even from a dialog."""
    return HttpResponse(status=204, headers={"HX-Redirect": url}) if cast(Any, request).htmx else redirect(url)


def _refused(request: AgencyRequest, view: SavedView) -> HttpResponse:
    """Say who can change a shared view."""
    if view.owner:
        text = _("Only %(name)s and managers can change this view. Save it under another name instead.") % {"name": view.owner.user}
    else:
        text = _("Only managers can change this view. Save it under another name instead.")
    messages.error(request, text)
    return _open(request, view_url(view))
