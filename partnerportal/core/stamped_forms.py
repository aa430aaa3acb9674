"""Public forms that recognise bots: by a hidden text field, and by the time since the form was rendered."""

import hashlib
import secrets
import time
from typing import Any, ClassVar, cast

from crispy_forms.layout import Div
from django import forms
from django.core import signing
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

#: Seconds after rendering before which a form must be submitted again. Only bots are faster.
MIN_FORM_AGE = 3
#: Seconds after rendering after which a form must be submitted again.
MAX_FORM_AGE = 12 * 60 * 60
#: Named after the first form that used it. Forms that are open during an upgrade contain signatures with it.
_SALT = "requests_inbox.stamps"


def new_stamp() -> str:
    """Return a signed random number and the current time, for a form that is rendered now."""
    return signing.dumps([secrets.token_urlsafe(12), time.time()], salt=_SALT)


def submission_digest(number: str, fields: dict[str, Any]) -> str:
    """Return a digest of a form's number and input, which is the same for a double click."""
    return hashlib.sha256(repr((number, sorted(fields.items()))).encode(errors="backslashreplace")).hexdigest()


class StampedForm(forms.Form):
    """Form for visitors. A hidden text field and a signed timestamp (`stamp`) detect bots. The layout contains `traps()`."""

    #: Message for a form that was open for longer than `MAX_FORM_AGE`.
    stale_message: ClassVar[Any] = _("This page was open for a long time. Nothing is lost: select Send again.")
    #: Message for a form that was submitted within `MIN_FORM_AGE`.
    quick_message: ClassVar[Any] = _("That was very quick. Check your message and select Send again.")

    #: Hidden from people; bots fill in every field.
    homepage = forms.CharField(
        label=_("Leave this empty"),
        required=False,
        widget=forms.TextInput(attrs={"tabindex": "-1", "autocomplete": "off"}),
    )
    stamp = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["stamp"] = new_stamp()

    @staticmethod
    def traps() -> tuple[Any, ...]:
        """Return the parts of the layout that detect bots."""
        return (Div("homepage", css_class="visually-hidden", aria_hidden="true"), "stamp")

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        try:
            self._number, rendered_at = signing.loads(cleaned.get("stamp") or "", salt=_SALT, max_age=MAX_FORM_AGE)
        except signing.BadSignature:
            # Not `{**self.data}`, because unpacking a QueryDict yields lists.
            data = cast(QueryDict, self.data).copy()
            data["stamp"] = new_stamp()
            self.data = data
            raise ValidationError(self.stale_message, "stamp") from None
        if time.time() - rendered_at < MIN_FORM_AGE and not self.errors:
            raise ValidationError(self.quick_message, "fresh")
        return cleaned

    @property
    def is_suspicious(self) -> bool:
        """Whether the hidden text field was filled in."""
        return bool(self.cleaned_data["homepage"])

    @property
    def submitted_fields(self) -> dict[str, Any]:
        """The input by names of the model's fields."""
        return {name: self.cleaned_data[name] for name in cast(Any, self).Meta.fields}

    @property
    def submission(self) -> str:
        """The digest that makes repeated submissions of this form one object."""
        return submission_digest(self._number, self.submitted_fields)
