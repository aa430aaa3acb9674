"""Forms for giving, changing, rejecting and ending access."""

from collections.abc import Iterable
from typing import Any

from crispy_forms.layout import Column, Div, Fieldset, Row
from django import forms
from django.utils.functional import lazy
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from customers.domain_names import to_ascii
from customers.models import Project
from invitations.forms.terms import EndFieldForm, end_label
from invitations.models import MESSAGE_LENGTH, AccessInvitation, Term
from invitations.models.areas import Area, Scope, area_labels
from invitations.models.terms import MONTHS
from partnerportal.core import countries
from partnerportal.core.forms import TextForm, WordedForm, form_helper, submit_button
from partnerportal.core.validators import validate_plain_text

#: Maximum number of domains in an invitation.
MAX_DOMAINS = 50
#: Maximum number of invalid lines that are reported.
MAX_ERROR_LINES = 5


class AccessFieldsForm(TextForm, forms.Form):
    """Base form for full or partial access and the areas of the latter."""

    scope = forms.ChoiceField(
        label=_("Access"),
        choices=Scope,
        widget=forms.RadioSelect,
        initial=Scope.FULL,
        help_text=format_lazy(_("Full access covers everything: {areas}."), areas=lazy(area_labels, str)(Area.values)),
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


def access_layout() -> Div:
    """Return the layout of the access fields. CSS hides the areas while full access is selected."""
    return Div("scope", "areas", css_class="access-fields")


def message_field(label: Any, help_text: Any) -> forms.CharField:
    """Return the field for an optional message to the other party."""
    return forms.CharField(
        label=label,
        required=False,
        max_length=MESSAGE_LENGTH,
        validators=[validate_plain_text],
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=help_text,
    )


class GiveAccessForm(WordedForm, AccessFieldsForm, forms.ModelForm):
    """Form with which a client offers an agency access."""

    class Meta:
        model = AccessInvitation
        fields = ("scope", "areas", "term", "domains", "name", "company", "phone", "street", "zip", "city", "country", "message")
        widgets = {
            "name": forms.TextInput(attrs={"autocomplete": "name"}),
            "company": forms.TextInput(attrs={"autocomplete": "organization"}),
            "phone": forms.TextInput(attrs={"type": "tel", "autocomplete": "tel"}),
            "street": forms.TextInput(attrs={"autocomplete": "address-line1"}),
            "zip": forms.TextInput(attrs={"autocomplete": "postal-code"}),
            "city": forms.TextInput(attrs={"autocomplete": "address-level2"}),
            "country": countries.Select,
            "message": forms.Textarea(attrs={"rows": 4}),
        }

    required_messages = {"name": _("Enter your name.")}

    term = forms.ChoiceField(
        label=_("End of the access"),
        choices=[(term, term.label) for term in (Term.OPEN, *MONTHS)],
        widget=forms.RadioSelect,
        required=False,
        initial=Term.OPEN,
        help_text=_("The time starts when the agency connects your access. You can change the end at any time."),
    )
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
            Fieldset(_("What to share"), access_layout(), "term", "domains"),
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

    def clean_term(self) -> str:
        """Return the chosen end; none if the field was omitted."""
        return self.cleaned_data["term"] or Term.OPEN

    def clean_domains(self) -> list[str]:
        """Return the domains as A-labels without duplicates, or report the lines that aren't domain names."""
        names: list[str] = []
        errors: list[forms.ValidationError] = []
        for number, line in enumerate(self.cleaned_data["domains"].splitlines(), start=1):
            if not line.strip():
                continue
            try:
                names.append(to_ascii(line))
            except forms.ValidationError:
                text = _("Line %(number)s, “%(line)s”: enter a valid domain name, such as example.com.")
                errors.append(forms.ValidationError(text, "domain", {"number": number, "line": line.strip()[:80]}))
        if errors:
            raise forms.ValidationError(errors[:MAX_ERROR_LINES])
        names = list(dict.fromkeys(names))
        if len(names) > MAX_DOMAINS:
            raise forms.ValidationError(_("Enter no more than %(most)s domains."), "too_many", {"most": MAX_DOMAINS})
        return names


class ChangeAccessForm(EndFieldForm, AccessFieldsForm):
    """Form with which a client changes the scope and the end of an access. `projects` are those with which it can end."""

    def __init__(self, *args: Any, invitation: AccessInvitation, projects: Iterable[Project], cancel: str, **kwargs: Any) -> None:
        super().__init__(*args, **{"initial": {"scope": invitation.scope, "areas": invitation.areas}, **kwargs})
        self.offer_ends(since=invitation.today, projects=projects, unchanged=end_label(invitation))
        self.helper = form_helper(access_layout(), "end", submit=_("Save"), cancel=cancel)


class RejectForm(TextForm, forms.Form):
    """Form with which staff reject an invitation. Scripts update the e-mail preview on input."""

    message = message_field(_("Personal message"), _("Optional. It is quoted in the e-mail."))

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
        preview = submit_button(_("Update preview"), style="secondary needs-no-js", name="preview")
        self.helper = form_helper("message", submit=_("Reject invitation"), style="danger", buttons=[preview], cancel=cancel)


class DisconnectForm(TextForm, forms.Form):
    """Form with which staff end an access."""

    reason = message_field(_("Reason"), _("Optional. It is quoted in the e-mail to the client."))

    def __init__(self, *args: Any, cancel: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.helper = form_helper("reason", submit=_("End access"), style="danger", cancel=cancel)
