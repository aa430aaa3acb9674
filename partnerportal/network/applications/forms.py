"""Forms for applying, and for rejecting an application."""

from crispy_forms.layout import Column, Row
from django import forms
from django.contrib.admin.widgets import AdminTextareaWidget
from django.http import QueryDict
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from partnerportal.core.forms import StrictForm, TextForm, WordedForm, form_helper
from partnerportal.core.stamped_forms import StampedForm
from partnerportal.core.validators import validate_plain_text
from partnerportal.network.applications.models import AgencyApplication


class ApplicationForm(WordedForm, StampedForm, StrictForm):
    """Form with which an agency applies. It answers the same whether or not the address or the agency is known."""

    stale_message = _("This page was open for a long time. Nothing is lost: send the application again.")
    quick_message = _("That was very quick. Check your input and send the application again.")

    class Meta:
        model = AgencyApplication
        fields = ("name", "website", "city", "contact_name", "email", "description")
        labels = {
            "name": _("Name of the agency"),
            "contact_name": _("Your name"),
            "email": _("Your e-mail address"),
            "description": _("About the agency"),
        }
        widgets = {
            "name": forms.TextInput(attrs={"autocomplete": "organization"}),
            "website": forms.URLInput(attrs={"autocomplete": "url"}),
            "city": forms.TextInput(attrs={"autocomplete": "address-level2"}),
            "contact_name": forms.TextInput(attrs={"autocomplete": "name"}),
            "email": forms.EmailInput(attrs={"autocomplete": "email", "inputmode": "email"}),
            "description": forms.Textarea(attrs={"rows": 6}),
        }
        help_texts = {
            "email": _("We’ll send you a link to confirm it. You’ll sign in with this address later."),
            "description": _("What do you do, and for whom? A few sentences are enough."),
        }

    required_messages = {
        "name": _("Enter the agency’s name."),
        "website": _("Enter the agency’s website."),
        "city": _("Enter a city."),
        "contact_name": _("Enter your name."),
        "email": _("Enter your e-mail address."),
        "description": _("Enter a few sentences about the agency."),
    }

    terms = forms.BooleanField(error_messages={"required": _("Agree to the terms of use.")})

    def __init__(self, data: QueryDict | None = None, *, terms_url: str, cancel: str) -> None:
        super().__init__(data)
        if terms_url:
            self.fields["terms"].label = self._terms_label(terms_url)
        else:
            del self.fields["terms"]
        self.helper = form_helper(
            "name",
            Row(Column("website", css_class="col-sm-6"), Column("city", css_class="col-sm-6")),
            "description",
            Row(Column("contact_name", css_class="col-sm-6"), Column("email", css_class="col-sm-6")),
            *(["terms"] if terms_url else []),
            *self.traps(),
            submit=_("Send application"),
            cancel=cancel,
        )

    @staticmethod
    def _terms_label(address: str) -> str:
        return format_html(
            '{} <a href="{}" target="_blank">{}<span class="visually-hidden"> {}</span></a>',
            _("I agree to these terms:"), address, _("Terms of use"), _("(opens a new tab)"),
        )  # fmt: skip

    @property
    def agrees_to_terms(self) -> bool:
        """Whether there are terms, and the applicant has agreed to them."""
        return bool(self.cleaned_data.get("terms"))


class RejectionForm(TextForm, forms.Form):
    """The reason for rejecting an application, which the applicant receives unchanged."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=2000,
        widget=AdminTextareaWidget(attrs={"rows": 6}),
        validators=[validate_plain_text],
        help_text=_("Sent to the applicant by e-mail."),
        error_messages={"required": _("Enter a reason.")},
    )
