"""What is asked about a team and its members."""

from typing import Any

from crispy_forms.layout import HTML
from django import forms
from django.contrib.auth import password_validation
from django.http import QueryDict
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from partnerportal.accounts.models import User
from partnerportal.agencies.models import Membership, Notification, Role
from partnerportal.core.fields import AddressFormField
from partnerportal.core.forms import form_helper
from partnerportal.core.versions import EditForm

#: What each role may do, as DESIGN says it, the least first.
ROLE_DESCRIPTIONS: dict[Role, Promise] = {
    Role.STAFF: _("Day-to-day work: customers, requests, invitations, tasks and requesting reviews."),
    Role.MANAGER: _("Everything staff can do, plus the profile, replying to reviews, and import and export."),
    Role.OWNER: _("Everything, including the team and erasing customers."),
}


def _role_choices() -> list[tuple[str, SafeString]]:
    return [(role, format_html('{}<span class="choice-note">{}</span>', role.label, text)) for role, text in ROLE_DESCRIPTIONS.items()]


class RoleForm(EditForm, forms.Form):
    """Which role somebody has."""

    role = forms.TypedChoiceField(label=_("Role"), choices=_role_choices, coerce=Role, widget=forms.RadioSelect)

    def __init__(self, data: QueryDict | None, *, member: Membership) -> None:
        super().__init__(data, initial={"role": member.role})
        self.helper = form_helper("role", submit=_("Change role"), cancel=reverse("agencies:team"))


class InviteForm(forms.Form):
    """Whom to ask, and as what."""

    email = AddressFormField(label=_("E-mail"), widget=forms.EmailInput(attrs={"autocomplete": "off"}))
    role = forms.TypedChoiceField(label=_("Role"), choices=_role_choices, coerce=Role, widget=forms.RadioSelect, initial=Role.STAFF)

    def __init__(self, data: QueryDict | None) -> None:
        super().__init__(data)
        self.helper = form_helper("email", "role", submit=_("Send invitation"), cancel=reverse("agencies:team"))


class ReassignForm(forms.Form):
    """Who gets what somebody had in hand."""

    to = forms.TypedChoiceField(label=_("Reassign to"), coerce=int, empty_value=None, required=False)

    def __init__(self, data: QueryDict | None, *, going: User, team: list[User], holds: bool, submit: str) -> None:
        super().__init__(data)
        self.colleagues = {person.pk: person for person in team if person != going}
        self.fields["to"].choices = [("", _("No one (leave unassigned)")), *self.colleagues.items()]  # type: ignore[attr-defined]
        self.helper = form_helper(*(["to"] if holds else []), submit=submit, cancel=reverse("agencies:team"))
        self.helper.layout[-1].fields[0].field_classes = "btn btn-danger"

    @property
    def person(self) -> User | None:
        """The colleague who was chosen; None: nobody."""
        return self.colleagues.get(self.cleaned_data["to"])


class TransferOwnershipForm(forms.Form):
    """Who is to own the agency."""

    to = forms.TypedChoiceField(label=_("New owner"), coerce=int, choices=())

    def __init__(self, data: QueryDict | None, *, members: list[Membership], by: User) -> None:
        super().__init__(data)
        self.members = {member.pk: member for member in members if member.user != by}
        named = [(pk, f"{member.user} ({member.get_role_display()})") for pk, member in self.members.items()]
        self.fields["to"].choices = [("", _("Select…")), *named]  # type: ignore[attr-defined]
        self.helper = form_helper("to", submit=_("Transfer ownership"), cancel=reverse("agencies:team"))
        self.helper.layout[-1].fields[0].field_classes = "btn btn-danger"

    @property
    def member(self) -> Membership:
        """The one who was chosen."""
        return self.members[self.cleaned_data["to"]]


class SecondFactorForm(forms.Form):
    """The other way round than it is now: a page that was open for a while doesn't undo what somebody else did meanwhile."""

    required = forms.BooleanField(required=False, widget=forms.HiddenInput)

    def __init__(self, data: QueryDict | None, *, is_required: bool) -> None:
        super().__init__(data, initial={"required": not is_required})
        submit = _("Make optional") if is_required else _("Require for everyone")
        self.helper = form_helper("required", submit=submit, cancel=reverse("agencies:team"))


class NotificationsForm(EditForm, forms.Form):
    """Which mails one wants."""

    notices = forms.TypedMultipleChoiceField(
        label=_("Notify me by e-mail about"), choices=Notification, coerce=Notification, required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, data: QueryDict | None, *, member: Membership) -> None:
        super().__init__(data, initial={"notices": [choice for choice in Notification if member.is_notified_about(choice)]})
        self.helper = form_helper("notices", submit=_("Save"))


class JoinForm(forms.Form):
    """Name and password of somebody who has no account yet."""

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
        # For password managers, which otherwise don't know whose password it is.
        whose = format_html('<input type="email" name="username" value="{}" autocomplete="username" hidden>', email)
        self.helper = form_helper(HTML(whose), "full_name", "password", submit=_("Join team"))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("password"):
            person = User(email=self.email, full_name=cleaned.get("full_name", ""))
            try:
                password_validation.validate_password(cleaned["password"], person)
            except forms.ValidationError as error:
                self.add_error("password", error)
        return cleaned
