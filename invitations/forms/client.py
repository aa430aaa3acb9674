"""Forms with which clients give and change access."""

from typing import Any

from crispy_forms.layout import Column, Div, Fieldset, Row
from django import forms
from django.utils.translation import gettext_lazy as _

from customers.domain_names import to_ascii
from invitations.models import AccessInvitation
from invitations.models.areas import Area, Scope
from partnerportal.core.forms import WordedForm, form_helper

#: So many domains can be handed over at once.
MAX_DOMAINS = 50
#: So many wrong lines are named at once.
MAX_ERROR_LINES = 5


class AccessFieldsForm(forms.Form):
    """Full or partial access, and the areas of the partial one."""

    scope = forms.ChoiceField(
        label=_("Access"),
        choices=Scope,
        widget=forms.RadioSelect,
        initial=Scope.FULL,
        help_text=_("Full access covers everything: domains, e-mail, website and hosting, contracts and invoices, and support."),
    )
    areas = forms.MultipleChoiceField(
        label=_("Areas"),
        choices=Area,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("For partial access, select at least one."),
    )

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if cleaned.get("scope") == Scope.FULL:
            cleaned["areas"] = []
        elif cleaned.get("scope") == Scope.PARTIAL and not cleaned.get("areas") and "areas" not in self.errors:
            self.add_error("areas", _("Select at least one area, or choose full access."))
        return cleaned


def _access_layout() -> Div:
    """The style sheet folds the areas away while full access is chosen."""
    return Div("scope", "areas", css_class="access-fields")


class GiveAccessForm(WordedForm, AccessFieldsForm, forms.ModelForm):
    """A client invites an agency."""

    class Meta:
        model = AccessInvitation
        fields = ("scope", "areas", "domains", "name", "company", "phone", "street", "zip", "city", "country", "message")
        widgets = {
            "name": forms.TextInput(attrs={"autocomplete": "name"}),
            "company": forms.TextInput(attrs={"autocomplete": "organization"}),
            "phone": forms.TextInput(attrs={"type": "tel", "autocomplete": "tel"}),
            "street": forms.TextInput(attrs={"autocomplete": "address-line1"}),
            "zip": forms.TextInput(attrs={"autocomplete": "postal-code"}),
            "city": forms.TextInput(attrs={"autocomplete": "address-level2"}),
            "message": forms.Textarea(attrs={"rows": 4}),
        }

    required_messages = {"name": _("Enter your name.")}

    domains = forms.CharField(
        label=_("Domains"),
        required=False,
        max_length=15_000,
        widget=forms.Textarea(attrs={"rows": 3, "autocapitalize": "off", "spellcheck": "false", "placeholder": "example.com"}),
        help_text=_("Optional. List the domains the agency should manage, one per line."),
    )

    def __init__(self, *args: Any, cancel: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].required = True
        self.helper = form_helper(
            Fieldset(_("What to share"), _access_layout(), "domains"),
            Fieldset(
                _("About you"),
                Row(Column("name"), Column("company")),
                "phone",
                "street",
                Row(Column("zip", css_class="col-sm-3"), Column("city"), Column("country")),
                "message",
            ),
            submit=_("Send invitation"),
            cancel=cancel,
        )

    def clean_domains(self) -> list[str]:
        """The A-labels, each once; what isn't a domain name is named with its line."""
        names: list[str] = []
        wrong: list[forms.ValidationError] = []
        for number, line in enumerate(self.cleaned_data["domains"].splitlines(), start=1):
            if not line.strip():
                continue
            try:
                names.append(to_ascii(line))
            except forms.ValidationError:
                text = _("Line %(number)s, “%(line)s”: enter a valid domain name, such as example.com.")
                wrong.append(forms.ValidationError(text, "domain", {"number": number, "line": line.strip()[:80]}))
        if wrong:
            raise forms.ValidationError(wrong[:MAX_ERROR_LINES])
        names = list(dict.fromkeys(names))
        if len(names) > MAX_DOMAINS:
            raise forms.ValidationError(_("Enter no more than %(most)s domains."), "too_many", {"most": MAX_DOMAINS})
        return names


class ChangeAccessForm(AccessFieldsForm):
    """A client opens more or less than before."""

    def __init__(self, *args: Any, invitation: AccessInvitation, cancel: str, **kwargs: Any) -> None:
        super().__init__(*args, **{"initial": {"scope": invitation.scope, "areas": invitation.areas}, **kwargs})
        self.helper = form_helper(_access_layout(), submit=_("Save"), cancel=cancel)
