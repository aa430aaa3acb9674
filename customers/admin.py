"""Customers in the Django admin: to look up; what staff keep about their clients is changed by staff."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from customers.models import Contract, Customer, Domain, FormSubmission, ImportJob, Note, NumberSequence, Project, Task
from partnerportal.audit.admin import ReadOnlyAdmin


@admin.register(Customer)
class CustomerAdmin(ReadOnlyAdmin):
    list_display = ("reference", "display_name", "kind", "email", "city", "agency", "created_at")
    list_filter = ("status", "kind", "language", "created_at")
    search_fields = ("=number", "company", "last_name", "email", "agency__name")
    list_select_related = ("agency",)
    show_full_result_count = False

    @admin.display(description=_("Number"), ordering="number")
    def reference(self, customer: Customer) -> str:
        return customer.reference

    @admin.display(description=_("Customer"))
    def display_name(self, customer: Customer) -> str:
        return customer.display_name


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


@admin.register(Task)
class TaskAdmin(ReadOnlyAdmin):
    list_display = ("title", "customer", "due_on", "assignee", "priority", "done_at", "agency")
    list_filter = ("priority", "due_on", "done_at")
    search_fields = ("title", "customer__company", "customer__last_name", "agency__name")
    list_select_related = ("agency", "customer", "assignee")
    show_full_result_count = False


@admin.register(Domain)
class DomainAdmin(ReadOnlyAdmin):
    list_display = ("name", "unicode_name", "customer", "registrar", "expires_on", "auto_renew", "agency")
    list_filter = ("auto_renew", "expires_on")
    search_fields = ("name", "unicode_name", "registrar", "agency__name")
    list_select_related = ("agency", "customer")
    show_full_result_count = False


@admin.register(Contract)
class ContractAdmin(ReadOnlyAdmin):
    list_display = ("number", "customer", "product", "price", "currency", "interval", "ends_on", "cancel_by", "status", "agency")
    list_filter = ("status", "interval", "ends_on")
    search_fields = ("number", "product", "customer__company", "customer__last_name", "agency__name")
    list_select_related = ("agency", "customer")
    show_full_result_count = False


@admin.register(Note)
class NoteAdmin(ReadOnlyAdmin):
    """When and by whom, not what: notes are for the team."""

    list_display = ("created_at", "customer", "author", "agency")
    list_filter = ("created_at",)
    search_fields = ("customer__company", "customer__last_name", "agency__name")
    list_select_related = ("agency", "customer", "author")
    exclude = ("text",)
    show_full_result_count = False


@admin.register(ImportJob)
class ImportJobAdmin(ReadOnlyAdmin):
    """How imports go; the texts of their rows are for the team that uploaded them."""

    list_display = ("created_at", "agency", "file_name", "status", "rows_read", "progress", "progress_total", "finished_at")
    list_filter = ("status", "created_at")
    search_fields = ("agency__name", "file_name")
    list_select_related = ("agency",)
    date_hierarchy = "created_at"


@admin.register(FormSubmission)
class FormSubmissionAdmin(ReadOnlyAdmin):
    """Which forms have added something, for 30 days."""

    list_display = ("created_at", "agency", "added_id")
    list_filter = ("created_at",)
    search_fields = ("=added_id", "agency__name")
    list_select_related = ("agency",)
    show_full_result_count = False
