"""Reviews in the Django admin. Nobody but its author edits a review's words, so all of it is to be read only."""

from decimal import Decimal

from django.contrib import admin
from django.utils.formats import number_format
from django.utils.translation import gettext_lazy as _

from partnerportal.audit.admin import ReadOnlyAdmin
from reviews.models import RatingSummary, Review, ReviewComment, ReviewOptOut, ReviewReport, ReviewRequest
from reviews.staff.admin import ReviewReportAdmin


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
        return review_request.get_state_display()


@admin.register(Review)
class ReviewAdmin(ReadOnlyAdmin):
    list_display = ("created_at", "agency", "signed", "overall", "hidden_at", "removed_at", "withdrawn_at")
    list_filter = ("stars", "created_at", "hidden_for")
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


admin.site.register(ReviewReport, ReviewReportAdmin)


@admin.register(ReviewOptOut)
class ReviewOptOutAdmin(ReadOnlyAdmin):
    list_display = ("created_at", "agency")
    search_fields = ("agency__name",)
    list_select_related = ("agency",)
    date_hierarchy = "created_at"
    show_full_result_count = False
