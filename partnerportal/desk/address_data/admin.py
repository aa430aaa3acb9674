"""Django admin: search for an e-mail address in all agencies, export, erasure, and reports of erasures.

Only administrators with all permissions use it, and only within minutes of their last authentication. Addresses are never
in the addresses of pages, which logs contain: searches continue with an encrypted parameter.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, cast
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.cache import patch_cache_control
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from customers.imports.csv_output import csv_stream
from partnerportal.accounts.address_data import find_person
from partnerportal.accounts.models import User
from partnerportal.accounts.reauthentication import is_recently_authenticated, redirect_to_reauthenticate
from partnerportal.audit.admin import ReadOnlyAdmin
from partnerportal.core.encryption import DecryptionError, Encryptor
from partnerportal.desk.address_data.export import export
from partnerportal.desk.address_data.forms import ConfirmForm, SearchForm
from partnerportal.desk.address_data.models import AddressErasure
from partnerportal.desk.address_data.queries import erasures_of, obstacles, other_addresses, stored_about
from partnerportal.desk.address_data.report import csv_rows, lines_of
from partnerportal.desk.address_data.services import continue_erasure, record_export, start_erasure

#: Query parameter with the encrypted address.
PARAMETER = "person"
_CIPHER = Encryptor("desk.searched-address")

View = Callable[..., HttpResponseBase]


def _sensitive(view: View) -> View:
    """Require all permissions and a recent authentication, and prevent caching."""

    @wraps(view)
    def guarded(self: "AddressErasureAdmin", request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not self.has_view_permission(request):
            raise PermissionDenied
        if not is_recently_authenticated(request):
            # A POST request continues on the page with its form.
            start = self.search_url(request.GET.get(PARAMETER, ""))
            return redirect_to_reauthenticate(request, back_to=request.get_full_path() if request.method == "GET" else start)
        response = view(self, request, *args, **kwargs)
        patch_cache_control(response, no_store=True, private=True)
        return response

    return guarded


@admin.register(AddressErasure)
class AddressErasureAdmin(ReadOnlyAdmin):
    """Reports of erasures, with the pages that start them."""

    list_display = ("reference", "status", "created_at", "finished_at", "started_by")
    list_filter = ("status", "created_at")
    list_select_related = ("started_by",)
    ordering = ("-pk",)
    change_list_template = "admin/address_data/list.html"

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_active and request.user.is_staff and getattr(request.user, "is_superuser", False))

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def get_urls(self) -> list[URLPattern]:
        """Add the pages of searches, and the actions on reports."""
        wrap = self.admin_site.admin_view
        return [
            path("search/", wrap(self.search), name="desk_addresserasure_search"),
            path("export/", wrap(self.export), name="desk_addresserasure_export"),
            path("erase/", wrap(self.erase), name="desk_addresserasure_erase"),
            path("<int:pk>/continue/", wrap(require_POST(self.resume)), name="desk_addresserasure_continue"),
            path("<int:pk>/report.csv", wrap(self.report), name="desk_addresserasure_report"),
            *super().get_urls(),
        ]

    @staticmethod
    def search_url(sealed: str, page: str = "search") -> str:
        """Return the address of a page about an encrypted address."""
        url = reverse(f"admin:desk_addresserasure_{page}")
        return f"{url}?{urlencode({PARAMETER: sealed})}" if sealed else url

    @_sensitive
    def search(self, request: HttpRequest) -> HttpResponseBase:
        """Ask for an address, and show what is stored about it."""
        if request.method == "POST":
            form = SearchForm(request.POST)
            if form.is_valid():
                return redirect(self.search_url(_CIPHER.encrypt(form.cleaned_data["email"].strip().lower()).decode()))
            return self._page(request, "search", _("Data about an e-mail address"), form=form)
        email = _address(request) if PARAMETER in request.GET else ""
        context: dict[str, Any] = {"form": SearchForm(initial={"email": email})}
        if email:
            person = find_person(email)
            context |= {
                "email": email,
                "groups": stored_about(person),
                "obstacles": obstacles(person),
                "other_addresses": other_addresses(person),
                "erasures": erasures_of(email),
                "export_url": self.search_url(request.GET[PARAMETER], "export"),
                "erase_url": self.search_url(request.GET[PARAMETER], "erase"),
            }
        return self._page(request, "search", _("Data about an e-mail address"), **context)

    @_sensitive
    def export(self, request: HttpRequest) -> HttpResponseBase:
        """Download everything about the address."""
        if request.method != "POST":
            return redirect(self.search_url(request.GET.get(PARAMETER, "")))
        person = find_person(_address(request))
        record_export(by=cast(User, request.user))
        headers = {"Content-Disposition": 'attachment; filename="personal-data.zip"'}
        return StreamingHttpResponse(export(person), content_type="application/zip", headers=headers)

    @_sensitive
    def erase(self, request: HttpRequest) -> HttpResponseBase:
        """Show what an erasure does, and start it once the address has been typed."""
        email = _address(request)
        person = find_person(email)
        form = ConfirmForm(request.POST or None, email=email)
        if request.method == "POST" and form.is_valid():
            try:
                erasure = start_erasure(email, by=cast(User, request.user))
            except ValidationError as error:
                form.add_error(None, error)
            else:
                messages.success(request, str(_("Erasure %(number)s started.") % {"number": erasure.reference}))
                return redirect("admin:desk_addresserasure_change", erasure.pk)
        return self._page(
            request,
            "erase",
            _("Erase data about an e-mail address"),
            email=email,
            form=form,
            groups=stored_about(person),
            obstacles=obstacles(person),
            other_addresses=other_addresses(person),
            back_url=self.search_url(request.GET[PARAMETER]),
        )

    def change_view(self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """Show the report."""
        if request.method == "POST" or not self.has_view_permission(request):
            raise PermissionDenied
        erasure = self.get_object(request, object_id)
        if erasure is None:
            raise Http404
        return self._page(request, "report", str(_("Erasure %(number)s") % {"number": erasure}), erasure=erasure, lines=lines_of(erasure))

    @_sensitive
    def resume(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        """Continue an erasure that stopped."""
        erasure = self._erasure(request, pk)
        if continue_erasure(erasure):
            messages.success(request, str(_("Erasure %(number)s continued.") % {"number": erasure}))
        return redirect("admin:desk_addresserasure_change", pk)

    def report(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        """Download the report as a CSV file."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        erasure = self._erasure(request, pk)
        rows = csv_stream(csv_rows(erasure), delimiter=",")
        headers = {"Content-Disposition": f'attachment; filename="{erasure.reference}.csv"'}
        return StreamingHttpResponse(rows, content_type="text/csv; charset=utf-8", headers=headers)

    def _erasure(self, request: HttpRequest, pk: int) -> AddressErasure:
        erasure: AddressErasure | None = self.get_object(request, str(pk))
        if erasure is None:
            raise Http404
        return erasure

    def _page(self, request: HttpRequest, page: str, title: Any, **context: Any) -> HttpResponse:
        known = {**self.admin_site.each_context(request), "title": title, "opts": self.opts}
        return TemplateResponse(request, f"admin/address_data/{page}.html", {**known, **context})


def _address(request: HttpRequest) -> str:
    """Return the address in the encrypted parameter. Raise Http404 if it is missing or invalid."""
    try:
        return _CIPHER.decrypt(request.GET[PARAMETER].encode())
    except (DecryptionError, KeyError, UnicodeError) as error:
        raise Http404 from error
