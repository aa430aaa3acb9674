"""Form for a saved reply."""

from typing import Any

from crispy_forms.layout import Column, Row
from django import forms
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from partnerportal.core.forms import form_helper, submit_button
from partnerportal.core.versions import EditForm
from requests_inbox.models import SavedReply


class SavedReplyForm(EditForm, forms.ModelForm):
    """Form for adding or editing a saved reply. Its button “Preview” shows the text without saving it."""

    required_messages = {"title": _("Enter a title."), "text": _("Enter a text.")}

    class Meta:
        model = SavedReply
        fields = ("title", "language", "text")
        help_texts = {
            "title": _("Only visible to your team."),
            "language": _("It’s suggested first for requests in this language."),
        }
        widgets = {"text": forms.Textarea(attrs={"rows": 10}), "title": forms.TextInput(attrs={"autocomplete": "off"})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.is_previewing:
            self.fields["title"].required = self.fields["text"].required = False
        key = self.instance.pk
        path = reverse("requests_inbox:saved_reply_edit", args=[key]) if key else reverse("requests_inbox:saved_reply_add")
        # Also previews while the user types.
        swap = {"hx_target": "#preview", "hx_select": "#preview", "hx_swap": "outerHTML", "hx_sync": "this:replace"}
        trigger = "click, input delay:400ms from:closest form"
        preview = submit_button(_("Preview"), style="secondary", name="preview", hx_post=path, hx_trigger=trigger, **swap)
        self.helper = form_helper(
            Row(Column("title"), Column("language", css_class="col-sm-4")),
            "text",
            submit=_("Save"),
            buttons=[preview],
            cancel=reverse("requests_inbox:saved_replies"),
        )

    @property
    def is_previewing(self) -> bool:
        """Whether the form was submitted with “Preview”."""
        return self.is_bound and "preview" in self.data

    @property
    def text_shown(self) -> str:
        """The text to preview; empty if it is invalid."""
        if not self.is_bound:
            return str(self.instance.text)
        return "" if "text" in self.errors else str(self.cleaned_data["text"])

    @property
    def language_shown(self) -> str:
        """The language of the preview."""
        chosen = self.cleaned_data.get("language") if self.is_bound and self.errors is not None else ""
        return str(chosen or self.instance.language)

    def clean_text(self) -> str:
        """Return the text with the line breaks that are stored."""
        return str(self.cleaned_data["text"]).replace("\r\n", "\n").replace("\r", "\n")
