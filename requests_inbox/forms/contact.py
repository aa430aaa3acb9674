"""The public contact form."""

from crispy_forms.layout import Column, Row
from django import forms
from django.http import QueryDict
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from partnerportal.core.forms import StrictForm, WordedForm, form_helper
from partnerportal.core.stamped_forms import StampedForm
from partnerportal.network.models import PartnerProfile
from requests_inbox.models import ContactRequest


class ContactForm(WordedForm, StampedForm, StrictForm):
    """Form for contacting an agency."""

    class Meta:
        model = ContactRequest
        fields = ("name", "company", "email", "phone", "message")
        widgets = {
            "name": forms.TextInput(attrs={"autocomplete": "name"}),
            "company": forms.TextInput(attrs={"autocomplete": "organization"}),
            "email": forms.EmailInput(attrs={"autocomplete": "email", "inputmode": "email"}),
            "phone": forms.TextInput(attrs={"type": "tel", "autocomplete": "tel"}),
            "message": forms.Textarea(attrs={"rows": 7}),
        }
        help_texts = {"message": _("What do you need, and by when? A few sentences are enough.")}

    required_messages = {
        "name": _("Enter your name."),
        "email": _("Enter your e-mail address."),
        "message": _("Enter a message."),
    }

    consent = forms.BooleanField(error_messages={"required": _("The agency needs your consent to read your message.")})

    def __init__(self, data: QueryDict | None = None, *, profile: PartnerProfile, cancel: str) -> None:
        super().__init__(data)
        for name in ("name", "email", "message"):
            self.fields[name].required = True
        self.fields["consent"].label = self._consent_label(profile)
        self.helper = form_helper(
            Row(Column("name", css_class="col-sm-6"), Column("company", css_class="col-sm-6")),
            Row(Column("email", css_class="col-sm-6"), Column("phone", css_class="col-sm-6")),
            "message",
            "consent",
            *self.traps(),
            submit=_("Send"),
            cancel=cancel,
        )

    @staticmethod
    def _consent_label(profile: PartnerProfile) -> str:
        text = _("%(agency)s may use this information to reply to me.") % {"agency": profile.agency.name}
        if not profile.privacy_url:
            return str(text)
        link = _("Privacy policy")
        new_tab = _("(opens a new tab)")
        return format_html(
            '{} <a href="{}" target="_blank" rel="noopener noreferrer nofollow">{}<span class="visually-hidden"> {}</span></a>',
            text, profile.privacy_url, link, new_tab,
        )  # fmt: skip
