"""Invitations and access requests in the Django admin: to look up, and, where it must be, to end an access."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ActionForm
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from invitations.models import MESSAGE_LENGTH, AccessInvitation, AccessRequest
from invitations.services.invitations import end_access_as_admin
from partnerportal.accounts.models import User
from partnerportal.audit.admin import ReadOnlyAdmin
from partnerportal.core.pending import InvalidTransition
from partnerportal.core.validators import validate_plain_text


class ForceEndForm(ActionForm):
    """The actions' form with the reason that both sides are told."""

    reason = forms.CharField(
        label=_("Reason (sent to both parties)"), required=False, max_length=MESSAGE_LENGTH, validators=[validate_plain_text]
    )


@admin.register(AccessInvitation)
class AccessInvitationAdmin(ReadOnlyAdmin):
    """Oldest and newest by `created_at`; what waits longest is found by sorting."""

    list_display = ("created_at", "agency", "client", "access", "state_now", "customer", "connected_at", "ended_at")
    list_filter = ("status", "scope", "created_at", ("agency", admin.RelatedOnlyFieldListFilter))
    search_fields = ("agency__name", "client__email", "name", "company")
    list_select_related = ("agency", "client", "customer")
    date_hierarchy = "created_at"
    show_full_result_count = False
    action_form = ForceEndForm
    actions = ("force_end",)

    @admin.display(description=_("Access"), ordering="scope")
    def access(self, invitation: AccessInvitation) -> str:
        return invitation.access_label

    @admin.display(description=_("Status"), ordering="status")
    def state_now(self, invitation: AccessInvitation) -> str:
        return invitation.get_current_status_display()

    def has_force_end_permission(self, request: HttpRequest) -> bool:
        """Rows are changed by nobody here; ending an access takes the right to change them."""
        return bool(request.user.has_perm("invitations.change_accessinvitation"))

    @admin.action(description=_("End access"), permissions=["force_end"])
    def force_end(self, request: HttpRequest, queryset: QuerySet[AccessInvitation]) -> None:
        form: Any = ForceEndForm({"action": "", "reason": request.POST.get("reason", "")})
        form.fields["action"].required = False
        reason = form.cleaned_data["reason"].strip() if form.is_valid() else ""
        if not reason:
            self.message_user(request, _("Enter a reason. It is sent to both parties."), messages.ERROR)
            return
        assert isinstance(request.user, User)  # noqa: S101  # the admin lets nobody else in
        ended = left = 0
        for invitation in queryset:
            try:
                end_access_as_admin(invitation, reason=reason, by=request.user)
            except InvalidTransition:
                left += 1
            else:
                ended += 1
        if ended:
            text = ngettext("%(count)d access grant ended.", "%(count)d access grants ended.", ended)
            self.message_user(request, text % {"count": ended}, messages.SUCCESS)
        if left:
            text = ngettext(
                "%(count)d was skipped because it isn’t connected.", "%(count)d were skipped because they aren’t connected.", left
            )
            self.message_user(request, text % {"count": left}, messages.WARNING)


@admin.register(AccessRequest)
class AccessRequestAdmin(ReadOnlyAdmin):
    """Without nonce and digest: an admin has no use for a personal link."""

    list_display = ("created_at", "agency", "customer", "email", "access", "state_now", "mailed_at", "valid_until")
    list_filter = ("status", "scope", "created_at", ("agency", admin.RelatedOnlyFieldListFilter))
    search_fields = ("agency__name", "email", "customer__company", "customer__last_name")
    list_select_related = ("agency", "customer")
    date_hierarchy = "created_at"
    exclude = ("nonce", "token_digest", "expires_at")
    readonly_fields = ("valid_until",)
    show_full_result_count = False

    @admin.display(description=_("Access"), ordering="scope")
    def access(self, asked: AccessRequest) -> str:
        return asked.access_label

    @admin.display(description=_("Status"), ordering="status")
    def state_now(self, asked: AccessRequest) -> str:
        return asked.get_current_status_display()
