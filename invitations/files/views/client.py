"""Pages of files and approvals in a client's shared space."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from invitations.files.forms.approvals import DecisionForm
from invitations.files.forms.files import UploadForm, VersionForm
from invitations.files.models.files import FileVersion, SharedFile
from invitations.files.queries import approvals_in, attach_newest, files_in
from invitations.files.services import approvals as approval_services
from invitations.files.services import files as services
from invitations.files.views.responses import download_response, form_page, newest_version, request_size
from invitations.models.areas import Area
from invitations.space.access import SpaceRequest, space_view
from invitations.space.addresses import space_address
from invitations.views.feedback import conflict_messages
from partnerportal.core.pagination import keyset_page
from partnerportal.core.rate_limits import RateLimit, RateLimitExceeded, check_rate_limits

#: Maximum number of files that a client uploads. Each sends an e-mail.
PER_CLIENT = RateLimit("file-upload-client", times=60, seconds=60 * 60)


@space_view(methods=("GET",))
def file_list(request: SpaceRequest) -> HttpResponse:
    """List the files that the agency shares and those of clients."""
    page = keyset_page(request, files_in(request.space), order_by=("-pk",))
    attach_newest(page.items)
    return render(request, "invitations/space/files.html", {"page": page})


@space_view()
def file_add(request: SpaceRequest) -> HttpResponse:
    """Upload a file for the agency."""
    space = request.space
    back = space_address(space, "invitations:space_files")
    areas = [area for area in Area if space.covers(area)]
    form = UploadForm(request.form_data, request.FILES or None, areas=areas, cancel=back, request_size=request_size(request))
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        try:
            check_rate_limits((PER_CLIENT, str(request.user.pk)))
            services.upload_by_client(
                space=space, file=values["file"], name=values["file"].name, title=values["title"], area=values["area"]
            )
        except RateLimitExceeded as error:
            form.add_error(None, str(error))
            return error.apply_to(render(request, "invitations/space/file_form.html", {"form": form}))
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, _("File uploaded. %(agency)s has been notified.") % {"agency": space.agency})
            return redirect(back)
    return form_page(request, "invitations/space/file_form.html", form)


@space_view(methods=("GET",))
def file_detail(request: SpaceRequest, pk: int) -> HttpResponse:
    """Show a file with its versions."""
    shared = _file(request, pk)
    versions = list(shared.versions.select_related("uploaded_by").order_by("-number"))
    newest_version(versions)
    context = {"file": shared, "versions": versions, "is_own": _is_own(request, shared)}
    return render(request, "invitations/space/file.html", context)


@space_view()
def file_version(request: SpaceRequest, pk: int) -> HttpResponse:
    """Upload a new version of one of the client's own files."""
    shared = get_object_or_404(files_in(request.space), pk=pk, from_client=True, uploaded_by=request.user)
    back = space_address(request.space, "invitations:space_file", pk)
    form = VersionForm(request.form_data, request.FILES or None, cancel=back, request_size=request_size(request))
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        try:
            check_rate_limits((PER_CLIENT, str(request.user.pk)))
            services.upload_version_by_client(shared, space=request.space, file=file, name=file.name)
        except RateLimitExceeded as error:
            form.add_error(None, str(error))
            return error.apply_to(render(request, "invitations/space/file_form.html", {"form": form, "file": shared}))
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, _("New version uploaded. %(agency)s has been notified.") % {"agency": request.space.agency})
            return redirect(back)
    return form_page(request, "invitations/space/file_form.html", form, file=shared)


@space_view(methods=("GET",))
def file_download(request: SpaceRequest, pk: int) -> HttpResponseBase:
    """Download a version of a file."""
    version = get_object_or_404(FileVersion.objects.select_related("file__customer"), pk=pk, file__in=files_in(request.space).values("pk"))
    return download_response(request, version, lambda: services.download_for_client(version, space=request.space))


@space_view(methods=("POST",))
def file_delete(request: SpaceRequest, pk: int) -> HttpResponse:
    """Delete one of the client's own files."""
    shared = get_object_or_404(files_in(request.space), pk=pk, from_client=True, uploaded_by=request.user)
    try:
        services.delete_by_client(shared, space=request.space)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect(space_address(request.space, "invitations:space_file", pk))
    messages.success(request, _("“%(title)s” deleted.") % {"title": shared})
    return redirect(space_address(request.space, "invitations:space_files"))


@space_view(methods=("GET",))
def approval_list(request: SpaceRequest) -> HttpResponse:
    """List the agency's requests for approval."""
    page = keyset_page(request, approvals_in(request.space), order_by=("-pk",))
    return render(request, "invitations/space/approvals.html", {"page": page})


@space_view()
def approval_detail(request: SpaceRequest, pk: int) -> HttpResponse:
    """Show what the agency asks to approve, and decide about it."""
    approval = get_object_or_404(approvals_in(request.space), pk=pk)
    form = DecisionForm(request.form_data, approval=approval) if approval.is_open and request.space.writable else None
    if request.method == "POST":
        if form is None:
            # Decided or withdrawn in the meantime; the page says so.
            return redirect(space_address(request.space, "invitations:space_approval", pk))
        if form.is_valid():
            try:
                with conflict_messages(request):
                    approval_services.decide(approval, space=request.space, **form.cleaned_data)
                    messages.success(request, _("Decision sent to %(agency)s.") % {"agency": request.space.agency})
            except ValidationError as error:
                messages.error(request, " ".join(error.messages))
            return redirect(space_address(request.space, "invitations:space_approval", pk))
    return render(request, "invitations/space/approval.html", {"approval": approval, "form": form})


def _file(request: SpaceRequest, pk: int) -> SharedFile:
    return get_object_or_404(files_in(request.space), pk=pk)


def _is_own(request: SpaceRequest, shared: SharedFile) -> bool:
    return shared.from_client and shared.uploaded_by_id == request.space.client.pk
