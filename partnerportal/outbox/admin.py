"""Django admin for the outbox: monitoring and resending of e-mails."""

from typing import cast

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from partnerportal.accounts.models import User
from partnerportal.audit.admin import ReadOnlyAdmin
from partnerportal.outbox.models import OutgoingMail
from partnerportal.outbox.services import mark_seen, resend


@admin.register(OutgoingMail)
class OutgoingMailAdmin(ReadOnlyAdmin):
    """Read-only list of e-mails. Their bodies stay encrypted, because administrators only need to see the delivery."""

    list_display = ("created_at", "status", "to_email", "subject", "agency", "attempts", "next_attempt_at", "last_error")
    list_filter = ("status", ("seen_at", admin.EmptyFieldListFilter), "kind", "created_at")
    search_fields = ("to_email", "subject", "message_id", "request_id")
    list_select_related = ("agency",)
    date_hierarchy = "created_at"
    exclude = ("encrypted_body",)
    actions = ("resend", "mark_seen")

    @admin.action(description=_("Resend"), permissions=["resend"])
    def resend(self, request: HttpRequest, queryset: QuerySet[OutgoingMail]) -> None:
        for mail in queryset:
            resend(mail, by=cast(User, request.user))
        count = len(queryset)
        text = ngettext("%(count)d e-mail queued again.", "%(count)d e-mails queued again.", count)
        self.message_user(request, text % {"count": count}, messages.SUCCESS)

    @admin.action(description=_("Mark failed e-mails as seen"), permissions=["resend"])
    def mark_seen(self, request: HttpRequest, queryset: QuerySet[OutgoingMail]) -> None:
        count = sum(mark_seen(mail, by=cast(User, request.user)) for mail in queryset)
        text = ngettext("%(count)d e-mail marked as seen.", "%(count)d e-mails marked as seen.", count)
        self.message_user(request, text % {"count": count}, messages.SUCCESS)

    def has_resend_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_active and request.user.is_staff and request.user.has_perm("outbox.change_outgoingmail"))
