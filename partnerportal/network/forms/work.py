"""Form for a work sample on the profile."""

from typing import Any

from crispy_forms.layout import HTML
from django import forms
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from partnerportal.core.forms import form_helper
from partnerportal.core.versions import EditForm
from partnerportal.network.models import WorkSample
from partnerportal.network.services.work import ProcessedPicture, process_work_picture


class WorkForm(EditForm, forms.ModelForm):
    """Form for adding or editing a work sample."""

    never_merged = ("picture",)
    required_messages = {
        "picture": _("Choose a picture."),
        "title": _("Enter a title."),
        "alt_text": _("Describe the picture."),
    }

    class Meta:
        model = WorkSample
        fields = ("title", "link", "alt_text")
        help_texts = {
            "title": _("The project in a few words."),
            "link": _("Where visitors can see it, if it is online."),
            "alt_text": _("What the picture shows, for people who can’t see it."),
        }

    picture = forms.FileField(
        label=_("Picture"),
        widget=forms.FileInput(attrs={"accept": "image/png,image/jpeg,image/webp"}),
        help_text=_("PNG, JPEG or WebP, at least 600 × 400 pixels, up to 5 MB. It’s cropped to 3:2."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        current = []
        if self.instance.pk:
            self.fields["picture"].required = False
            self.fields["picture"].label = _("New picture")
            current = [HTML('{% include "network/includes/_current_picture.html" %}')]
        self.helper = form_helper(
            *current, "picture", "title", "link", "alt_text", submit=_("Save"), cancel=f"{reverse('network:company')}#work"
        )

    def clean_picture(self) -> ProcessedPicture | None:
        file = self.cleaned_data["picture"]
        return process_work_picture(file) if file else None
