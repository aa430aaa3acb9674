"""Forms of the team, its members and its invitations."""

from typing import Any

from crispy_forms.layout import HTML
from django import forms
from django.contrib.auth import password_validation
from django.http import QueryDict
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from partnerportal.accounts.models import User
from partnerportal.agencies.models import Membership, Role
from partnerportal.core.fields import AddressFormField
from partnerportal.core.forms import TextForm, form_helper
from partnerportal.core.versions import EditForm


def _role_choices() -> list[tuple[str, SafeString]]:
    """Return the roles with their descriptions, least privileged first."""
    return [(role, format_html('{}<span class="choice-note">{}</span>', role.label, role.description)) for role in reversed(Role)]


class RoleForm(EditForm, forms.Form):
    """Form for changing a member's role."""

    role = forms.TypedChoiceField(label=_("Role"), choices=_role_choices, coerce=Role, widget=forms.RadioSelect)

    def __init__(self, data: QueryDict | None, *, member: Membership) -> None:
        super().__init__(data, initial={"role": member.role})
        self.helper = form_helper("role", submit=_("Change role"), cancel=reverse("agencies:team"))


class InviteForm(forms.Form):
    """Form for inviting a person to the team."""

    email = AddressFormField(label=_("E-mail"), widget=forms.EmailInput(attrs={"autocomplete": "off"}))
    role = forms.TypedChoiceField(label=_("Role"), choices=_role_choices, coerce=Role, widget=forms.RadioSelect, initial=Role.STAFF)

    def __init__(self, data: QueryDict | None) -> None:
        super().__init__(data)
        self.helper = form_helper("email", "role", submit=_("Send invitation"), cancel=reverse("agencies:team"))


class ReassignForm(forms.Form):
    """Confirmation that a member leaves the team, and a colleague for their open work."""

    to = forms.TypedChoiceField(label=_("Reassign to"), coerce=int, empty_value=None, required=False)

    def __init__(self, data: QueryDict | None, *, member: Membership, team: list[User], has_work: bool, submit: str) -> None:
        super().__init__(data)
        self.colleagues = {user.pk: user for user in team if user != member.user}
        self.fields["to"].choices = [("", _("No one (leave unassigned)")), *self.colleagues.items()]  # type: ignore[attr-defined]
        self.helper = form_helper(*(["to"] if has_work else []), submit=submit, style="danger", cancel=reverse("agencies:team"))

    @property
    def colleague(self) -> User | None:
        """The selected colleague; None leaves the work unassigned."""
        return self.colleagues.get(self.cleaned_data["to"])


class TransferOwnershipForm(forms.Form):
    """Form for selecting the new owner of an agency."""

    to = forms.TypedChoiceField(label=_("New owner"), coerce=int, choices=())

    def __init__(self, data: QueryDict | None, *, members: list[Membership], by: User) -> None:
        super().__init__(data)
        self.members = {member.pk: member for member in members if member.user != by}
        choices = [(pk, f"{member.user} ({member.get_role_display()})") for pk, member in self.members.items()]
        self.fields["to"].choices = [("", _("Select…")), *choices]  # type: ignore[attr-defined]
        self.helper = form_helper("to", submit=_("Transfer ownership"), cancel=reverse("agencies:team"))

    @property
    def member(self) -> Membership:
        """The selected member."""
        return self.members[self.cleaned_data["to"]]


class SecondFactorForm(forms.Form):
    """Form for requiring two-factor authentication or making it optional.

    It contains the new value, so that an outdated page doesn't undo a colleague's change.
    """

    required = forms.BooleanField(required=False, widget=forms.HiddenInput)

    def __init__(self, data: QueryDict | None, *, is_required: bool) -> None:
        super().__init__(data, initial={"required": not is_required})
        submit = _("Make optional") if is_required else _("Require for everyone")
        self.helper = form_helper("required", submit=submit, cancel=reverse("agencies:team"))


class JoinForm(TextForm, forms.Form):
    """Form for the name and password of a new user."""

    full_name = forms.CharField(
        label=_("Your name"),
        max_length=150,
        validators=User._meta.get_field("full_name").validators[:1],
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    password = forms.CharField(
        label=_("Choose a password"),
        max_length=200,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("At least 8 characters. A passphrase works well."),
    )

    def __init__(self, data: QueryDict | None, *, email: str) -> None:
        super().__init__(data)
        self.email = email
        # Password managers store the password under this name.
        username = format_html('<input type="email" name="username" value="{}" autocomplete="username" hidden>', email)
        self.helper = form_helper(HTML(username), "full_name", "password", submit=_("Join team"))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("password"):
            user = User(email=self.email, full_name=cleaned.get("full_name", ""))
            try:
                password_validation.validate_password(cleaned["password"], user)
            except forms.ValidationError as error:
                self.add_error("password", error)
        return cleaned
