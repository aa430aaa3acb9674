"""Inbox settings."""

from typing import Any

from django import forms
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from partnerportal.agencies.access import AgencyRequest
from partnerportal.agencies.models import Membership
from partnerportal.core.forms import form_helper
from partnerportal.core.versions import EditForm
from requests_inbox.models import InboxSettings


class MemberChoice(forms.ModelMultipleChoiceField):
    """Members by name and role."""

    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.user} ({obj.get_role_display()})"


class InboxSettingsForm(EditForm, forms.ModelForm):
    """Who is told, and how long settled requests are kept."""

    class Meta:
        model = InboxSettings
        fields = ("keep_days",)
        labels = {"keep_days": _("Delete closed requests and spam after (days)")}
        help_texts = {"keep_days": _("Requests assigned to a customer are never deleted.")}

    notified = MemberChoice(
        queryset=Membership.objects.none(),
        label=_("Who is notified about new requests"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("If no one is selected, owners and managers are notified."),
    )

    def __init__(self, *args: Any, request: AgencyRequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["notified"].queryset = request.agency.memberships.select_related("user").order_by("pk")  # type: ignore[attr-defined]
        self.initial["notified"] = [member.pk for member in InboxSettings.told(request.agency)]
        self.helper = form_helper("notified", "keep_days", submit=_("Save"), cancel=reverse("requests_inbox:list"))
