"""Agencies and their members in the Django admin."""

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from partnerportal.agencies.models import Agency, Membership


class MembershipInline(admin.TabularInline):
    model = Membership
    extra = 0
    autocomplete_fields = ("user",)
    readonly_fields = ("created_at",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Membership]:
        memberships: QuerySet[Membership] = super().get_queryset(request)
        return memberships.select_related("user", "agency")


@admin.register(Agency)
class AgencyAdmin(admin.ModelAdmin):
    """An agency with its team."""

    list_display = ("name", "language", "time_zone", "member_count", "created_at")
    list_filter = ("language", "created_at")
    search_fields = ("name", "memberships__user__email")
    readonly_fields = ("created_at",)
    inlines = (MembershipInline,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Agency]:
        agencies: QuerySet[Agency] = super().get_queryset(request)
        return agencies.annotate(member_count=Count("memberships"))

    def has_delete_permission(self, request: HttpRequest, obj: Agency | None = None) -> bool:
        """An agency with all that its clients entrusted to it is nothing to end with a click."""
        return False

    @admin.display(description=_("Members"), ordering="member_count")
    def member_count(self, agency: Agency) -> int:
        return agency.member_count  # type: ignore[attr-defined,no-any-return]


@admin.register(Membership)
class MembershipAdmin(admin.ModelAdmin):
    list_display = ("user", "agency", "role", "created_at")
    list_filter = ("role", "created_at")
    search_fields = ("user__email", "user__full_name", "agency__name")
    autocomplete_fields = ("user", "agency")
    list_select_related = ("user", "agency")
    readonly_fields = ("created_at",)
