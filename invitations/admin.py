"""Django admin for invitations: search, and an action that ends access."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ActionForm
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from invitations.models import MESSAGE_LENGTH, AccessInvitation, FileQuota
from invitations.services.invitations import end_access_as_admin
from partnerportal.accounts.models import User
from partnerportal.audit.admin import ReadOnlyAdmin
from partnerportal.core.forms import TextForm
from partnerportal.core.pending import InvalidTransition
from partnerportal.core.sizes import file_size
from partnerportal.core.validators import validate_plain_text

MEGABYTE = 1024 * 1024


class ForceEndForm(TextForm, ActionForm):
    """Form of the actions, with a reason that is sent to both parties."""

    reason = forms.CharField(
        label=_("Reason (sent to both parties)"), required=False, max_length=MESSAGE_LENGTH, validators=[validate_plain_text]
    )


@admin.register(AccessInvitation)
class AccessInvitationAdmin(ReadOnlyAdmin):
    list_display = ("created_at", "agency", "client", "access_label", "status_now", "customer", "connected_at", "ended_at")
    list_filter = ("status", "scope", "created_at", ("agency", admin.RelatedOnlyFieldListFilter))
    search_fields = ("agency__name", "client__email", "name", "company")
    list_select_related = ("agency", "client", "customer")
    date_hierarchy = "created_at"
    show_full_result_count = False
    action_form = ForceEndForm
    actions = ("force_end",)

    @admin.display(description=_("Status"), ordering="status")
    def status_now(self, invitation: AccessInvitation) -> str:
        return invitation.get_current_status_display()

    def has_force_end_permission(self, request: HttpRequest) -> bool:
        """Return whether the user has the permission to change invitations."""
        return bool(request.user.has_perm("invitations.change_accessinvitation"))

    @admin.action(description=_("End access"), permissions=["force_end"])
    def force_end(self, request: HttpRequest, queryset: QuerySet[AccessInvitation]) -> None:
        form: Any = ForceEndForm({"action": "", "reason": request.POST.get("reason", "")})
        form.fields["action"].required = False
        reason = form.cleaned_data["reason"].strip() if form.is_valid() else ""
        if not reason:
            self.message_user(request, _("Enter a reason. It is sent to both parties."), messages.ERROR)
            return
        assert isinstance(request.user, User)  # noqa: S101  # for mypy: the admin requires sign-in
        ended = skipped = 0
        for invitation in queryset:
            try:
                end_access_as_admin(invitation, reason=reason, by=request.user)
            except InvalidTransition:
                skipped += 1
            else:
                ended += 1
        if ended:
            text = ngettext("%(count)d access grant ended.", "%(count)d access grants ended.", ended)
            self.message_user(request, text % {"count": ended}, messages.SUCCESS)
        if skipped:
            text = ngettext(
                "%(count)d was skipped because it isn’t connected.", "%(count)d were skipped because they aren’t connected.", skipped
            )
            self.message_user(request, text % {"count": skipped}, messages.WARNING)


class FileQuotaForm(forms.ModelForm):
    """The quota in megabytes."""

    megabytes = forms.IntegerField(label=_("Maximum in megabytes"), min_value=1, max_value=1_000_000)

    class Meta:
        model = FileQuota
        fields = ("agency", "follows_default")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["megabytes"].initial = self.instance.maximum // MEGABYTE if self.instance.pk else None
        self.fields["follows_default"].initial = False

    def save(self, commit: bool = True) -> Any:
        """Store the quota in bytes."""
        self.instance.maximum = self.cleaned_data["megabytes"] * MEGABYTE
        return super().save(commit)


@admin.register(FileQuota)
class FileQuotaAdmin(admin.ModelAdmin):
    form = FileQuotaForm
    fields = ("agency", "megabytes", "follows_default", "used_size")
    list_display = ("agency", "used_size", "maximum_size", "follows_default")
    list_select_related = ("agency",)
    search_fields = ("agency__name",)
    readonly_fields = ("used_size",)

    @admin.display(description=_("Used"), ordering="used")
    def used_size(self, quota: FileQuota) -> str:
        return file_size(quota.used)

    @admin.display(description=_("Maximum"), ordering="maximum")
    def maximum_size(self, quota: FileQuota) -> str:
        return file_size(quota.maximum)

    def get_readonly_fields(self, request: HttpRequest, obj: FileQuota | None = None) -> tuple[str, ...]:
        """Don't let a quota change its agency."""
        return ("agency", "used_size") if obj else ("used_size",)

    def has_delete_permission(self, request: HttpRequest, obj: FileQuota | None = None) -> bool:
        """Keep the row, which counts the agency's files."""
        return False
