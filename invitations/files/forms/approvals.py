"""Forms that request approval of a text and decide about it."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from invitations.files.models.approvals import COMMENT_LENGTH, Approval, Outcome
from invitations.models.areas import Area
from partnerportal.core.forms import StrictForm, WordedForm, form_helper
from partnerportal.core.validators import validate_plain_text


class TextApprovalForm(WordedForm, StrictForm):
    """A text that the client is asked to approve."""

    class Meta:
        model = Approval
        fields = ("title", "text", "area")

    def __init__(self, *args: Any, cancel: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["text"].required = self.fields["area"].required = True
        self.fields["text"].widget.attrs["rows"] = 12
        self.fields["area"].choices = Area.choices  # type: ignore[attr-defined]
        self.fields["area"].help_text = _("Clients whose access includes the area can decide. They are notified by e-mail.")
        self.helper = form_helper("title", "text", "area", submit=_("Request approval"), cancel=cancel)

    def clean_text(self) -> str:
        """Return the text with line breaks of one character."""
        # Browsers send line breaks of two characters. The stored text is the one that the hash is computed of.
        return str(self.cleaned_data["text"]).replace("\r\n", "\n")


class DecisionForm(WordedForm, forms.Form):
    """A client's decision about what the page shows."""

    outcome = forms.ChoiceField(
        label=gettext_lazy("Your decision"),
        choices=[(Outcome.APPROVED, gettext_lazy("Approve")), (Outcome.CHANGES_REQUESTED, gettext_lazy("Request changes"))],
        widget=forms.RadioSelect,
    )
    comment = forms.CharField(
        label=gettext_lazy("Comment"),
        max_length=COMMENT_LENGTH,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        validators=[validate_plain_text],
        help_text=gettext_lazy("Required if you request changes."),
    )
    #: Hash of the text or version that the page shows.
    sha256 = forms.CharField(max_length=64, widget=forms.HiddenInput)

    required_messages = {"outcome": gettext_lazy("Choose your decision.")}

    def __init__(self, *args: Any, approval: Approval) -> None:
        super().__init__(*args, initial={"sha256": approval.sha256})
        self.helper = form_helper("outcome", "comment", submit=_("Send decision"))

    def clean(self) -> dict[str, Any]:
        """Require a comment if changes are requested."""
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("outcome") == Outcome.CHANGES_REQUESTED and not cleaned.get("comment") and "comment" not in self.errors:
            self.add_error("comment", ValidationError(_("Say what should be changed."), "required"))
        return cleaned
