"""Django admin: the queue of review reports, which administrators decide; review rounds and automatic requests."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.decorators import method_decorator
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from partnerportal.audit.admin import ReadOnlyAdmin
from partnerportal.audit.descriptions import item_key, name_items
from partnerportal.audit.models import AuditEvent
from partnerportal.core.validators import validate_plain_text
from reviews.models import AutomaticRequests, ReviewReport, ReviewRound
from reviews.rounds.models import LEFT_OUT, Outcome
from reviews.services.reports import dismiss_report, reinstate_review, uphold_report

#: Maximum number of audit events on a report's page, newest first.
MAX_EVENTS = 50


class DecisionForm(forms.Form):
    """Form for the reason of a decision."""

    reason = forms.CharField(
        label=_("Reason for the decision"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 5, "class": "vLargeTextField"}),
        validators=[validate_plain_text],
        help_text=_("Sent to the agency, and to the author if the review is removed or reinstated."),
    )


class QueueFilter(admin.SimpleListFilter):
    """Filter by decision; open reports by default."""

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
    """Queue of reports, oldest first. A report's page shows its review and has buttons to decide."""

    list_display = ("created_at", "agency", "reason", "review", "number", "state", "decided_at")
    list_filter = (QueueFilter, "reason")
    search_fields = ("agency__name", "details", "review__text")
    date_hierarchy = "created_at"
    ordering = ("created_at", "pk")
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[ReviewReport]:
        """Add the related rows that a report's page shows."""
        related = ("agency", "reported_by", "review__agency", "review__comment", "review__request__customer", "review__request__project")
        return super().get_queryset(request).select_related(*related)

    def get_urls(self) -> list[URLPattern]:
        """Add a URL for each decision."""
        wrap = self.admin_site.admin_view
        return [
            path("<int:pk>/uphold/", wrap(self.uphold), name="reviews_reviewreport_uphold"),
            path("<int:pk>/dismiss/", wrap(self.dismiss), name="reviews_reviewreport_dismiss"),
            path("<int:pk>/reinstate/", wrap(self.reinstate), name="reviews_reviewreport_reinstate"),
            *super().get_urls(),
        ]

    def can_decide(self, request: HttpRequest) -> bool:
        """Whether the administrator has Django's permission to change reports."""
        return request.user.has_perm("reviews.change_reviewreport")

    def change_view(self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """Show the report with its review and history."""
        if request.method == "POST" or not self.has_view_permission(request):
            raise PermissionDenied
        return self._page(request, self._report(request, object_id), DecisionForm())

    def uphold(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Uphold a report: remove the review."""
        message = _("Report upheld. The review has been removed from the profile; the agency and the author have been notified.")
        return self._decide(request, pk, uphold_report, message)

    def dismiss(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Dismiss a report: keep the review."""
        message = _("Report dismissed. The review remains on the profile; the agency has been notified.")
        return self._decide(request, pk, dismiss_report, message)

    def reinstate(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Reinstate a review that was removed."""
        return self._decide(request, pk, reinstate_review, _("Review reinstated. The agency and the author have been notified."))

    @method_decorator(require_POST)
    def _decide(self, request: HttpRequest, pk: int, decide: Callable[..., bool], message: str | Promise) -> HttpResponse:
        if not self.can_decide(request):
            raise PermissionDenied
        report, form = self._report(request, pk), DecisionForm(request.POST)
        if not form.is_valid():
            return self._page(request, report, form)
        if decide(report, reason=form.cleaned_data["reason"], by=request.user):
            messages.success(request, str(message))
        else:
            messages.warning(request, _("This has already been decided. Nothing was changed, and no one was notified again."))
        return redirect("admin:reviews_reviewreport_change", pk)

    def _report(self, request: HttpRequest, pk: Any) -> ReviewReport:
        report: ReviewReport | None = self.get_object(request, str(pk))
        if report is None:
            raise Http404
        return report

    def _page(self, request: HttpRequest, report: ReviewReport, form: DecisionForm) -> HttpResponse:
        review = report.review
        events = AuditEvent.objects.filter(object_type=review._meta.label_lower, object_id=review.pk)
        history = list(events[:MAX_EVENTS])
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
            "can_decide": self.can_decide(request),
            "can_reinstate": report.state == ReviewReport.State.UPHELD and not review.withdrawn_at,
        }
        return TemplateResponse(request, "admin/reviews/report.html", context, status=200)


@admin.register(ReviewRound)
class ReviewRoundAdmin(ReadOnlyAdmin):
    """Rounds with their counts, which show how many customers were excluded by hand."""

    list_display = (
        "name",
        "agency",
        "status",
        "total",
        "number_requested",
        "number_excluded",
        "number_left_out",
        "created_at",
        "started_by",
    )
    list_filter = ("status", "created_at")
    list_select_related = ("agency", "started_by")
    search_fields = ("name", "agency__name")
    ordering = ("-pk",)
    show_full_result_count = False
    fields = (
        "agency", "name", "status", "started_by", "completed_since", "not_asked_days", "tag_id", "responsible_id", "per_day", "from_hour",
        "until_hour", "total", "number_requested", "number_excluded", "reasons", "created_at", "started_at", "finished_at",
    )  # fmt: skip

    @admin.display(description=_("Requested"))
    def number_requested(self, review_round: ReviewRound) -> int:
        """Return the number of requests."""
        return review_round.requested

    @admin.display(description=_("Excluded by hand"))
    def number_excluded(self, review_round: ReviewRound) -> int:
        """Return the number of customers that members excluded."""
        return review_round.excluded

    @admin.display(description=_("Left out in all"))
    def number_left_out(self, review_round: ReviewRound) -> int:
        """Return the number of customers that weren't asked."""
        return review_round.left_out

    @admin.display(description=_("Left out, with reasons"))
    def reasons(self, review_round: ReviewRound) -> str:
        """Return the numbers of customers that weren't asked, by reason."""
        counts = ((reason.label, review_round.counts.get(reason, 0)) for reason in LEFT_OUT)
        return ", ".join(f"{label}: {count}" for label, count in counts if count) or "–"


@admin.register(AutomaticRequests)
class AutomaticRequestsAdmin(ReadOnlyAdmin):
    """Agencies with automatic requests, and how many of these were sent, left out or cancelled by hand."""

    list_display = ("agency", "enabled_at", "days", "enabled_by", "number_requested", "number_excluded", "number_left_out")
    list_select_related = ("agency", "enabled_by")
    search_fields = ("agency__name",)
    ordering = ("agency",)
    show_full_result_count = False
    fields = list_display

    def get_queryset(self, request: HttpRequest) -> QuerySet[AutomaticRequests]:
        """Add the numbers of projects."""
        outcome = "agency__projects__automatic_request__outcome"

        def number(**wanted: Any) -> Count:
            return Count(outcome, filter=Q(**wanted))

        rows: QuerySet[AutomaticRequests] = super().get_queryset(request)
        return rows.annotate(
            requested=number(**{outcome: Outcome.REQUESTED}),
            excluded=number(**{outcome: Outcome.EXCLUDED}),
            left_out=number(**{f"{outcome}__in": LEFT_OUT}),
        )

    @admin.display(description=_("Requested"))
    def number_requested(self, setting: Any) -> int:
        """Return the number of requests."""
        return int(setting.requested)

    @admin.display(description=_("Cancelled by hand"))
    def number_excluded(self, setting: Any) -> int:
        """Return the number of requests that members cancelled."""
        return int(setting.excluded)

    @admin.display(description=_("Left out in all"))
    def number_left_out(self, setting: Any) -> int:
        """Return the number of projects without a request."""
        return int(setting.left_out)
