"""Admin pages for agencies and their members."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.widgets import AdminEmailInputWidget
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from partnerportal.agencies.models import Agency, Membership, Role
from partnerportal.agencies.queries import without_owner
from partnerportal.agencies.services import team_invitations
from partnerportal.agencies.services.team import change_role, remove_member
from partnerportal.audit.admin import ReadOnlyAdmin
from partnerportal.audit.services import record
from partnerportal.core.fields import AddressFormField


class AgencyForm(forms.ModelForm):
    """Form for an agency that can invite an owner, who then chooses their own password."""

    invite_owner = AddressFormField(
        label=_("Invite an owner"),
        required=False,
        widget=AdminEmailInputWidget,
        help_text=_("This address receives an e-mail with a link. New users set up their account there."),
    )


class MembershipForm(forms.ModelForm):
    """Form for a membership, whose user can't be replaced."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk and "user" in self.fields:
            self.fields["user"].disabled = True


class MembershipFormSet(forms.BaseInlineFormSet):
    """Formset that requires an owner."""

    def clean(self) -> None:
        super().clean()
        if any(self.errors):
            return
        had_members = any(form.instance.pk for form in self.forms)
        remaining = [form.cleaned_data for form in self.forms if form.cleaned_data and not form.cleaned_data.get("DELETE")]
        if had_members and not any(data["role"] == Role.OWNER for data in remaining):
            raise ValidationError(_("An agency needs at least one owner. Make someone else an owner first."), "last_owner")


class MembershipInline(admin.TabularInline):
    model = Membership
    form = MembershipForm
    formset = MembershipFormSet
    fields = ("user", "role", "created_at")
    extra = 0
    autocomplete_fields = ("user",)
    readonly_fields = ("created_at",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Membership]:
        memberships: QuerySet[Membership] = super().get_queryset(request)
        return memberships.select_related("user", "agency")


class OwnerFilter(admin.SimpleListFilter):
    """Filter for agencies that no owner has joined."""

    title = _("Owner")
    parameter_name = "owner"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("none", _("without an owner"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Agency]) -> QuerySet[Agency]:
        return without_owner(queryset) if self.value() == "none" else queryset


@admin.register(Agency)
class AgencyAdmin(admin.ModelAdmin):
    """Admin of agencies with their team."""

    list_display = ("name", "language", "time_zone", "member_count", "created_at")
    list_filter = (OwnerFilter, "language", "created_at")
    search_fields = ("name", "memberships__user__email")
    form = AgencyForm
    fields = ("name", "language", "time_zone", "second_factor_required", "invite_owner", "created_at")
    readonly_fields = ("created_at",)
    inlines = (MembershipInline,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Agency]:
        agencies: QuerySet[Agency] = super().get_queryset(request)
        return agencies.annotate(member_count=Count("memberships"))

    def has_delete_permission(self, request: HttpRequest, obj: Agency | None = None) -> bool:
        """Return False, because deleting an agency would delete its clients' data."""
        return False

    @transaction.atomic
    def save_formset(self, request: HttpRequest, form: forms.ModelForm, formset: Any, change: bool) -> None:
        """Change the team with the services that send e-mails and record events.

        New owners are saved first, so that one always remains.
        """
        if not change:
            super().save_formset(request, form, formset, change)
            return
        formset.save(commit=False)
        by: Any = request.user
        for member in formset.new_objects:
            member.save()
            record("team.joined", member.agency, by=by, label=str(member.user), role=member.role)
        for member in sorted((changed for changed, _fields in formset.changed_objects), key=lambda member: member.role != Role.OWNER):
            change_role(member, Role(member.role), by=by)
        for member in formset.deleted_objects:
            remove_member(member, to=None, by=by)

    @transaction.atomic
    def save_related(self, request: HttpRequest, form: forms.ModelForm, formsets: Any, change: bool) -> None:
        """Invite the owner after saving the members, who may include that address."""
        super().save_related(request, form, formsets, change)
        address = form.cleaned_data["invite_owner"]
        if not address:
            return
        by: Any = request.user
        try:
            invitation = team_invitations.invite(form.instance, email=address, role=Role.OWNER, by=by)
        except ValidationError as error:
            messages.error(request, " ".join(error.messages))
        else:
            messages.success(request, _("Invitation sent to %(email)s.") % {"email": invitation.email})

    @admin.display(description=_("Members"), ordering="member_count")
    def member_count(self, agency: Agency) -> int:
        return agency.member_count  # type: ignore[attr-defined,no-any-return]


@admin.register(Membership)
class MembershipAdmin(ReadOnlyAdmin):
    """Read-only admin of memberships, which also prevents deleting users who have one."""

    list_display = ("user", "agency", "role", "created_at")
    list_filter = ("role", "created_at")
    search_fields = ("user__email", "user__full_name", "agency__name")
    list_select_related = ("user", "agency")
