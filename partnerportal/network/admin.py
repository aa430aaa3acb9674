"""Profiles in the Django admin: who may stand in the partner network is decided here, and which lists profiles choose from."""

from django.contrib import admin, messages
from django.contrib.admin import helpers
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from partnerportal.accounts.models import User
from partnerportal.audit.admin import ReadOnlyAdmin
from partnerportal.network.forms.profiles import DeclineForm
from partnerportal.network.models import OfferedService, PartnerProfile, ProfileLogo, ProfileSlug, Service, SpokenLanguage
from partnerportal.network.services.profiles import decline_profile, register_profile


@admin.register(PartnerProfile)
class PartnerProfileAdmin(ReadOnlyAdmin):
    """To read and to decide. What a profile says is its agency's: written at `/company/` alone, where each change is in the audit."""

    list_display = ("agency", "slug", "status", "city", "created_at", "updated_at", "registered_at")
    list_filter = ("status", "created_at", "registered_at")
    search_fields = ("agency__name", "slug", "claim", "city")
    list_select_related = ("agency",)
    readonly_fields = ("picture", "offered")
    actions = ("register", "decline")

    def view_on_site(self, profile: PartnerProfile) -> str | None:
        return profile.get_absolute_url() if profile.is_registered else None

    def has_decide_permission(self, request: HttpRequest) -> bool:
        """Rows are changed by nobody here; deciding takes the right to change them."""
        return bool(request.user.has_perm("network.change_partnerprofile"))

    @admin.display(description=_("Logo"))
    def picture(self, profile: PartnerProfile) -> str:
        return format_html('<img src="{}" alt="" width="96" height="96">', profile.logo_url) if profile.logo_url else ""

    @admin.display(description=_("Services"))
    def offered(self, profile: PartnerProfile) -> str:
        return ", ".join(map(str, profile.services.all()))

    @admin.action(description=_("Register in the partner network"), permissions=["decide"])
    def register(self, request: HttpRequest, queryset: QuerySet[PartnerProfile]) -> None:
        profiles = list(queryset.select_related("agency"))
        self._say(request, len(profiles), sum(register_profile(profile, by=_admin(request)) for profile in profiles))

    @admin.action(description=_("Decline…"), permissions=["decide"])
    def decline(self, request: HttpRequest, queryset: QuerySet[PartnerProfile]) -> HttpResponse | None:
        """First the page that asks for the reason, then the step."""
        profiles = list(queryset.select_related("agency"))
        form = DeclineForm(request.POST if "decline_reason" in request.POST else None)
        if form.is_valid():
            reason = form.cleaned_data["decline_reason"]
            self._say(request, len(profiles), sum(decline_profile(profile, reason=reason, by=_admin(request)) for profile in profiles))
            return None
        context = {
            **self.admin_site.each_context(request),
            "title": _("Decline"),
            "opts": self.model._meta,
            "profiles": profiles,
            "form": form,
            "action_checkbox_name": helpers.ACTION_CHECKBOX_NAME,
        }
        return TemplateResponse(request, "network/admin_decline.html", context)

    def _say(self, request: HttpRequest, chosen: int, moved: int) -> None:
        if moved:
            text = ngettext("Decision saved for %(count)d profile.", "Decision saved for %(count)d profiles.", moved)
            self.message_user(request, text % {"count": moved}, messages.SUCCESS)
        if left := chosen - moved:
            text = ngettext(
                "%(count)d profile was skipped because it isn’t awaiting a decision.",
                "%(count)d profiles were skipped because they aren’t awaiting a decision.",
                left,
            )
            self.message_user(request, text % {"count": left}, messages.WARNING)


def _admin(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # noqa: S101  # the admin lets nobody else in
    return request.user


@admin.register(Service)
class ServiceAdmin(admin.ModelAdmin):
    """What profiles can name. An entry that is chosen somewhere is better retired than deleted."""

    list_display = ("name_en", "name_de", "is_active")
    list_filter = ("is_active",)
    search_fields = ("name_en", "name_de")
    ordering = ("name_en",)


@admin.register(SpokenLanguage)
class SpokenLanguageAdmin(admin.ModelAdmin):
    list_display = ("code", "name_en", "name_de", "is_active")
    list_filter = ("is_active",)
    search_fields = ("code", "name_en", "name_de")
    ordering = ("name_en",)


@admin.register(OfferedService)
class OfferedServiceAdmin(ReadOnlyAdmin):
    list_display = ("profile", "service")
    list_select_related = ("profile", "service")


@admin.register(ProfileLogo)
class ProfileLogoAdmin(ReadOnlyAdmin):
    list_display = ("profile", "picture", "updated_at")
    list_select_related = ("profile",)
    fields = ("profile", "digest", "updated_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[ProfileLogo]:
        logos: QuerySet[ProfileLogo] = super().get_queryset(request)
        return logos.defer("content")

    @admin.display(description=_("Logo"))
    def picture(self, logo: ProfileLogo) -> SafeString:
        return format_html('<img src="{}" alt="" width="48" height="48">', logo.profile.logo_url)


@admin.register(ProfileSlug)
class ProfileSlugAdmin(ReadOnlyAdmin):
    list_display = ("slug", "profile", "created_at")
    search_fields = ("slug", "profile__slug")
    list_select_related = ("profile",)

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> ProfileSlug | None:
        # The one table here whose key is a text, which PostgreSQL is asked for as it was typed.
        return None if "\0" in object_id else super().get_object(request, object_id, from_field)
