"""Customers in the Django admin: to look up; what staff keep about their clients is changed by staff."""

from django.contrib import admin

from customers.models import Customer, NumberSequence, Project
from partnerportal.audit.admin import ReadOnlyAdmin


@admin.register(Customer)
class CustomerAdmin(ReadOnlyAdmin):
    list_display = ("reference", "display_name", "kind", "email", "city", "agency", "created_at")
    list_filter = ("kind", "language", "created_at")
    search_fields = ("=number", "company", "last_name", "email", "agency__name")
    list_select_related = ("agency",)
    show_full_result_count = False


@admin.register(Project)
class ProjectAdmin(ReadOnlyAdmin):
    list_display = ("title", "customer", "status", "due_on", "agency", "created_at")
    list_filter = ("status", "due_on", "created_at")
    search_fields = ("title", "customer__company", "customer__last_name", "agency__name")
    list_select_related = ("agency", "customer")
    show_full_result_count = False


@admin.register(NumberSequence)
class NumberSequenceAdmin(ReadOnlyAdmin):
    list_display = ("agency", "next_number")
    search_fields = ("agency__name",)
    list_select_related = ("agency",)
