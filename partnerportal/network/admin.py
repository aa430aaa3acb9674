"""Django admin of the partner network: registration of profiles, and the lists they choose from."""

from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.admin import helpers
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from partnerportal.audit.admin import ReadOnlyAdmin
from partnerportal.network.applications import admin as applications  # noqa: F401  # registers its admin
from partnerportal.network.forms.operator import OperatorForm
from partnerportal.network.forms.profiles import DeclineForm
from partnerportal.network.models import LegalPage, LegalPageVersion, Operator, PartnerProfile, Service, SpokenLanguage
from partnerportal.network.services.profiles import decline_profile, register_profile
from partnerportal.network.services.search import update_search_texts
from partnerportal.network.site import forget_site


@admin.register(PartnerProfile)
class PartnerProfileAdmin(ReadOnlyAdmin):
    """Profiles, which admins register or decline. Only their agencies edit them, at `/company/`."""

    list_display = ("agency", "slug", "status", "city", "created_at", "updated_at", "registered_at")
    list_filter = ("status", "created_at", "registered_at")
    search_fields = ("agency__name", "slug", "tagline", "city")
    list_select_related = ("agency",)
    readonly_fields = ("logo_image", "service_list", "work_list")
    actions = ("register", "decline")

    def view_on_site(self, profile: PartnerProfile) -> str | None:
        return profile.get_absolute_url() if profile.is_registered else None

    def has_decide_permission(self, request: HttpRequest) -> bool:
        """Return whether the user has the change permission, which this admin doesn't use for anything else."""
        return bool(request.user.has_perm("network.change_partnerprofile"))

    @admin.display(description=_("Logo"))
    def logo_image(self, profile: PartnerProfile) -> str:
        return format_html('<img src="{}" alt="" width="96" height="96">', profile.logo_url) if profile.logo_url else ""

    @admin.display(description=_("Services"))
    def service_list(self, profile: PartnerProfile) -> str:
        return ", ".join(map(str, profile.services.all()))

    @admin.display(description=_("Selected work"))
    def work_list(self, profile: PartnerProfile) -> str:
        rows = ((sample.small_url, sample.alt_text, sample.title, sample.link) for sample in profile.work_samples.all())
        return format_html_join("", '<p><img src="{}" alt="{}" width="216" height="144"><br>{} {}</p>', rows)

    @admin.action(description=_("Register in the partner network"), permissions=["decide"])
    def register(self, request: HttpRequest, queryset: QuerySet[PartnerProfile]) -> None:
        profiles = list(queryset.select_related("agency"))
        registered = [register_profile(profile, by=cast(Any, request.user)) for profile in profiles]
        self._report(request, registered)

    @admin.action(description=_("Decline…"), permissions=["decide"])
    def decline(self, request: HttpRequest, queryset: QuerySet[PartnerProfile]) -> HttpResponse | None:
        """Ask for the reason, then decline."""
        profiles = list(queryset.select_related("agency"))
        form = DeclineForm(request.POST if "decline_reason" in request.POST else None)
        if form.is_valid():
            reason = form.cleaned_data["decline_reason"]
            self._report(request, [decline_profile(profile, reason=reason, by=cast(Any, request.user)) for profile in profiles])
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

    def _report(self, request: HttpRequest, decided: list[bool]) -> None:
        if number := decided.count(True):
            message = ngettext("Decision saved for %(count)d profile.", "Decision saved for %(count)d profiles.", number)
            self.message_user(request, message % {"count": number}, messages.SUCCESS)
        if skipped := decided.count(False):
            message = ngettext(
                "%(count)d profile was skipped because it isn’t awaiting a decision.",
                "%(count)d profiles were skipped because they aren’t awaiting a decision.",
                skipped,
            )
            self.message_user(request, message % {"count": skipped}, messages.WARNING)


@admin.register(Service)
class ServiceAdmin(admin.ModelAdmin):
    """Services that profiles can choose. Entries in use can be retired, but not deleted.

    The search texts of profiles contain the names of their services.
    """

    list_display = ("name_en", "name_de", "is_active")
    list_filter = ("is_active",)
    search_fields = ("name_en", "name_de")
    ordering = ("name_en",)

    @transaction.atomic
    def save_model(self, request: HttpRequest, obj: Service, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        update_search_texts(PartnerProfile.objects.filter(services=obj))

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Name the agencies that offer the services as protected, so that nothing is deleted."""
        deleted, counts, perms_needed, protected = super().get_deleted_objects(objs, request)
        profiles = PartnerProfile.objects.filter(services__in=[service.pk for service in objs]).select_related("agency").distinct()
        return deleted, counts, perms_needed, [*protected, *(str(profile.agency) for profile in profiles.order_by("sort_name"))]


@admin.register(SpokenLanguage)
class SpokenLanguageAdmin(admin.ModelAdmin):
    list_display = ("code", "name_en", "name_de", "is_active")
    list_filter = ("is_active",)
    search_fields = ("code", "name_en", "name_de")
    ordering = ("name_en",)


class OperatorPagesAdmin(admin.ModelAdmin):
    """Base of what public pages say about the operator: this process shows a change immediately, the others within `site.MAX_AGE`."""

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        transaction.on_commit(forget_site)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Operator)
class OperatorAdmin(OperatorPagesAdmin):
    """Name, colour and logo of the network, and whether agencies can apply."""

    form = OperatorForm
    list_display = ("__str__", "tint", "accepts_applications", "updated_at")
    fields = ("name", "tint", "logo_image", "logo", "remove_logo", "accepts_applications")
    readonly_fields = ("logo_image",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return super().has_add_permission(request) and not Operator.objects.exists()

    @admin.display(description=_("Current logo"))
    def logo_image(self, operator: Operator) -> str:
        if not operator.logo_digest:
            return "–"
        return format_html('<img src="{}" alt="" height="64">', reverse("network:operator_logo", args=[operator.logo_digest]))


class LegalPageVersionInline(admin.StackedInline):
    """Earlier and current texts of a legal page, newest first."""

    model = LegalPageVersion
    fields = readonly_fields = ("created_at", "text")
    ordering = ("-number",)
    classes = ("collapse",)
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(LegalPage)
class LegalPageAdmin(OperatorPagesAdmin):
    """Imprint, privacy policy and terms of use, in each language. Each change keeps the earlier version."""

    list_display = ("kind", "language", "is_published", "updated_at")
    list_filter = ("kind", "language")
    inlines = (LegalPageVersionInline,)

    @admin.display(description=_("Published"), boolean=True)
    def is_published(self, page: LegalPage) -> bool:
        return bool(page.text)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("kind", "language") if obj else ()

    def view_on_site(self, page: LegalPage) -> str | None:
        return page.get_absolute_url() if page.text else None

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name == "text" and field:
            field.widget.attrs["rows"] = 30
            field.help_text = _(
                "Plain text. A line that begins with # is a heading (## a smaller one), a blank line begins a paragraph, and web and "
                "e-mail addresses become links. Pages without text aren’t published."
            )
        return field
