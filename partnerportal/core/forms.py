"""What all our forms share."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from crispy_forms.helper import FormHelper
from crispy_forms.layout import HTML, Div, Layout, Submit
from django import forms
from django.db.models.fields import BLANK_CHOICE_DASH
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

#: What Django calls an empty choice.
_DASHES = BLANK_CHOICE_DASH[0][1]


class WordedForm(forms.BaseForm):
    """Mixed into our forms: says what an empty choice means, and what to enter where nothing was entered."""

    #: Names of empty choices, by field.
    empty_labels: ClassVar[Mapping[str, Any]] = {}
    #: What a required field says when it is empty, by field.
    required_messages: ClassVar[Mapping[str, Any]] = {}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            _name_empty_choice(field, self.empty_labels.get(name, gettext_lazy("Not specified")))
        self.word_required()

    def word_required(self) -> None:
        """Put `required_messages` into the fields."""
        for name, message in self.required_messages.items():
            if name in self.fields:
                self.fields[name].error_messages["required"] = message


def _name_empty_choice(field: Any, label: Any) -> None:
    if isinstance(field, forms.ModelChoiceField):
        if field.empty_label == _DASHES:
            field.empty_label = label
    elif isinstance(field, forms.ChoiceField):
        offered: Any = field.choices
        choices = list(offered)
        if choices and choices[0] == ("", _DASHES):
            field.choices = [("", label), *choices[1:]]


def form_helper(
    *fields: Any,
    submit: str | Promise,
    style: str = "primary",
    name: str = "",
    cancel: str = "",
    buttons: Sequence[Any] = (),
    method: str = "post",
    **attributes: str,
) -> FormHelper:
    """Return a crispy layout: the fields, then one row of buttons.

    The row contains the `submit` button in a Bootstrap button `style`, with a `name` if it has to be told from others, further `buttons`,
    and a link to the address `cancel` if given.
    The browser's validation is off: our messages are in the user's language, next to their field, and summarised above the form.
    """
    helper = FormHelper()
    helper.form_method = method
    # Hidden fields that the layout doesn't name.
    helper.render_hidden_fields = True
    helper.attrs = {"novalidate": "", **attributes}
    helper.layout = Layout(*fields, form_buttons(submit_button(submit, style=style, name=name), *buttons, cancel=cancel))
    return helper


def submit_button(label: str | Promise, *, style: str = "primary", name: str = "") -> Submit:
    """Return a submit button in a Bootstrap button style, such as "danger" or "outline-primary"."""
    button = Submit(name, label, css_id=None)
    button.field_classes = f"btn btn-{style}"
    return button


def form_buttons(*buttons: Any, cancel: str = "") -> Div:
    """Return the row of buttons at the end of a form."""
    way_back = [HTML(format_html('<a class="btn btn-link" href="{}">{}</a>', cancel, _("Cancel")))] if cancel else []
    return Div(*buttons, *way_back, css_class="form-actions")
