"""Requests in the Django admin: how many, in what state; what prospects and teams wrote is theirs."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from partnerportal.audit.admin import ReadOnlyAdmin
from requests_inbox.models import ContactRequest, InboxSettings, RequestMessage, RequestSeen, Sender


@admin.register(ContactRequest)
class ContactRequestAdmin(ReadOnlyAdmin):
    """Without what was written; the address is there to answer “Where is my message?”."""

    list_display = ("reference", "email", "status", "agency", "handler", "created_at", "first_reply_at")
    list_filter = ("status", "created_at")
    search_fields = ("=id", "email", "agency__name")
    list_select_related = ("agency", "handler")
    date_hierarchy = "created_at"
    exclude = ("message",)
    show_full_result_count = False

    @admin.display(description=_("Number"), ordering="pk")
    def reference(self, contact_request: ContactRequest) -> str:
        return contact_request.reference


@admin.register(RequestMessage)
class RequestMessageAdmin(ReadOnlyAdmin):
    """When and by whom, not what."""

    list_display = ("created_at", "request", "kind", "author", "mail", "agency")
    list_filter = ("kind", "created_at")
    search_fields = ("=request__id", "agency__name")
    list_select_related = ("agency", "author", "request", "mail")
    exclude = ("text",)
    show_full_result_count = False


@admin.register(RequestSeen)
class RequestSeenAdmin(ReadOnlyAdmin):
    list_display = ("request", "user", "seen_at")
    search_fields = ("=request__id", "user__email")
    list_select_related = ("request", "user")
    show_full_result_count = False


@admin.register(Sender)
class SenderAdmin(ReadOnlyAdmin):
    list_display = ("key", "standing", "since", "turned_away", "agency")
    list_filter = ("standing", "since")
    search_fields = ("key", "agency__name")
    list_select_related = ("agency",)
    show_full_result_count = False


@admin.register(InboxSettings)
class InboxSettingsAdmin(ReadOnlyAdmin):
    list_display = ("agency", "keep_days")
    search_fields = ("agency__name",)
    list_select_related = ("agency",)
