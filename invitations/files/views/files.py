"""Pages of files for staff."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from customers.models import Customer
from invitations.files.forms.files import FileForm, StaffUploadForm, VersionForm
from invitations.files.models.approvals import Approval
from invitations.files.models.files import FileQuota, FileVersion, SharedFile
from invitations.files.queries import attach_newest, files_of
from invitations.files.services import approvals as approval_services
from invitations.files.services import files as services
from invitations.files.views.limits import check_approval_limit
from invitations.files.views.responses import download_response, form_page, newest_version, request_size
from invitations.space.access import shared_view
from invitations.space.views import shared_customer
from partnerportal.agencies.access import AgencyRequest
from partnerportal.core.pagination import keyset_page
from partnerportal.core.rate_limits import RateLimitExceeded


@shared_view(methods=("GET",))
def file_list(request: AgencyRequest, pk: int) -> HttpResponse:
    """List the files of a customer, and the space that all files of the agency use."""
    customer = shared_customer(request, pk)
    page = keyset_page(request, files_of(customer), order_by=("-pk",))
    attach_newest(page.items)
    quota = FileQuota.objects.for_agency(request.agency).first()
    return render(request, "invitations/shared/files.html", {"customer": customer, "page": page, "quota": quota})


@shared_view()
def file_add(request: AgencyRequest, pk: int) -> HttpResponse:
    """Upload a file."""
    customer = _active_customer(request, pk)
    form = StaffUploadForm(request.form_data, request.FILES or None, cancel=_list(customer), request_size=request_size(request))
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data.pop("file")
        try:
            shared = services.upload_file(customer=customer, file=file, name=file.name, by=request.user, **form.cleaned_data)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, _("File uploaded."))
            return redirect(shared)
    return form_page(request, "invitations/shared/file_form.html", form, customer=customer)


@shared_view(methods=("GET",))
def file_detail(request: AgencyRequest, pk: int, file: int) -> HttpResponse:
    """Show a file with its versions and their approvals."""
    customer, shared = _file(request, pk, file)
    versions = list(shared.versions.select_related("uploaded_by").order_by("-number"))
    newest = newest_version(versions)
    approvals = list(shared.approvals.order_by("-pk"))
    by_version = {approval.version_id: approval for approval in reversed(approvals)}
    current = by_version.get(newest.pk)
    context = {
        "customer": customer,
        "file": shared,
        "versions": [(version, by_version.get(version.pk)) for version in versions],
        "can_request": current is None or current.status == Approval.Status.WITHDRAWN,
        "newest": newest,
    }
    return render(request, "invitations/shared/file.html", context)


@shared_view()
def file_edit(request: AgencyRequest, pk: int, file: int) -> HttpResponse:
    """Change title, area and sharing of a file of the agency."""
    customer, shared = _file(request, pk, file)
    form = FileForm(request.form_data, instance=shared, cancel=shared.get_absolute_url())
    if request.method == "POST" and form.is_valid():
        try:
            services.update_file(shared, by=request.user, **form.cleaned_data)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, _("File updated."))
            return redirect(shared)
    return form_page(request, "invitations/shared/file_form.html", form, customer=customer, file=shared)


@shared_view()
def file_version(request: AgencyRequest, pk: int, file: int) -> HttpResponse:
    """Upload a new version of a file of the agency."""
    customer, shared = _file(request, pk, file)
    form = VersionForm(request.form_data, request.FILES or None, cancel=shared.get_absolute_url(), request_size=request_size(request))
    if request.method == "POST" and form.is_valid():
        upload = form.cleaned_data["file"]
        try:
            services.upload_version(shared, file=upload, name=upload.name, by=request.user)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, _("New version uploaded."))
            return redirect(shared)
    return form_page(request, "invitations/shared/file_form.html", form, customer=customer, file=shared, is_version=True)


@shared_view(methods=("GET",))
def file_download(request: AgencyRequest, pk: int, version: int) -> HttpResponseBase:
    """Download a version of a file."""
    files = files_of(shared_customer(request, pk)).values("pk")
    found = get_object_or_404(FileVersion.objects.select_related("file__customer"), pk=version, file__in=files)
    return download_response(request, found, lambda: services.download_for_member(found, by=request.user))


@shared_view(methods=("POST",))
def file_delete(request: AgencyRequest, pk: int, file: int) -> HttpResponse:
    """Delete a file with all its versions."""
    customer, shared = _file(request, pk, file)
    try:
        services.delete_file(shared, by=request.user)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect(shared)
    messages.success(request, _("“%(title)s” deleted.") % {"title": shared})
    return redirect(_list(customer))


@shared_view(methods=("POST",))
def file_request_approval(request: AgencyRequest, pk: int, file: int) -> HttpResponse:
    """Request approval of a file's newest version."""
    customer, shared = _file(request, pk, file)
    # With the customer of this page, from which a merge can move the file at this moment.
    versions = shared.versions.order_by("-number")[:1]
    try:
        check_approval_limit(customer)
        approval = approval_services.request_version_approval(newest_version(list(versions)), by=request.user)
    except RateLimitExceeded as error:
        messages.error(request, str(error))
        return redirect(shared)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect(shared)
    messages.success(request, _("Approval requested. The clients have been notified by e-mail."))
    return redirect(approval)


def _file(request: AgencyRequest, pk: int, file: int) -> tuple[Customer, SharedFile]:
    customer = shared_customer(request, pk)
    return customer, get_object_or_404(files_of(customer), pk=file)


def _active_customer(request: AgencyRequest, pk: int) -> Customer:
    customer: Customer = get_object_or_404(request.agency.customers.active(), pk=pk)
    return customer


def _list(customer: Customer) -> str:
    return reverse("invitations:shared_files", args=[customer.pk])
