"""The public contact form."""

import secrets
import time
from typing import Any, cast

from crispy_forms.layout import Column, Div, Row
from django import forms
from django.core import signing
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from partnerportal.core.forms import StrictForm, WordedForm, form_helper
from partnerportal.network.models import PartnerProfile
from requests_inbox.models import ContactRequest
from requests_inbox.services.contact import submission_digest

#: Seconds after rendering before which a form must be submitted again. Only bots are faster.
MIN_FORM_AGE = 3
#: Seconds after rendering after which a form must be submitted again.
MAX_FORM_AGE = 12 * 60 * 60
_SALT = "requests_inbox.stamps"


def new_stamp() -> str:
    """Return a signed random number and the current time, for a form that is rendered now."""
    return signing.dumps([secrets.token_urlsafe(12), time.time()], salt=_SALT)


class ContactForm(WordedForm, StrictForm):
    """Form for contacting an agency. A hidden text field and a signed timestamp (`stamp`) detect bots."""

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
    #: Hidden from people; bots fill in every field.
    homepage = forms.CharField(
        label=_("Leave this empty"),
        required=False,
        widget=forms.TextInput(attrs={"tabindex": "-1", "autocomplete": "off"}),
    )
    stamp = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, data: QueryDict | None = None, *, profile: PartnerProfile, cancel: str) -> None:
        super().__init__(data)
        for name in ("name", "email", "message"):
            self.fields[name].required = True
        self.fields["consent"].label = self._consent_label(profile)
        self.initial["stamp"] = new_stamp()
        self.helper = form_helper(
            Row(Column("name", css_class="col-sm-6"), Column("company", css_class="col-sm-6")),
            Row(Column("email", css_class="col-sm-6"), Column("phone", css_class="col-sm-6")),
            "message",
            "consent",
            Div("homepage", css_class="visually-hidden", aria_hidden="true"),
            "stamp",
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

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        try:
            self._number, rendered_at = signing.loads(cleaned.get("stamp") or "", salt=_SALT, max_age=MAX_FORM_AGE)
        except signing.BadSignature:
            # Not `{**self.data}`, because unpacking a QueryDict yields lists.
            data = cast(QueryDict, self.data).copy()
            data["stamp"] = new_stamp()
            self.data = data
            raise ValidationError(_("This page was open for a long time. Nothing is lost: select Send again."), "stamp") from None
        if time.time() - rendered_at < MIN_FORM_AGE and not self.errors:
            raise ValidationError(_("That was very quick. Check your message and select Send again."), "fresh")
        return cleaned

    @property
    def is_suspicious(self) -> bool:
        """Whether the hidden text field was filled in."""
        return bool(self.cleaned_data["homepage"])

    @property
    def request_fields(self) -> dict[str, Any]:
        """The input by names of the request's fields."""
        return {name: self.cleaned_data[name] for name in self.Meta.fields}

    @property
    def submission(self) -> str:
        """The digest that makes repeated submissions of this form one request."""
        return submission_digest(self._number, self.request_fields)
