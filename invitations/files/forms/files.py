"""Forms that upload a file or change what is stored about it."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from invitations.files.content import safe_name
from invitations.files.models.files import SharedFile
from invitations.models.areas import Area
from partnerportal.core import uploads
from partnerportal.core.forms import StrictForm, WordedForm, form_helper
from partnerportal.core.sizes import file_size


def max_size() -> int:
    """Return the maximum size of a file, in bytes."""
    return settings.FILE_MAX_MB * 1024 * 1024


class VersionForm(WordedForm, forms.Form):
    """A file that becomes a new version."""

    file = forms.FileField(label=gettext_lazy("File"))
    #: Last in the form, so it is missing if the connection broke off after the file. The fields in between would be lost.
    complete = forms.CharField(
        initial="1",
        widget=forms.HiddenInput,
        error_messages={"required": gettext_lazy("The upload was interrupted. Select the file again.")},
    )

    def __init__(self, *args: Any, cancel: str, request_size: int = 0, **kwargs: Any) -> None:
        """Adapt the error message if the request had more than `uploads.MAX_BYTES`, so that its file was discarded."""
        super().__init__(*args, **kwargs)
        self.fields["file"].help_text = _("Up to %(size)s.") % {"size": file_size(max_size())}
        self.is_too_large = request_size > uploads.MAX_BYTES
        if self.is_too_large:
            self.fields["file"].error_messages["required"] = _too_large(request_size)
        self.order_fields([name for name in self.fields if name != "complete"])
        self.helper = form_helper(*self.fields, submit=gettext_lazy("Upload file"), cancel=cancel)

    def clean_file(self) -> Any:
        """Return the file unless it is too large."""
        file = self.cleaned_data["file"]
        if file.size > max_size():
            self.is_too_large = True
            raise ValidationError(_too_large(file.size), "size")
        return file


class UploadForm(VersionForm):
    """A new file of a client."""

    title = forms.CharField(
        label=gettext_lazy("Title"),
        max_length=150,
        required=False,
        validators=SharedFile._meta.get_field("title").validators,
        help_text=gettext_lazy("The name of the file, if you leave this empty."),
    )
    area = forms.ChoiceField(label=gettext_lazy("Area"))

    def __init__(self, *args: Any, areas: Iterable[Area], **kwargs: Any) -> None:
        """Offer only these `areas`."""
        super().__init__(*args, **kwargs)
        self.fields["area"].choices = [(area, area.label) for area in areas]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Name the file after its file name if it has no title."""
        cleaned = super().clean() or self.cleaned_data
        cleaned.pop("complete", None)
        if cleaned.get("file") and not cleaned.get("title"):
            stem, _dot, _extension = safe_name(cleaned["file"].name).rpartition(".")
            cleaned["title"] = stem or safe_name(cleaned["file"].name)
        return cleaned


class StaffUploadForm(UploadForm):
    """A new file of the agency."""

    is_shared = forms.BooleanField(
        label=gettext_lazy("Share with the client"),
        required=False,
        initial=True,
        help_text=gettext_lazy("Clients whose access includes the area are notified by e-mail."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, areas=Area, **kwargs)


class FileForm(WordedForm, StrictForm):
    """Title, area and sharing of a file of the agency."""

    class Meta:
        model = SharedFile
        fields = ("title", "area", "is_shared")

    def __init__(self, *args: Any, cancel: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["area"].choices = Area.choices  # type: ignore[attr-defined]
        self.fields["is_shared"].help_text = _("Clients whose access includes the area are notified by e-mail.")
        self.helper = form_helper("title", "area", "is_shared", submit=_("Save"), cancel=cancel)


def _too_large(size: int) -> str:
    sizes = {"size": file_size(size, round_up=True), "limit": file_size(max_size())}
    return _("This file is %(size)s; the limit is %(limit)s.") % sizes
