"""Form mixins and layout helpers."""

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any, ClassVar, cast

from crispy_forms.helper import FormHelper
from crispy_forms.layout import HTML, Div, Layout, Submit
from django import forms
from django.core.validators import EMPTY_VALUES
from django.db.models.fields import BLANK_CHOICE_DASH
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from partnerportal.core.validators import is_blank

#: Django's label of an empty choice.
_DASHES = BLANK_CHOICE_DASH[0][1]


class _EmptyTexts:
    """Django's empty values, and texts that look empty."""

    def __contains__(self, value: object) -> bool:
        return is_blank(value) if isinstance(value, str) else value in EMPTY_VALUES


class TextForm(forms.BaseForm):
    """Mixin for forms: a text of only invisible characters counts as missing, and is stored as an empty one."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            # Passwords aren't stripped.
            if isinstance(field, forms.CharField) and field.strip:
                field.empty_values = cast(Any, _EmptyTexts())


class WordedForm(TextForm):
    """Mixin for forms: labels of empty choices, and error messages of required fields."""

    #: Labels of empty choices by field name.
    empty_labels: ClassVar[Mapping[str, Any]] = {}
    #: Messages for missing values by field name.
    required_messages: ClassVar[Mapping[str, Any]] = {}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            _name_empty_choice(field, self.empty_labels.get(name, gettext_lazy("Not specified")))
        self.word_required()

    def word_required(self) -> None:
        """Apply `required_messages` to the fields."""
        for name, message in self.required_messages.items():
            if name in self.fields:
                self.fields[name].error_messages["required"] = message


class StrictForm(TextForm, forms.ModelForm):
    """Form whose fields permit no more than the database: Django runs no queries to check the model's constraints."""

    def _post_clean(self) -> None:
        self.instance.validate_constraints = _no_constraints
        super()._post_clean()  # type: ignore[misc]
        del self.instance.validate_constraints


def _no_constraints(exclude: Any = None) -> None:
    """Stands for `Model.validate_constraints`."""


def _name_empty_choice(field: Any, label: Any) -> None:
    if isinstance(field, forms.ModelChoiceField):
        if field.empty_label == _DASHES:
            field.empty_label = label
    elif isinstance(field, forms.ChoiceField):
        choices: Any = field.choices
        if next(iter(choices), None) == ("", _DASHES):
            # A function, because Django checks lists of choices at once, such as all countries.
            field.choices = lambda: [("", label), *islice(choices, 1, None)]


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

    The row contains the `submit` button in a Bootstrap button `style`, further `buttons`, and a link
    to the path `cancel` if given. Browser validation is disabled: the server's messages are in the
    user's language and linked from a summary.
    """
    helper = FormHelper()
    helper.form_method = method
    # Renders hidden fields that the layout doesn't contain.
    helper.render_hidden_fields = True
    helper.attrs = {"novalidate": "", **attributes}
    helper.layout = Layout(*fields, form_buttons(submit_button(submit, style=style, name=name), *buttons, cancel=cancel))
    return helper


def submit_button(label: str | Promise, *, style: str = "primary", name: str = "", **attributes: str) -> Submit:
    """Return a submit button in a Bootstrap button style, such as "danger" or "outline-primary".

    Underscores in the names of `attributes` become hyphens.
    """
    button = Submit(name, label, css_id=None, **attributes)
    button.field_classes = f"btn btn-{style}"
    return button


def form_buttons(*buttons: Any, cancel: str = "") -> Div:
    """Return the row of buttons at the end of a form."""
    cancel_link = [HTML(format_html('<a class="btn btn-link" href="{}">{}</a>', cancel, _("Cancel")))] if cancel else []
    return Div(*buttons, *cancel_link, css_class="form-actions")
