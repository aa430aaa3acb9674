"""Read-only pages for audit events in the Django admin."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from partnerportal.audit.models import AuditEvent


class ReadOnlyAdmin(admin.ModelAdmin):
    """Admin for rows that only the application writes."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(AuditEvent)
class AuditEventAdmin(ReadOnlyAdmin):
    list_display = ("created_at", "agency", "actor_label", "sentence", "object_label", "source", "ip_address")
    list_filter = ("source", "created_at", "action")
    search_fields = ("action", "actor_label", "object_label", "agency__name")
    list_select_related = ("agency",)
    date_hierarchy = "created_at"

    @admin.display(description=_("Action"), ordering="action")
    def sentence(self, event: AuditEvent) -> str:
        """Return the event as a sentence."""
        return event.sentence
