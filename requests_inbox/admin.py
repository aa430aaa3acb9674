"""Contact requests in the Django admin."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from partnerportal.audit.admin import ReadOnlyAdmin
from requests_inbox.models import ContactRequest


@admin.register(ContactRequest)
class ContactRequestAdmin(ReadOnlyAdmin):
    """Requests without their messages, for answering prospects who ask about theirs."""

    list_display = ("reference", "email", "status", "agency", "assignee", "created_at", "first_reply_at")
    list_filter = ("status", "created_at")
    search_fields = ("=id", "email", "agency__name")
    list_select_related = ("agency", "assignee")
    date_hierarchy = "created_at"
    exclude = ("message",)
    show_full_result_count = False

    @admin.display(description=_("Number"), ordering="pk")
    def reference(self, contact_request: ContactRequest) -> str:
        return contact_request.reference
