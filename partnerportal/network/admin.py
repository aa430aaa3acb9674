"""Profiles in the Django admin: who may stand in the partner network is decided here."""

from collections.abc import Callable

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from partnerportal.accounts.models import User
from partnerportal.network.models import PartnerProfile
from partnerportal.network.services import decline_profile, register_profile


@admin.register(PartnerProfile)
class PartnerProfileAdmin(admin.ModelAdmin):
    list_display = ("agency", "slug", "status", "city", "created_at", "registered_at")
    list_filter = ("status", "created_at", "registered_at")
    search_fields = ("agency__name", "slug", "claim", "city")
    list_select_related = ("agency",)
    autocomplete_fields = ("agency",)
    # A status moves by the actions only: they check the step and write it to the audit.
    readonly_fields = ("status", "created_at", "registered_at")
    actions = ("register", "decline")

    @admin.action(description=_("Register in the partner network"), permissions=["change"])
    def register(self, request: HttpRequest, queryset: QuerySet[PartnerProfile]) -> None:
        self._decide(request, queryset, register_profile)

    @admin.action(description=_("Decline"), permissions=["change"])
    def decline(self, request: HttpRequest, queryset: QuerySet[PartnerProfile]) -> None:
        self._decide(request, queryset, decline_profile)

    def _decide(self, request: HttpRequest, queryset: QuerySet[PartnerProfile], decide: Callable[..., bool]) -> None:
        assert isinstance(request.user, User)  # noqa: S101  # the admin lets nobody else in
        profiles = list(queryset.select_related("agency"))
        moved = sum(decide(profile, by=request.user) for profile in profiles)
        if moved:
            text = ngettext("%(count)d profile was decided.", "%(count)d profiles were decided.", moved)
            self.message_user(request, text % {"count": moved}, messages.SUCCESS)
        if left := len(profiles) - moved:
            text = ngettext(
                "%(count)d profile is not waiting for a decision and was left as it is.",
                "%(count)d profiles are not waiting for a decision and were left as they are.",
                left,
            )
            self.message_user(request, text % {"count": left}, messages.WARNING)
