"""Fields and forms with which staff choose what they need."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from invitations.credentials.models import NeedTemplate
from invitations.credentials.services.needs import ensure_areas
from invitations.models.areas import Scope
from invitations.models.invitations import AccessInvitation
from partnerportal.agencies.models import Agency
from partnerportal.core.forms import WordedForm, form_helper


class NeedsField(forms.ModelMultipleChoiceField):
    """Entries of the agency's list, each with its area."""

    widget = forms.CheckboxSelectMultiple

    def __init__(self, agency: Agency, **options: Any) -> None:
        entries = NeedTemplate.objects.for_agency(agency).in_order()
        super().__init__(entries, **{"label": _("What we need"), "required": False, **options})

    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.name} · {obj.get_area_display()}"


def check_needs(form: forms.Form, *, scope: str, areas: Sequence[str]) -> None:
    """Add an error to the field `needs` if the access wouldn't include the area of one."""
    try:
        ensure_areas(form.cleaned_data.get("needs") or [], scope=scope, areas=areas)
    except ValidationError as error:
        form.add_error(None, error)


class AddNeedsForm(WordedForm, forms.Form):
    """Form with which staff add needs to a connected access."""

    access = forms.ChoiceField(label=_("Client"))

    def __init__(self, *args: Any, agency: Agency, accesses: Sequence[AccessInvitation], cancel: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.accesses = {str(access.pk): access for access in accesses}
        choices = [(key, f"{access.person_name} ({access.access_label})") for key, access in self.accesses.items()]
        self.fields["access"].choices = choices  # type: ignore[attr-defined]
        if len(choices) == 1:
            self.fields["access"].widget = forms.HiddenInput()
            self.initial.setdefault("access", choices[0][0])
        required = {"required": _("Select at least one entry.")}
        self.fields["needs"] = NeedsField(agency, required=True, error_messages=required)
        self.helper = form_helper("access", "needs", submit=_("Send to client"), cancel=cancel)

    @property
    def chosen_access(self) -> AccessInvitation:
        """The access to add the needs to."""
        return self.accesses[self.cleaned_data["access"]]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if access := self.accesses.get(cleaned.get("access", "")):
            check_needs(self, scope=Scope(access.scope), areas=access.areas)
        return cleaned
