"""The form for a message, which both sides use."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from customers.forms.submissions import AddOnceForm
from customers.services.submissions import new_form_number
from invitations.messages.models import Message
from partnerportal.core.forms import StrictForm, WordedForm, form_helper


class MessageForm(AddOnceForm, WordedForm, StrictForm):
    """Form for a new message. Each form sends one message; the same words can be sent again with another form."""

    class Meta:
        model = Message
        fields = ("text",)
        widgets = {"text": forms.Textarea(attrs={"rows": 4, "dir": "auto"})}

    required_messages = {"text": _("Enter a message.")}

    def __init__(self, *args: Any, hint: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["form_number"].initial = _new_number
        text: Any = self.fields["text"]
        text.help_text = hint
        self.helper = form_helper("text", submit=_("Send message"))

    def offer_second(self) -> None:
        """Explain that this form has already sent another message, and let the next submission send this one."""
        self._renew()
        self.add_error(None, _("This form has already sent a message. To send this one as well, select “Send message” again."))


def _new_number() -> str:
    # Two different forms may send the same words, such as “Thank you”.
    return new_form_number(another=True)
