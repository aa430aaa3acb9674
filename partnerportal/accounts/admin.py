"""Users in the Django admin."""

from typing import Any

from allauth.account.admin import EmailAddressAdmin
from allauth.account.models import EmailAddress
from allauth.mfa import admin as mfa_admin
from allauth.mfa.models import Authenticator
from allauth.usersessions import admin as sessions_admin
from allauth.usersessions.models import UserSession
from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as BaseUserAdmin
from django.contrib.auth.forms import AdminUserCreationForm
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from partnerportal.accounts.models import User
from partnerportal.accounts.services import keep_one_address


@admin.register(User)
class UserAdmin(BaseUserAdmin):
    """Django's own, with the e-mail address in the place of the user name."""

    add_form = AdminUserCreationForm
    list_display = ("email", "full_name", "is_active", "is_staff", "last_login", "date_joined")
    list_filter = ("is_active", "is_staff", "memberships__role", "date_joined")
    search_fields = ("email", "full_name")
    ordering = ("email",)
    readonly_fields = ("last_login", "date_joined")
    fieldsets = (
        (None, {"fields": ("email", "password", "full_name")}),
        (_("Permissions"), {"fields": ("is_active", "is_staff", "is_superuser", "groups", "user_permissions")}),
        (_("Important dates"), {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = ((None, {"classes": ("wide",), "fields": ("email", "full_name", "usable_password", "password1", "password2")}),)

    @transaction.atomic
    def save_model(self, request: HttpRequest, obj: User, form: forms.ModelForm, change: bool) -> None:
        """A corrected address takes the place of the former one, also where allauth keeps it."""
        super().save_model(request, obj, form, change)
        if "email" in form.changed_data:
            keep_one_address(obj)


# allauth shows each second factor's secret here, lets whoever may look at addresses confirm them, lets sessions be written, and looks for
# people by a name that ours don't have.
admin.site.unregister([Authenticator, EmailAddress, UserSession])


@admin.register(Authenticator)
class AuthenticatorAdmin(mfa_admin.AuthenticatorAdmin):  # type: ignore[misc]  # allauth brings no types
    """Second factors: can be taken away from who has lost theirs; neither made nor read, for that would be to sign in as somebody else."""

    search_fields = ("user__email",)
    fields = readonly_fields = ("user", "type", "created_at", "last_used_at")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Authenticator | None = None) -> bool:
        return False


@admin.register(EmailAddress)
class AddressAdmin(EmailAddressAdmin):  # type: ignore[misc]
    """Confirming addresses, by who may change them. Whose they are, and what they are, is corrected at the person."""

    readonly_fields = ("user", "email", "primary")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    @admin.action(permissions=["change"], description=_("Mark selected addresses as verified"))
    def make_verified(self, request: HttpRequest, queryset: Any) -> None:
        super().make_verified(request, queryset)


@admin.register(UserSession)
class UserSessionAdmin(sessions_admin.UserSessionAdmin):  # type: ignore[misc]
    """Where people are signed in; to delete one is to end it. Just taken off this list, it would go on, and nobody could end it."""

    list_select_related = ("user",)
    search_fields = ("user__email", "user__full_name", "ip")
    fields = ("user", "created_at", "last_seen_at", "ip", "user_agent")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: UserSession | None = None) -> bool:
        return False

    def delete_model(self, request: HttpRequest, obj: UserSession) -> None:
        obj.end()

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[UserSession]) -> None:
        for session in queryset:
            session.end()
