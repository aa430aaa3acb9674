"""Django admin of applications: the queue, an application's page, and the pages that approve or reject it."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html_join
from django.utils.translation import gettext_lazy as _

from partnerportal.audit.admin import ReadOnlyAdmin
from partnerportal.core.templatetags.dates import duration
from partnerportal.network.applications.forms import RejectionForm
from partnerportal.network.applications.models import AgencyApplication, ApplicationStatus
from partnerportal.network.applications.queries import other_applications, similar_agencies
from partnerportal.network.applications.services import approve_application, reject_application

#: Maximum number of similar agencies and of other applications on a page.
MAX_RELATED = 10


class QueueFilter(admin.SimpleListFilter):
    """Filter by status; applications without a decision by default."""

    title = _("Status")
    parameter_name = "queue"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        others = [status for status in ApplicationStatus if status != ApplicationStatus.CONFIRMED]
        return [*((status.value, status.label) for status in others), ("all", _("All"))]

    def choices(self, changelist: Any) -> Any:
        first, *others = super().choices(changelist)
        yield {**first, "display": ApplicationStatus.CONFIRMED.label}
        yield from others

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "all":
            return queryset
        return queryset.filter(status=self.value() or ApplicationStatus.CONFIRMED)


@admin.register(AgencyApplication)
class AgencyApplicationAdmin(ReadOnlyAdmin):
    """Queue of applications, those confirmed first at the top."""

    list_display = ("name", "city", "email", "status", "age")
    list_filter = (QueueFilter, "language")
    search_fields = ("name", "city", "website", "contact_name", "email", "description")
    ordering = ("confirmed_at", "pk")
    show_full_result_count = False
    fields = (
        "status", "name", "website", "city", "description", "contact_name", "email", "language", "similar", "others", "created_at",
        "terms_agreed_at", "confirmed_at", "decided_at", "decided_by", "reason", "agency",
    )  # fmt: skip
    readonly_fields = ("similar", "others")

    def get_urls(self) -> list[URLPattern]:
        """Add a URL for each decision."""
        wrap = self.admin_site.admin_view
        return [
            path("<int:pk>/approve/", wrap(self.approve), name="network_agencyapplication_approve"),
            path("<int:pk>/reject/", wrap(self.reject), name="network_agencyapplication_reject"),
            *super().get_urls(),
        ]

    def can_decide(self, request: HttpRequest) -> bool:
        """Whether the administrator has Django's permission to change applications."""
        return request.user.has_perm("network.change_agencyapplication")

    def change_view(self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        return super().change_view(request, object_id, form_url, {"can_decide": self.can_decide(request), **(extra_context or {})})

    def approve(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Ask for a confirmation, then create the agency and invite its owner."""
        application = self._application(request, pk)
        if request.method != "POST":
            return self._page(request, application, "approve")
        by: Any = request.user
        try:
            is_decided = approve_application(application, by=by)
        except ValidationError as error:
            messages.error(request, " ".join(error.messages))
        else:
            self._report(request, is_decided, _("Application approved. The agency’s first owner has been invited."))
        return redirect("admin:network_agencyapplication_change", pk)

    def reject(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Ask for the reason, then reject."""
        application = self._application(request, pk)
        form = RejectionForm(request.POST if request.method == "POST" else None)
        if not form.is_valid():
            return self._page(request, application, "reject", form)
        by: Any = request.user
        is_decided = reject_application(application, reason=form.cleaned_data["reason"], by=by)
        self._report(request, is_decided, _("Application rejected. The applicant has been notified."))
        return redirect("admin:network_agencyapplication_change", pk)

    def _application(self, request: HttpRequest, pk: int) -> AgencyApplication:
        if not self.can_decide(request):
            raise PermissionDenied
        application: AgencyApplication | None = self.get_object(request, str(pk))
        if application is None:
            raise Http404
        return application

    def _page(self, request: HttpRequest, application: AgencyApplication, step: str, form: Any = None) -> HttpResponse:
        titles = {"approve": _("Approve application"), "reject": _("Reject application")}
        context = {
            **self.admin_site.each_context(request),
            "title": titles[step],
            "opts": self.opts,
            "application": application,
            "form": form,
        }
        return TemplateResponse(request, f"network/applications/admin_{step}.html", context)

    def _report(self, request: HttpRequest, is_decided: bool, message: Any) -> None:
        if is_decided:
            messages.success(request, str(message))
        else:
            messages.warning(request, _("This application isn’t awaiting a decision. Nothing was changed, and no e-mail was sent."))

    @admin.display(description=_("Awaiting decision for"), ordering="confirmed_at")
    def age(self, application: AgencyApplication) -> str:
        """Return the time since the confirmation, in its largest unit."""
        return duration(application.waiting_time) if application.waiting_time else "–"

    @admin.display(description=_("Agencies with this name or website"))
    def similar(self, application: AgencyApplication) -> str:
        """Return links to similar agencies."""
        return self._links("agencies_agency", similar_agencies(application))

    @admin.display(description=_("Other applications from this address"))
    def others(self, application: AgencyApplication) -> str:
        """Return links to other applications, with their status."""
        return self._links("network_agencyapplication", other_applications(application))

    @staticmethod
    def _links(model: str, rows: QuerySet[Any]) -> str:
        links = ((reverse(f"admin:{model}_change", args=[row.pk]), str(row)) for row in rows[:MAX_RELATED])
        return format_html_join(", ", '<a href="{}">{}</a>', links) or "–"
