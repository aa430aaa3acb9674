"""Forms with which staff answer invitations and end access."""

from typing import Any

from crispy_forms.layout import Submit
from django import forms
from django.utils.translation import gettext_lazy as _

from invitations.models import MESSAGE_LENGTH
from partnerportal.core.forms import form_helper
from partnerportal.core.validators import validate_plain_text


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
