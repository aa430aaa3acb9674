"""What clients and staff type about an access."""

from typing import Any

from crispy_forms.layout import Column, Div, Fieldset, Row, Submit
from django import forms
from django.utils.translation import gettext_lazy as _

from customers.domain_names import to_ascii
from customers.models import Customer
from invitations.areas import Area, Scope
from invitations.models import MESSAGE_LENGTH, AccessInvitation, AccessRequest
from partnerportal.core.forms import WordedForm, form_helper
from partnerportal.core.validators import validate_plain_text

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


class GrantAccessForm(AccessFieldsForm):
    """A client grants what an agency asks for, or less."""

    def __init__(self, *args: Any, asked: AccessRequest, **kwargs: Any) -> None:
        super().__init__(*args, **{"initial": {"scope": asked.scope, "areas": asked.areas}, **kwargs})
        if asked.scope == Scope.PARTIAL:
            # No more than was asked for, and so nothing to choose between full and partial.
            self.fields["scope"].widget = forms.HiddenInput()
            self.fields["scope"].choices = [(Scope.PARTIAL, Scope.PARTIAL.label)]  # type: ignore[attr-defined]
            self.fields["areas"].choices = [(area, Area(area).label) for area in asked.areas]  # type: ignore[attr-defined]
        self.helper = form_helper(_access_layout(), submit=_("Grant access"))


def _message_field(label: Any, help_text: Any) -> forms.CharField:
    return forms.CharField(
        label=label,
        required=False,
        max_length=MESSAGE_LENGTH,
        validators=[validate_plain_text],
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=help_text,
    )


class RejectForm(forms.Form):
    """Staff reject an invitation; the preview of the mail follows what is typed where scripts run."""

    message = _message_field(_("Personal message"), _("Optional. It is quoted in the e-mail."))

    def __init__(self, *args: Any, path: str, cancel: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["message"].widget.attrs |= {
            "hx-post": path,
            "hx-trigger": "input changed delay:400ms",
            "hx-target": "#mail-preview",
            "hx-select": "#mail-preview",
            "hx-swap": "outerHTML",
            "hx-sync": "closest form:replace",
            "hx-vals": '{"preview": "1"}',
        }
        self.helper = form_helper("message", submit=_("Reject invitation"), cancel=cancel)
        self.helper.layout[-1].fields[0] = Submit("", _("Reject invitation"), css_class="btn-danger", css_id=None)
        preview = Submit("preview", _("Update preview"), css_class="btn-secondary needs-no-js", css_id=None)
        self.helper.layout[-1].fields.insert(1, preview)


class DisconnectForm(forms.Form):
    """Staff end an access."""

    reason = _message_field(_("Reason"), _("Optional. It is quoted in the e-mail to the client."))

    def __init__(self, *args: Any, cancel: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.helper = form_helper("reason", submit=_("End access"), cancel=cancel)
        self.helper.layout[-1].fields[0] = Submit("", _("End access"), css_class="btn-danger", css_id=None)


class RequestAccessForm(AccessFieldsForm):
    """Staff ask one of a customer's addresses for access."""

    email = forms.ChoiceField(label=_("E-mail"))
    message = _message_field(_("Message"), _("Optional. It is quoted in the e-mail."))

    def __init__(self, *args: Any, customer: Customer, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].choices = [(email, email) for email in requestable_addresses(customer)]  # type: ignore[attr-defined]
        self.order_fields(["email", "scope", "areas", "message"])
        self.helper = form_helper("email", _access_layout(), "message", submit=_("Send access request"), cancel=customer.get_absolute_url())


def requestable_addresses(customer: Customer) -> list[str]:
    """Whom an agency can ask for access to a customer's things: the customer, and whoever has given access before."""
    clients = customer.access_invitations.order_by("-pk").values_list("client__email", flat=True)
    return list(dict.fromkeys(email.lower() for email in [customer.email, *clients] if email))
