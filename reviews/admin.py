"""Reviews in Django admin."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from partnerportal.audit.admin import ReadOnlyAdmin
from partnerportal.audit.descriptions import item_key, name_items
from partnerportal.audit.models import AuditEvent
from partnerportal.core.validators import validate_plain_text
from reviews.models import RatingSummary, Review, ReviewComment, ReviewOptOut, ReviewReport, ReviewRequest
from reviews.services.reports import dismiss_report, reinstate_review, uphold_report


@admin.register(ReviewRequest)
class ReviewRequestAdmin(ReadOnlyAdmin):
    """Without nonce and digest: an admin has no use for a personal link."""

    list_display = ("created_at", "agency", "customer", "project", "state_now", "mailed_at", "valid_until")
    list_filter = ("status", "created_at")
    search_fields = ("agency__name", "customer__company", "customer__last_name", "customer__email", "project__title")
    list_select_related = ("agency", "customer", "project")
    date_hierarchy = "created_at"
    exclude = ("nonce", "token_digest", "expires_at")
    readonly_fields = ("valid_until",)
    show_full_result_count = False

    @admin.display(description=ReviewRequest._meta.get_field("status").verbose_name, ordering="status")
    def state_now(self, review_request: ReviewRequest) -> str:
        return review_request.get_current_status_display()


@admin.register(Review)
class ReviewAdmin(ReadOnlyAdmin):
    list_display = ("created_at", "agency", "signed", "overall", "hidden_at", "removed_at", "withdrawn_at")
    list_filter = ("stars", "created_at", "hidden_reason")
    search_fields = ("agency__name", "author", "text")
    list_select_related = ("agency",)
    date_hierarchy = "created_at"
    show_full_result_count = False

    @admin.display(description=_("Author"), ordering="author")
    def signed(self, review: Review) -> str:
        """The field's own label speaks to whoever writes one."""
        return review.author


@admin.register(RatingSummary)
class RatingSummaryAdmin(ReadOnlyAdmin):
    """Kept by the database itself."""

    list_display = ("agency", "count", "average_shown")
    search_fields = ("agency__name",)
    list_select_related = ("agency",)

    @admin.display(description=Review._meta.get_field("overall").verbose_name)
    def average_shown(self, summary: RatingSummary) -> str:
        return "–" if summary.average is None else number_format(summary.average.quantize(Decimal("0.01")), 2)


@admin.register(ReviewComment)
class ReviewCommentAdmin(ReadOnlyAdmin):
    list_display = ("created_at", "agency", "review", "written_by")
    search_fields = ("agency__name", "text")
    list_select_related = ("agency", "review", "written_by")
    date_hierarchy = "created_at"
    show_full_result_count = False


@admin.register(ReviewOptOut)
class ReviewOptOutAdmin(ReadOnlyAdmin):
    list_display = ("created_at", "agency")
    search_fields = ("agency__name",)
    list_select_related = ("agency",)
    date_hierarchy = "created_at"
    show_full_result_count = False


#: So many events of a review its report's page shows, the newest.
EVENTS_SHOWN = 50


class DecisionForm(forms.Form):
    """Why it is decided so, in words for those who are told."""

    reason = forms.CharField(
        label=_("Reason for the decision"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 5, "class": "vLargeTextField"}),
        validators=[validate_plain_text],
        help_text=_("Sent to the agency, and to the author if the review is removed or reinstated."),
    )


class QueueFilter(admin.SimpleListFilter):
    """Without a choice, the queue: what waits for a decision."""

    title = _("Status")
    parameter_name = "queue"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("decided", _("Decided")), ("all", _("All"))]

    def choices(self, changelist: Any) -> Any:
        first, *others = super().choices(changelist)
        yield {**first, "display": _("Awaiting decision")}
        yield from others

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "all":
            return queryset
        is_open = {"state": ReviewReport.State.OPEN}
        return queryset.exclude(**is_open) if self.value() == "decided" else queryset.filter(**is_open)


@admin.register(ReviewReport)
class ReviewReportAdmin(ReadOnlyAdmin):
    """The queue of reports, oldest first; a report's page shows all there is to know, and takes the decision."""

    list_display = ("created_at", "agency", "reason", "review", "number", "state", "decided_at")
    list_filter = (QueueFilter, "reason")
    search_fields = ("agency__name", "details", "review__text")
    list_select_related = ("agency", "review")
    date_hierarchy = "created_at"
    ordering = ("created_at", "pk")
    show_full_result_count = False

    def get_urls(self) -> list[URLPattern]:
        """The three steps, each an address of its own, before the admin's usual ones."""
        steps = [
            (
                "uphold",
                uphold_report,
                _("Report upheld. The review has been removed from the profile; the agency and the author have been notified."),
            ),
            ("dismiss", dismiss_report, _("Report dismissed. The review remains on the profile; the agency has been notified.")),
            ("reinstate", reinstate_review, _("Review reinstated. The agency and the author have been notified.")),
        ]
        own = [
            path(f"<int:pk>/{name}/", self.admin_site.admin_view(self._step(decide, said)), name=f"reviews_reviewreport_{name}")
            for name, decide, said in steps
        ]
        return [*own, *super().get_urls()]

    def may_decide(self, request: HttpRequest) -> bool:
        """Whether this admin decides reports: whoever has Django's permission to change them."""
        return request.user.has_perm("reviews.change_reviewreport")

    def change_view(self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """The report with its review and their history."""
        if request.method == "POST" or not self.has_view_permission(request):
            raise PermissionDenied
        return self._page(request, self._report(object_id), DecisionForm())

    def _step(self, decide: Callable[..., bool], said: str | Promise) -> Callable[..., HttpResponse]:
        """The view of one step."""

        @require_POST
        def step(request: HttpRequest, pk: int) -> HttpResponse:
            if not self.may_decide(request):
                raise PermissionDenied
            report, form = self._report(pk), DecisionForm(request.POST)
            if not form.is_valid():
                return self._page(request, report, form)
            if decide(report, reason=form.cleaned_data["reason"], by=request.user):
                messages.success(request, str(said))
            else:
                messages.warning(request, _("This has already been decided. Nothing was changed, and no one was notified again."))
            return redirect("admin:reviews_reviewreport_change", pk)

        return step

    def _report(self, pk: Any) -> ReviewReport:
        key = forms.IntegerField(min_value=1)
        try:
            key.clean(pk)
        except forms.ValidationError:
            pk = 0
        reports = ReviewReport.objects.select_related(
            "agency", "reported_by", "review__agency", "review__comment", "review__request__customer", "review__request__project"
        )
        return get_object_or_404(reports, pk=pk)

    def _page(self, request: HttpRequest, report: ReviewReport, form: DecisionForm) -> HttpResponse:
        review = report.review
        events = AuditEvent.objects.filter(object_type=review._meta.label_lower, object_id=review.pk)
        history = list(events[:EVENTS_SHOWN])
        name_items(history, {item_key(review): review.subject_label} if review.is_project else {})
        context = {
            **self.admin_site.each_context(request),
            "title": _("Review report"),
            "opts": self.opts,
            "report": report,
            "review": review,
            "other_reports": review.reports.exclude(pk=report.pk).order_by("number"),
            "events": history,
            "form": form,
            "may_decide": self.may_decide(request),
            "can_reinstate": report.state == ReviewReport.State.UPHELD and not review.withdrawn_at,
        }
        return TemplateResponse(request, "admin/reviews/report.html", context, status=200)
