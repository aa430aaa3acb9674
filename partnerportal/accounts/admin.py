"""Admin pages for users, their addresses, second factors and sessions."""

from typing import Any

from allauth.account.admin import EmailAddressAdmin
from allauth.account.models import EmailAddress
from allauth.mfa import admin as mfa_admin
from allauth.mfa.models import Authenticator
from allauth.usersessions import admin as sessions_admin
from allauth.usersessions.models import UserSession
from django import forms
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as BaseUserAdmin
from django.contrib.auth.forms import AdminUserCreationForm, UserChangeForm
from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from partnerportal.accounts.models import User
from partnerportal.accounts.services.accounts import replace_email_address


class UserEditForm(UserChangeForm):
    """Django's form with a translated help text."""

    class Meta:
        model = User
        fields = "__all__"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "password" in self.fields and self.instance.has_usable_password():
            self.fields["password"].help_text = _("Only a hash of the password is stored, so no one can read it.")


class UserAddForm(AdminUserCreationForm):
    """Django's form with translated texts."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["usable_password"]
        field.label, field.choices = _("Sign-in with a password"), [("true", _("Enabled")), ("false", _("Disabled"))]
        field.help_text = _("Without a password, this person signs in with a code sent by e-mail, or sets a password later.")


@admin.register(User)
class UserAdmin(BaseUserAdmin):
    """Admin of users, with the e-mail address as the user name."""

    form = UserEditForm
    add_form = UserAddForm
    list_display = ("email", "full_name", "is_active", "is_staff", "last_login", "date_joined")
    list_filter = ("is_active", "is_staff", "memberships__role", "date_joined")
    search_fields = ("email", "full_name")
    ordering = ("email",)
    readonly_fields = ("last_login", "date_joined")
    fieldsets = (
        (None, {"fields": ("email", "password", "full_name")}),
        (_("Permissions"), {"fields": ("is_active", "is_staff", "is_superuser", "user_permissions")}),
        (_("Important dates"), {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = ((None, {"classes": ("wide",), "fields": ("email", "full_name", "usable_password", "password1", "password2")}),)

    @transaction.atomic
    def save_model(self, request: HttpRequest, obj: User, form: forms.ModelForm, change: bool) -> None:
        """Apply a changed address to allauth's table too."""
        super().save_model(request, obj, form, change)
        if "email" in form.changed_data:
            replace_email_address(obj)


def _set_names(model: type[Model], singular: Any, plural: Any, **fields: Any) -> None:
    """Set translated names of an allauth model and its fields.

    Migrations aren't affected, because they compare the names in the class declaration.
    """
    model._meta.verbose_name, model._meta.verbose_name_plural = singular, plural
    for name, label in fields.items():
        model._meta.get_field(name).verbose_name = label  # type: ignore[union-attr]


_set_names(
    Authenticator,
    _("second factor"),
    _("second factors"),
    user=_("User"),
    type=_("Type"),
    created_at=_("Created"),
    last_used_at=_("Last used"),
)
_set_names(
    UserSession,
    _("session"),
    _("sessions"),
    user=_("User"),
    created_at=_("Signed in"),
    ip=_("IP address"),
    last_seen_at=_("Last seen"),
    user_agent=_("Browser"),
)
_APP_NAMES = {"account": _("E-mail addresses"), "mfa": _("Two-factor authentication"), "usersessions": _("Sessions")}
for _label, _app_name in _APP_NAMES.items():
    apps.get_app_config(_label).verbose_name = _app_name


# allauth's pages show secrets, allow too many changes and search for user names, which don't exist here.
admin.site.unregister([Authenticator, EmailAddress, UserSession])
# The portal uses roles instead of groups.
admin.site.unregister(Group)


class DeleteOnlyAdmin(admin.ModelAdmin):
    """Mixin for rows that can be viewed and deleted."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Authenticator)
class AuthenticatorAdmin(DeleteOnlyAdmin, mfa_admin.AuthenticatorAdmin):  # type: ignore[misc]  # allauth has no type hints
    """Admin of second factors, which can only be removed.

    Creating or reading one would allow signing in as its user.
    """

    search_fields = ("user__email",)
    fields = readonly_fields = ("user", "type", "created_at", "last_used_at")


@admin.register(EmailAddress)
class AddressAdmin(EmailAddressAdmin):  # type: ignore[misc]
    """Admin for verifying addresses. The address itself is changed in the user."""

    readonly_fields = ("user", "email", "primary")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    @admin.action(permissions=["change"], description=_("Mark selected addresses as verified"))
    def make_verified(self, request: HttpRequest, queryset: Any) -> None:
        super().make_verified(request, queryset)


@admin.register(UserSession)
class UserSessionAdmin(DeleteOnlyAdmin, sessions_admin.UserSessionAdmin):  # type: ignore[misc]
    """Admin of sessions. Deleting one also ends it, because it would otherwise continue unlisted."""

    list_select_related = ("user",)
    search_fields = ("user__email", "user__full_name", "ip")
    fields = ("user", "created_at", "last_seen_at", "ip", "user_agent")

    def delete_model(self, request: HttpRequest, obj: UserSession) -> None:
        obj.end()

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[UserSession]) -> None:
        for session in queryset:
            session.end()
