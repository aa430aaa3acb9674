"""Form for the inbox settings."""

from typing import Any

from django import forms
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from partnerportal.agencies.models import Agency, Membership
from partnerportal.core.forms import form_helper
from partnerportal.core.versions import EditForm
from requests_inbox.models import InboxSettings


class MemberChoice(forms.ModelMultipleChoiceField):
    """Choice of members, labelled with name and role."""

    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.user} ({obj.get_role_display()})"


class InboxSettingsForm(EditForm, forms.ModelForm):
    """Form for notifications about new requests and for their retention."""

    class Meta:
        model = InboxSettings
        fields = ("retention_days",)
        labels = {"retention_days": _("Delete closed requests and spam after (days)")}
        help_texts = {"retention_days": _("Requests assigned to a customer are never deleted.")}

    notified = MemberChoice(
        queryset=Membership.objects.none(),
        label=_("Who is notified about new requests"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("If no one is selected, owners and managers are notified."),
    )

    def __init__(self, *args: Any, agency: Agency, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["notified"].queryset = agency.memberships.select_related("user").order_by("pk")  # type: ignore[attr-defined]
        self.initial["notified"] = [member.pk for member in InboxSettings.notified_members(agency)]
        self.helper = form_helper("notified", "retention_days", submit=_("Save"), cancel=reverse("requests_inbox:list"))
